//! Reads one block: undoes compression, finds and walks its entries. Every length is checked.

use super::format::{BLOCK_TRAILER_BYTES, KEY_TRAILER_BYTES, RAW, SNAPPY, checksum, take_uvarint};

/// Why a block cannot be read. The table's name is added where it is known.
pub(crate) type BlockResult<T> = Result<T, &'static str>;

/// Entries passed, when a seek began in the middle of the block: above what any block holds.
const UNKNOWN: u32 = 1 << 31;

/// Most a snappy block can grow by: three bytes make at most 64, and a margin.
const MAX_EXPANSION: usize = 32;

/// Checks a stored block (with its trailer) against its checksum and answers its bytes and compression.
pub(crate) fn check_stored(stored: &[u8]) -> BlockResult<(&[u8], u8)> {
    let (body, trailer) = stored
        .split_last_chunk::<BLOCK_TRAILER_BYTES>()
        .ok_or("block is shorter than its trailer")?;
    let [compression, crc @ ..] = *trailer;
    if checksum(body, compression) != u32::from_le_bytes(crc) {
        return Err("block checksum does not match");
    }
    Ok((body, compression))
}

/// Decodes a stored block (with its trailer) into `out`, replacing what is there.
pub(crate) fn decode_stored(
    stored: &[u8],
    snappy: &mut snap::raw::Decoder,
    out: &mut Vec<u8>,
) -> BlockResult<()> {
    let (body, compression) = check_stored(stored)?;
    match compression {
        RAW => {
            out.clear();
            out.extend_from_slice(body);
        }
        SNAPPY => {
            let length = snap::raw::decompress_len(body).map_err(|_| "block is not snappy data")?;
            if length > body.len().saturating_mul(MAX_EXPANSION) {
                return Err("block claims an impossible length");
            }
            out.resize(length, 0);
            snappy
                .decompress(body, out)
                .map_err(|_| "block is not snappy data")?;
        }
        _ => return Err("unknown block compression"),
    }
    Ok(())
}

/// The restart points at the end of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Restarts<'a> {
    entries: &'a [u8],
    offsets: &'a [[u8; 4]],
}

impl<'a> Restarts<'a> {
    pub(crate) fn of(block: &'a [u8]) -> BlockResult<Self> {
        let (body, count) = block.split_last_chunk::<4>().ok_or("block is too short")?;
        let count = u32::from_le_bytes(*count) as usize;
        let start = count
            .checked_mul(4)
            .and_then(|bytes| body.len().checked_sub(bytes))
            .ok_or("block has more restart points than bytes")?;
        let (entries, offsets) = body.split_at(start);
        Ok(Self {
            entries,
            offsets: offsets.as_chunks::<4>().0,
        })
    }

    /// Length of the entries, which stand before the restart points.
    pub(crate) fn entries_len(self) -> usize {
        self.entries.len()
    }

    /// The entry to begin at when looking for `key`: the last whole key below it, or the first entry.
    fn seek(self, key: &[u8], internal: bool) -> BlockResult<usize> {
        let (mut low, mut high) = (0, self.offsets.len());
        while low + 1 < high {
            let middle = usize::midpoint(low, high);
            if self.key_at(middle, internal)? < key {
                low = middle;
            } else {
                high = middle;
            }
        }
        match self.offsets.get(low) {
            Some(offset) => Ok(u32::from_le_bytes(*offset) as usize),
            None => Ok(0),
        }
    }

    fn key_at(self, restart: usize, internal: bool) -> BlockResult<&'a [u8]> {
        let broken = "restart point outside of its block";
        let offset = u32::from_le_bytes(*self.offsets.get(restart).ok_or(broken)?) as usize;
        let mut rest = self.entries.get(offset..).ok_or(broken)?;
        let shared = take_uvarint(&mut rest).ok_or(broken)?;
        let suffix = take_length(&mut rest).ok_or(broken)?;
        take_length(&mut rest).ok_or(broken)?;
        let key = rest.get(..suffix).ok_or(broken)?;
        if shared != 0 {
            return Err("restart point at a shortened key");
        }
        if internal {
            key.get(..key.len().wrapping_sub(KEY_TRAILER_BYTES))
                .ok_or("key is shorter than its trailer")
        } else {
            Ok(key)
        }
    }
}

