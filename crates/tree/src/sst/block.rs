//! Reads one block: undoes compression, finds and walks its entries. Every length is checked.

use super::format::{
    BLOCK_TRAILER_BYTES, KEY_TRAILER_BYTES, RAW, RECORD_TRAILER, SNAPPY, checksum, take_uvarint,
    uvarint_len,
};
use super::separator::common_prefix;

/// Why a block cannot be read. The table's name is added where it is known.
pub(crate) type BlockResult<T> = Result<T, &'static str>;

/// Entries passed, when a seek began in the middle of the block: above what any block holds.
const UNKNOWN: u32 = 1 << 31;

const BROKEN: &str = "block entry outside of its block";
const SHARES_TOO_MUCH: &str = "key shares more than the key before it has";

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

/// An entry as its block holds it, to be copied into another block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawEntry<'a> {
    /// Lengths, what is left of the key, its trailer, the value.
    pub(crate) bytes: &'a [u8],
    /// How many bytes its key takes from the one before.
    pub(crate) shared: usize,
}

/// Bytes that a short piece is copied by at once.
const SHORT: usize = 32;

/// Appends the first `length` bytes of `from`: mostly few, for which a copy of fixed length is cheapest.
#[inline]
fn extend_short(out: &mut Vec<u8>, from: &[u8], length: usize) {
    match from.first_chunk::<SHORT>() {
        Some(chunk) if length <= SHORT => {
            let end = out.len() + length;
            out.extend_from_slice(chunk);
            out.truncate(end);
        }
        _ => out.extend_from_slice(from.get(..length).unwrap_or_default()),
    }
}

#[inline]
fn take_length(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(take_uvarint(bytes)?).ok()
}

/// The lengths that an entry begins with.
#[derive(Debug, Clone, Copy)]
struct Lengths {
    /// Bytes its key takes from the one before.
    shared: usize,
    /// Bytes of its own, with the trailer.
    suffix: usize,
    value: usize,
    /// Whether they are written as short as they can be.
    plain: bool,
}

impl Lengths {
    #[expect(
        clippy::inline_always,
        reason = "a call costs more than the three bytes it mostly reads"
    )]
    #[inline(always)]
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        match **bytes {
            [a, b, c, ref rest @ ..] if (a | b | c) < 0x80 => {
                *bytes = rest;
                Some(Self {
                    shared: usize::from(a),
                    suffix: usize::from(b),
                    value: usize::from(c),
                    plain: true,
                })
            }
            // The value is most of a record and mostly too long for one byte.
            [a, b, c, d, ref rest @ ..] if (a | b | d) < 0x80 => {
                *bytes = rest;
                Some(Self {
                    shared: usize::from(a),
                    suffix: usize::from(b),
                    value: usize::from(c & 0x7f) | usize::from(d) << 7,
                    plain: d != 0,
                })
            }
            _ => {
                let before = bytes.len();
                let (shared, suffix) = (take_length(bytes)?, take_length(bytes)?);
                let value = take_length(bytes)?;
                let shortest: usize = [shared, suffix, value].map(uvarint_len).iter().sum();
                Some(Self {
                    shared,
                    suffix,
                    value,
                    plain: before - bytes.len() == shortest,
                })
            }
        }
    }
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
    /// Where the current entry begins, and how many bytes its key takes from the one before.
    entry: usize,
    shared: usize,
    /// Whether its lengths are written as short as they can be.
    plain: bool,
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
            let at = common_prefix(self.key(), key);
            match (self.key().get(at), key.get(at)) {
                (Some(here), Some(wanted)) if here < wanted => self.pass_sharing(block, at)?,
                // The key looked for goes on: what the next one shares with a trailer says nothing.
                (None, Some(_)) => {}
                _ => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Passes the entries whose keys share more than `at` bytes with the current key, which is below the one
    /// looked for and parts from it there: so do theirs. Their keys are not put together; of what the
    /// next entry may share with them, the current key has all.
    fn pass_sharing(&mut self, block: &[u8], at: usize) -> BlockResult<()> {
        let entries = block.get(..self.end).ok_or(BROKEN)?;
        let known = self.key.len();
        let mut key_len = known;
        while self.next < self.end {
            let mut rest = entries.get(self.next..).ok_or(BROKEN)?;
            let lengths = Lengths::take(&mut rest).ok_or(BROKEN)?;
            if lengths.shared <= at {
                break;
            }
            if lengths.shared > key_len {
                return Err(SHARES_TOO_MUCH);
            }
            let after = lengths.suffix.checked_add(lengths.value).ok_or(BROKEN)?;
            let left = rest.len().checked_sub(after).ok_or(BROKEN)?;
            key_len = lengths.shared + lengths.suffix;
            self.next = self.end - left;
            self.passed += 1;
        }
        Ok(())
    }

    /// Moves to the next entry; false at the end.
    #[inline]
    pub(crate) fn advance(&mut self, block: &[u8]) -> BlockResult<bool> {
        if self.next >= self.end {
            return Ok(false);
        }
        let entries = block.get(..self.end).ok_or(BROKEN)?;
        let mut rest = entries.get(self.next..).ok_or(BROKEN)?;
        let lengths = Lengths::take(&mut rest).ok_or(BROKEN)?;
        let (shared, suffix_len, value_len) = (lengths.shared, lengths.suffix, lengths.value);
        self.plain = lengths.plain;
        let after_key = rest.get(suffix_len..).ok_or(BROKEN)?;
        let after_value = after_key.get(value_len..).ok_or(BROKEN)?;
        if shared > self.key.len() {
            return Err(SHARES_TOO_MUCH);
        }
        self.key.truncate(shared);
        extend_short(&mut self.key, rest, suffix_len);
        (self.entry, self.shared) = (self.next, shared);
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

    /// The current entry as it is, if it is what a block made here would hold after the same key.
    #[inline]
    pub(crate) fn raw<'b>(&self, block: &'b [u8]) -> Option<RawEntry<'b>> {
        let ours = self.plain
            && self.internal
            && self.key.get(self.key_len..) == Some(&RECORD_TRAILER[..])
            && self.shared < self.key_len;
        let bytes = block.get(self.entry..self.next)?;
        ours.then_some(RawEntry {
            bytes,
            shared: self.shared,
        })
    }

    /// Where the current entry begins and ends in its block.
    #[inline]
    pub(crate) fn bounds(&self) -> (usize, usize) {
        (self.entry, self.next)
    }

    /// Which entry of the block the current one is, when the block was walked from its beginning.
    /// After a seek it is unknown, and larger than any.
    #[inline]
    pub(crate) fn ordinal(&self) -> u32 {
        self.passed.saturating_sub(1)
    }
}
