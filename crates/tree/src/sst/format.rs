//! Numbers of the container: varints, block handles, checksums, the footer.

/// Blocks are closed at about this many bytes before compression.
pub(crate) const BLOCK_BYTES: usize = 4096;
/// Below this many bytes a block always takes one more entry (90 % of [`BLOCK_BYTES`]).
pub(crate) const BLOCK_THRESHOLD: usize = 3687;
/// Entries of a data block between two keys stored whole.
pub(crate) const RESTART_INTERVAL: u32 = 16;
/// After each block: one byte of compression, four of checksum.
pub(crate) const BLOCK_TRAILER_BYTES: usize = 5;
/// Length of the footer.
pub(crate) const FOOTER_BYTES: usize = 53;
/// After each key of data and index blocks: sequence number and kind.
pub(crate) const KEY_TRAILER_BYTES: usize = 8;
/// Trailer of a record: sequence number 0, kind "set".
pub(crate) const RECORD_TRAILER: [u8; 8] = [1, 0, 0, 0, 0, 0, 0, 0];
/// Trailer of a shortened key in an index: the largest sequence number, kind "separator".
pub(crate) const SEPARATOR_TRAILER: [u8; 8] = [0x11, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
/// Trailer of the one index key of a table without records: kind "invalid".
pub(crate) const EMPTY_TRAILER: [u8; 8] = [0xff, 0, 0, 0, 0, 0, 0, 0];

/// Compression byte of a block stored as it is.
pub(crate) const RAW: u8 = 0;
/// Compression byte of a block compressed with snappy.
pub(crate) const SNAPPY: u8 = 1;

const MAGIC: [u8; 8] = [0xf7, 0xcf, 0xf4, 0x85, 0xb7, 0x41, 0xe2, 0x88];
const VERSION: u32 = 2;
const CHECKSUM_CRC32C: u8 = 1;

/// Where a block is, its trailer not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockHandle {
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl BlockHandle {
    pub(crate) fn encode(self, out: &mut Vec<u8>) {
        put_uvarint(out, self.offset);
        put_uvarint(out, self.length);
    }

    pub(crate) fn decode(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self {
            offset: take_uvarint(bytes)?,
            length: take_uvarint(bytes)?,
        })
    }

    /// First byte after the block and its trailer.
    pub(crate) fn end(self) -> Option<u64> {
        self.offset
            .checked_add(self.length)?
            .checked_add(BLOCK_TRAILER_BYTES as u64)
    }
}

/// Appends an unsigned varint.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the low seven bits are wanted"
)]
pub(crate) fn put_uvarint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes [`put_uvarint`] appends.
#[inline]
pub(crate) fn uvarint_len(value: usize) -> usize {
    let bits = usize::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// Takes an unsigned varint off the front.
#[inline]
pub(crate) fn take_uvarint(bytes: &mut &[u8]) -> Option<u64> {
    // One and two bytes are what lengths of records take.
    match *bytes {
        [first, rest @ ..] if *first < 0x80 => {
            *bytes = rest;
            Some(u64::from(*first))
        }
        [first, second, rest @ ..] if *second < 0x80 => {
            *bytes = rest;
            Some(u64::from(*first & 0x7f) | u64::from(*second) << 7)
        }
        _ => take_long_uvarint(bytes),
    }
}

fn take_long_uvarint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    let mut shift = 0u32;
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if shift == 63 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
        shift += 7;
        if shift > 63 {
            return None;
        }
    }
}

/// The checksum of a stored block: CRC32C over its bytes and its compression byte, rotated and offset
/// so that a checksum of data that holds checksums stays useful.
pub(crate) fn checksum(stored: &[u8], compression: u8) -> u32 {
    let crc = crc32c::crc32c_append(crc32c::crc32c(stored), &[compression]);
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// What the end of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) metaindex: BlockHandle,
    pub(crate) index: BlockHandle,
}

impl Footer {
    pub(crate) fn encode(self, out: &mut Vec<u8>) {
        let start = out.len();
        out.push(CHECKSUM_CRC32C);
        self.metaindex.encode(out);
        self.index.encode(out);
        out.resize(start + FOOTER_BYTES - 12, 0);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&MAGIC);
    }

    /// Reads the last [`FOOTER_BYTES`] of a file.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let (body, tail) = bytes
            .split_last_chunk::<12>()
            .filter(|(body, _)| body.len() == FOOTER_BYTES - 12)
            .ok_or("file too short for a footer")?;
        let (version, magic) = tail.split_first_chunk::<4>().ok_or("footer too short")?;
        if magic != MAGIC {
            return Err("no table magic at its end: truncated, or not a table");
        }
        if u32::from_le_bytes(*version) != VERSION {
            return Err("unknown table version");
        }
        let (&kind, mut handles) = body.split_first().ok_or("footer too short")?;
        if kind != CHECKSUM_CRC32C {
            return Err("unknown checksum kind");
        }
        let metaindex = BlockHandle::decode(&mut handles).ok_or("bad handle in footer")?;
        let index = BlockHandle::decode(&mut handles).ok_or("bad handle in footer")?;
        Ok(Self { metaindex, index })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_round_trip_and_overlong_ones_are_refused() {
        for value in [
            0,
            1,
            127,
            128,
            16_383,
            16_384,
            u64::from(u32::MAX),
            u64::MAX,
        ] {
            let mut out = Vec::new();
            put_uvarint(&mut out, value);
            if let Ok(value) = usize::try_from(value) {
                assert_eq!(out.len(), uvarint_len(value));
            }
            let mut rest = &out[..];
            assert_eq!(take_uvarint(&mut rest), Some(value));
            assert!(rest.is_empty());
            assert_eq!(take_uvarint(&mut &out[..out.len() - 1]), None);
        }
        assert_eq!(take_uvarint(&mut &[0xff; 11][..]), None);
        let mut over = [0xffu8; 10];
        over[9] = 2;
        assert_eq!(take_uvarint(&mut &over[..]), None);
    }

    #[test]
    fn a_footer_reads_back() {
        let footer = Footer {
            metaindex: BlockHandle {
                offset: 300,
                length: 30,
            },
            index: BlockHandle {
                offset: 1 << 40,
                length: 9,
            },
        };
        let mut out = Vec::new();
        footer.encode(&mut out);
        assert_eq!(out.len(), FOOTER_BYTES);
        assert_eq!(Footer::decode(&out), Ok(footer));
        assert!(Footer::decode(&out[1..]).is_err());
        out[0] = 0;
        assert!(Footer::decode(&out).is_err());
    }
}