#[inline]
fn take_length(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(take_uvarint(bytes)?).ok()
}

/// A position in a block. The block itself is handed to each call, so that its owner can keep it in
/// any form.
#[derive(Debug, Default)]
pub(crate) struct BlockCursor {
    /// Where the next entry begins, and where entries end.
    next: usize,
    end: usize,
    /// The current key, with its trailer.
    key: Vec<u8>,
    /// Length of the current key without its trailer.
    key_len: usize,
    /// How many entries of the block were passed, the current one included.
    passed: u32,
    value: (usize, usize),
    /// Whether keys of this block carry a trailer.
    internal: bool,
}

impl BlockCursor {
    pub(crate) fn new(internal: bool) -> Self {
        Self {
            internal,
            ..Self::default()
        }
    }

    /// Stands before the first entry of a block.
    pub(crate) fn reset(&mut self, block: &[u8]) -> BlockResult<()> {
        self.end = Restarts::of(block)?.entries_len();
        self.next = 0;
        self.passed = 0;
        self.key.clear();
        self.key_len = 0;
        Ok(())
    }

    /// Stands on the first entry at or after `key`; false when the block has none.
    pub(crate) fn seek(&mut self, block: &[u8], key: &[u8]) -> BlockResult<bool> {
        let restarts = Restarts::of(block)?;
        self.end = restarts.entries_len();
        self.next = restarts.seek(key, self.internal)?;
        self.passed = UNKNOWN;
        self.key.clear();
        self.key_len = 0;
        while self.advance(block)? {
            if self.key() >= key {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Moves to the next entry; false at the end.
    #[inline]
    pub(crate) fn advance(&mut self, block: &[u8]) -> BlockResult<bool> {
        const BROKEN: &str = "block entry outside of its block";
        if self.next >= self.end {
            return Ok(false);
        }
        let entries = block.get(..self.end).ok_or(BROKEN)?;
        let mut rest = entries.get(self.next..).ok_or(BROKEN)?;
        let (shared, suffix_len, value_len);
        if let [a, b, c, tail @ ..] = rest
            && (a | b | c) < 0x80
        {
            (shared, suffix_len, value_len) = (usize::from(*a), usize::from(*b), usize::from(*c));
            rest = tail;
        } else {
            shared = take_length(&mut rest).ok_or(BROKEN)?;
            suffix_len = take_length(&mut rest).ok_or(BROKEN)?;
            value_len = take_length(&mut rest).ok_or(BROKEN)?;
        }
        let (suffix, rest) = rest.split_at_checked(suffix_len).ok_or(BROKEN)?;
        let after_value = rest.get(value_len..).ok_or(BROKEN)?;
        if shared > self.key.len() {
            return Err("key shares more than the key before it has");
        }
        self.key.truncate(shared);
        self.key.extend_from_slice(suffix);
        self.key_len = if self.internal {
            self.key
                .len()
                .checked_sub(KEY_TRAILER_BYTES)
                .ok_or("key is shorter than its trailer")?
        } else {
            self.key.len()
        };
        self.passed += 1;
        let value_end = self.end - after_value.len();
        self.value = (value_end - value_len, value_end);
        self.next = value_end;
        Ok(true)
    }

    /// The current key, without its trailer.
    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        self.key.get(..self.key_len).unwrap_or_default()
    }

    /// The current value.
    #[inline]
    pub(crate) fn value<'b>(&self, block: &'b [u8]) -> &'b [u8] {
        block.get(self.value.0..self.value.1).unwrap_or_default()
    }

    /// Which entry of the block the current one is, when the block was walked from its beginning.
    /// After a seek it is unknown, and larger than any.
    #[inline]
    pub(crate) fn ordinal(&self) -> u32 {
        self.passed.saturating_sub(1)
    }
}
