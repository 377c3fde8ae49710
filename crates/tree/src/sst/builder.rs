//! Builds one block: entries whose keys leave out what they share with the key before.

use super::format::{
    BLOCK_BYTES, BLOCK_THRESHOLD, BLOCK_TRAILER_BYTES, RAW, SNAPPY, checksum, put_uvarint,
    uvarint_len,
};

/// A block being built.
#[derive(Debug)]
pub(crate) struct BlockBuilder {
    buffer: Vec<u8>,
    restarts: Vec<u32>,
    entries: u32,
    interval: u32,
    /// Entries left until one is due whose key is whole.
    until_restart: u32,
}

impl BlockBuilder {
    /// A block that stores every `interval`-th key whole.
    pub(crate) fn new(interval: u32) -> Self {
        Self {
            buffer: Vec::with_capacity(BLOCK_BYTES + 512),
            restarts: Vec::with_capacity(16),
            entries: 0,
            interval,
            until_restart: 0,
        }
    }

    /// Appends an entry whose key begins with the first `shared` bytes of the last key and its trailer.
    #[inline]
    pub(crate) fn add(&mut self, key: &[u8], shared: usize, trailer: &[u8], value: &[u8]) {
        let shared = if self.is_restart() {
            let offset = u32::try_from(self.buffer.len()).expect("a block stays below 4 GiB");
            self.restarts.push(offset);
            self.until_restart = self.interval;
            0
        } else {
            shared
        };
        let suffix = key.get(shared..).unwrap_or_default();
        put_uvarint(&mut self.buffer, shared as u64);
        put_uvarint(&mut self.buffer, (suffix.len() + trailer.len()) as u64);
        put_uvarint(&mut self.buffer, value.len() as u64);
        self.buffer.extend_from_slice(suffix);
        self.buffer.extend_from_slice(trailer);
        self.buffer.extend_from_slice(value);
        self.entries += 1;
        self.until_restart -= 1;
    }

    /// Whether the next entry has its key whole.
    #[inline]
    pub(crate) fn is_restart(&self) -> bool {
        self.until_restart == 0
    }

    /// Appends an entry as [`BlockBuilder::add`] would write it; not where [`BlockBuilder::is_restart`].
    #[inline]
    pub(crate) fn add_raw(&mut self, entry: &[u8]) {
        debug_assert!(!self.is_restart(), "a whole key is due");
        self.buffer.extend_from_slice(entry);
        self.entries += 1;
        self.until_restart -= 1;
    }

    pub(crate) fn entries(&self) -> u32 {
        self.entries
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Size before compression, as the rules for closing and for estimating count it.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.buffer.len() + 4 * self.restarts.len() + 4
    }

    /// Whether the block is to be closed before an entry of these lengths (of the whole key with its
    /// trailer) goes in.
    #[inline]
    pub(crate) fn is_full_for(&self, key: usize, value: usize) -> bool {
        let size = self.size();
        if self.entries == 0 || size <= BLOCK_THRESHOLD {
            return false;
        }
        if size >= BLOCK_BYTES {
            return true;
        }
        let restart = if self.is_restart() { 4 } else { 0 };
        size + key + value + restart + 4 + uvarint_len(key) + uvarint_len(value) > BLOCK_BYTES
    }

    /// Ends the block and gives its bytes; [`BlockBuilder::clear`] begins the next.
    pub(crate) fn finish(&mut self) -> &[u8] {
        if self.restarts.is_empty() {
            self.restarts.push(0);
        }
        for restart in &self.restarts {
            self.buffer.extend_from_slice(&restart.to_le_bytes());
        }
        let count = u32::try_from(self.restarts.len()).expect("a block stays below 4 GiB");
        self.buffer.extend_from_slice(&count.to_le_bytes());
        &self.buffer
    }

    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
        self.restarts.clear();
        self.entries = 0;
        self.until_restart = 0;
    }
}

/// Turns finished blocks into stored ones.
#[derive(Debug)]
pub(crate) struct BlockEncoder {
    /// Boxed: it holds its hash table inline.
    snappy: Box<snap::raw::Encoder>,
    compressed: Vec<u8>,
}

impl BlockEncoder {
    pub(crate) fn new() -> Self {
        Self {
            snappy: Box::new(snap::raw::Encoder::new()),
            compressed: Vec::new(),
        }
    }

    /// Appends a block to `out`, compressed where that pays, with its trailer. Answers its length
    /// without the trailer.
    pub(crate) fn append(&mut self, out: &mut Vec<u8>, block: &[u8]) -> usize {
        let bound = snap::raw::max_compress_len(block.len());
        if self.compressed.len() < bound {
            self.compressed.resize(bound, 0);
        }
        let compressed = self
            .snappy
            .compress(block, &mut self.compressed)
            .expect("the buffer is as large as the encoder asks for");
        if compressed < block.len() - block.len() / 8 {
            let stored = self.compressed.get(..compressed).unwrap_or_default();
            append_stored(out, stored, SNAPPY)
        } else {
            append_stored(out, block, RAW)
        }
    }
}

/// Appends a block as it is, with its trailer. Answers its length without the trailer.
pub(crate) fn append_stored(out: &mut Vec<u8>, stored: &[u8], compression: u8) -> usize {
    out.reserve(stored.len() + BLOCK_TRAILER_BYTES);
    out.extend_from_slice(stored);
    out.push(compression);
    out.extend_from_slice(&checksum(stored, compression).to_le_bytes());
    stored.len()
}
