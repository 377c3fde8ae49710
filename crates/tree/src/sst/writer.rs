//! Writes a table: records in, file bytes and content address out.
//!
//! The content address covers the records and the metadata, not the file (docs/format/tables.md).
//! The size estimate is kept up to date with every record, because ranges are split by it.

use std::collections::BTreeMap;

use lakefs_types::identity::IdentityHasher;
use sha2::{Digest as _, Sha256};

use super::block::{RawEntry, check_stored};
use super::builder::{BlockBuilder, BlockEncoder, append_stored};
use super::format::{
    BLOCK_TRAILER_BYTES, BlockHandle, EMPTY_TRAILER, Footer, KEY_TRAILER_BYTES, RAW,
    RECORD_TRAILER, RESTART_INTERVAL, SEPARATOR_TRAILER,
};
use super::properties::{self, TableStats};
use crate::fingerprint::Spot;

use super::separator::{common_prefix, separator, successor};

/// The length of a handle that the rule for splitting the index assumes.
const ASSUMED_HANDLE_BYTES: usize = 20;
/// SHA-256 works on blocks of this size; pieces of whole blocks are not copied once more.
const HASH_BLOCK_BYTES: usize = 64;
/// Records are handed to the hash in pieces of about this size, a record or two. Its rounds wait for each
/// other, and the processor fills these waits with the work on the next record; with large pieces it
/// cannot see that far.
const HASH_PIECE_BYTES: usize = 3 * HASH_BLOCK_BYTES;
/// One in this many copied blocks is encoded as well, to find out if the copied table was compressed by
/// another encoder (the estimate would then differ from what everybody else computes).
const COPY_CHECK_INTERVAL: u64 = 512;

/// A stored block offered for copying, and what it decodes to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredBlock<'a> {
    /// The decoded block.
    pub(crate) raw: &'a [u8],
    /// The block as stored, with its trailer.
    pub(crate) stored: &'a [u8],
}

/// Where in another table a record comes from, so that its stored forms can be copied.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Origin<'a> {
    /// The block whose first record it is.
    pub(crate) block: Option<StoredBlock<'a>>,
    /// Its entry, when the record before it there is the one appended last.
    pub(crate) entry: Option<RawEntry<'a>>,
}

/// A finished table.
#[derive(Debug)]
pub(crate) struct FinishedTable {
    pub(crate) digest: [u8; 32],
    /// The file, without what was taken away before.
    pub(crate) file: Vec<u8>,
    pub(crate) min_key: Vec<u8>,
    pub(crate) max_key: Vec<u8>,
    pub(crate) count: u64,
    pub(crate) estimated_size_bytes: u64,
    pub(crate) data_blocks: u32,
    pub(crate) blocks_copied: u64,
    pub(crate) blocks_encoded: u64,
}

#[derive(Debug)]
struct Partition {
    separator: Vec<u8>,
    trailer: [u8; 8],
    block: Vec<u8>,
}

/// A table being written. [`TableWriter::finish`] leaves it ready for the next one.
#[derive(Debug)]
pub(crate) struct TableWriter {
    metadata: BTreeMap<String, String>,
    /// The end of the file; what is before it was taken away.
    file: Vec<u8>,
    /// Bytes of the file that were taken away.
    taken: u64,
    data: BlockBuilder,
    index: BlockBuilder,
    /// The last key put into the index, with its trailer.
    index_key: Vec<u8>,
    index_trailer: [u8; 8],
    partitions: Vec<Partition>,
    encoder: BlockEncoder,
    candidate: Candidate,
    hash: Sha256,
    hash_buffer: Vec<u8>,
    min_key: Vec<u8>,
    last_key: Vec<u8>,
    stats: TableStats,
    blocks_copied: u64,
    blocks_encoded: u64,
}

/// The block of another table that the block being built may turn out to equal.
#[derive(Debug, Default)]
struct Candidate {
    raw: Vec<u8>,
    stored: Vec<u8>,
    /// Set when a copied block turned out to be compressed differently.
    distrusted: bool,
    seen: u64,
}

impl TableWriter {
    /// A table whose identity covers `metadata`, which holds the `type`.
    pub(crate) fn new(metadata: BTreeMap<String, String>) -> Self {
        Self {
            metadata,
            file: Vec::new(),
            taken: 0,
            data: BlockBuilder::new(RESTART_INTERVAL),
            index: BlockBuilder::new(1),
            index_key: Vec::new(),
            index_trailer: [0; 8],
            partitions: Vec::new(),
            encoder: BlockEncoder::new(),
            candidate: Candidate::default(),
            hash: Sha256::new(),
            hash_buffer: Vec::with_capacity(1024),
            min_key: Vec::new(),
            last_key: Vec::new(),
            stats: TableStats::default(),
            blocks_copied: 0,
            blocks_encoded: 0,
        }
    }

    /// Number of records so far.
    pub(crate) fn count(&self) -> u64 {
        self.stats.entries
    }

    /// The last key; empty before the first.
    #[inline]
    pub(crate) fn last_key(&self) -> &[u8] {
        &self.last_key
    }

    /// Appends a record; the caller keeps keys ascending.
    pub(crate) fn add(&mut self, key: &[u8], value: &[u8]) {
        let shared = common_prefix(&self.last_key, key);
        self.add_after(key, shared, value, Origin::default());
    }

    /// Appends a record whose key begins with exactly the first `shared` bytes of the last key. Answers
    /// where the record is.
    #[inline]
    pub(crate) fn add_after(
        &mut self,
        key: &[u8],
        shared: usize,
        value: &[u8],
        origin: Origin<'_>,
    ) -> Spot {
        if self
            .data
            .is_full_for(key.len() + KEY_TRAILER_BYTES, value.len())
        {
            self.close_data_block(Some(key));
        }
        if self.data.is_empty() {
            self.candidate.offer(origin.block);
        }
        if self.stats.entries == 0 {
            self.min_key.clear();
            self.min_key.extend_from_slice(key);
        }
        let suffix = key.get(shared..).unwrap_or_default();
        match origin.entry {
            Some(entry)
                if entry.shared == shared
                    && shared < self.last_key.len()
                    && !self.data.is_restart() =>
            {
                self.data.add_raw(entry.bytes);
            }
            _ => {
                // What a key shares may reach into the trailer of the last one.
                let in_block = if shared < self.last_key.len() {
                    shared
                } else {
                    shared + common_prefix(suffix, &RECORD_TRAILER)
                };
                self.data.add(key, in_block, &RECORD_TRAILER, value);
            }
        }
        self.last_key.truncate(shared);
        self.last_key.extend_from_slice(suffix);
        self.stats.entries += 1;
        self.stats.raw_key_size += (key.len() + KEY_TRAILER_BYTES) as u64;
        self.stats.raw_value_size += value.len() as u64;
        put_decimal(&mut self.hash_buffer, key.len());
        self.hash_buffer.extend_from_slice(key);
        self.hash_buffer.push(b'|');
        put_decimal(&mut self.hash_buffer, value.len());
        self.hash_buffer.extend_from_slice(value);
        self.hash_buffer.push(b'|');
        if self.hash_buffer.len() >= HASH_PIECE_BYTES {
            let whole = self.hash_buffer.len() & !(HASH_BLOCK_BYTES - 1);
            self.hash
                .update(self.hash_buffer.get(..whole).unwrap_or_default());
            let rest = self.hash_buffer.len() - whole;
            self.hash_buffer.copy_within(whole.., 0);
            self.hash_buffer.truncate(rest);
        }
        Spot {
            block: u32::try_from(self.stats.data_blocks).unwrap_or(u32::MAX),
            entry: self.data.entries() - 1,
        }
    }

    /// What the table is taken to weigh so far: closed data blocks as stored, the open one as it is, and
    /// the open index block.
    #[inline]
    pub(crate) fn estimated_size_bytes(&self) -> u64 {
        self.stats.data_size + (self.data.size() + self.index.size()) as u64
    }

    /// Bytes of the file that are there to be taken.
    #[inline]
    pub(crate) fn written(&self) -> usize {
        self.file.len()
    }

    /// Takes away the bytes of the file that are there, all of which come before those still to come.
    pub(crate) fn take_written(&mut self) -> Vec<u8> {
        self.taken += self.file.len() as u64;
        let next = Vec::with_capacity(self.file.capacity());
        std::mem::replace(&mut self.file, next)
    }

    /// Where in the file the next byte goes.
    fn offset(&self) -> u64 {
        self.taken + self.file.len() as u64
    }

    /// Ends the table.
    pub(crate) fn finish(&mut self) -> FinishedTable {
        let estimated_size_bytes = self.estimated_size_bytes();
        if !self.data.is_empty() || self.stats.data_blocks == 0 {
            self.close_data_block(None);
        }
        let index = self.write_index();

        self.hash.update(&self.hash_buffer);
        self.hash_buffer.clear();
        let mut identity = IdentityHasher::resume(std::mem::take(&mut self.hash));
        identity.map(&self.metadata);
        let digest = identity.finish();

        let mut user: BTreeMap<Vec<u8>, Vec<u8>> = self
            .metadata
            .iter()
            .map(|(name, value)| (name.clone().into_bytes(), value.clone().into_bytes()))
            .collect();
        user.insert(b"min_key".to_vec(), self.min_key.clone());
        user.insert(b"max_key".to_vec(), self.last_key.clone());
        user.insert(
            b"count".to_vec(),
            self.stats.entries.to_string().into_bytes(),
        );
        user.insert(
            b"estimated_size_bytes".to_vec(),
            estimated_size_bytes.to_string().into_bytes(),
        );
        let properties = self.append_raw(&properties::encode(&self.stats, &user));
        let mut metaindex = BlockBuilder::new(1);
        let mut handle = Vec::new();
        properties.encode(&mut handle);
        metaindex.add(b"rocksdb.properties", 0, &[], &handle);
        let metaindex = self.append_raw(metaindex.finish());
        Footer { metaindex, index }.encode(&mut self.file);

        let finished = FinishedTable {
            digest,
            file: std::mem::take(&mut self.file),
            min_key: std::mem::take(&mut self.min_key),
            max_key: std::mem::take(&mut self.last_key),
            count: self.stats.entries,
            estimated_size_bytes,
            data_blocks: u32::try_from(self.stats.data_blocks).unwrap_or(u32::MAX),
            blocks_copied: std::mem::take(&mut self.blocks_copied),
            blocks_encoded: std::mem::take(&mut self.blocks_encoded),
        };
        self.stats = TableStats::default();
        self.taken = 0;
        finished
    }

    /// Stores the open data block and puts it into the index. `next` is the key that comes after it.
    fn close_data_block(&mut self, next: Option<&[u8]>) {
        let offset = self.offset();
        let block = self.data.finish();
        let length =
            if self.candidate.equals(block) && self.candidate.trusted(block, &mut self.encoder) {
                self.file.extend_from_slice(&self.candidate.stored);
                self.blocks_copied += 1;
                self.candidate.stored.len() - BLOCK_TRAILER_BYTES
            } else {
                self.blocks_encoded += 1;
                self.encoder.append(&mut self.file, block)
            };
        self.data.clear();
        self.candidate.offer(None);
        self.stats.data_blocks += 1;
        self.stats.data_size += (length + BLOCK_TRAILER_BYTES) as u64;
        let handle = BlockHandle {
            offset,
            length: length as u64,
        };
        self.add_to_index(next, handle);
    }

    fn add_to_index(&mut self, next: Option<&[u8]>, handle: BlockHandle) {
        let mut key = Vec::with_capacity(self.last_key.len() + 8);
        let shortened = match next {
            Some(next) => separator(&mut key, &self.last_key, next),
            None => successor(&mut key, &self.last_key),
        };
        let trailer = if self.stats.entries == 0 {
            EMPTY_TRAILER
        } else if shortened {
            SEPARATOR_TRAILER
        } else {
            RECORD_TRAILER
        };
        if self
            .index
            .is_full_for(key.len() + KEY_TRAILER_BYTES, ASSUMED_HANDLE_BYTES)
        {
            self.close_partition();
        }
        let mut value = Vec::with_capacity(12);
        handle.encode(&mut value);
        self.index.add(&key, 0, &trailer, &value);
        self.index_key = key;
        self.index_trailer = trailer;
    }

    fn close_partition(&mut self) {
        let block = self.index.finish().to_vec();
        self.index.clear();
        self.stats.index_size += block.len() as u64;
        self.partitions.push(Partition {
            separator: std::mem::take(&mut self.index_key),
            trailer: self.index_trailer,
            block,
        });
    }

    fn write_index(&mut self) -> BlockHandle {
        if self.partitions.is_empty() {
            let block = self.index.finish().to_vec();
            self.index.clear();
            self.stats.index_size = (block.len() + BLOCK_TRAILER_BYTES) as u64;
            return self.append_encoded(&block);
        }
        self.close_partition();
        let partitions = std::mem::take(&mut self.partitions);
        let mut top = BlockBuilder::new(1);
        let mut value = Vec::new();
        for partition in &partitions {
            value.clear();
            self.append_encoded(&partition.block).encode(&mut value);
            top.add(&partition.separator, 0, &partition.trailer, &value);
        }
        let block = top.finish();
        self.stats.partitions = Some((partitions.len() as u64, block.len() as u64));
        self.stats.index_size += (block.len() + BLOCK_TRAILER_BYTES) as u64;
        self.append_encoded(block)
    }

    fn append_encoded(&mut self, block: &[u8]) -> BlockHandle {
        let offset = self.offset();
        let length = self.encoder.append(&mut self.file, block) as u64;
        BlockHandle { offset, length }
    }

    fn append_raw(&mut self, block: &[u8]) -> BlockHandle {
        let offset = self.offset();
        let length = append_stored(&mut self.file, block, RAW) as u64;
        BlockHandle { offset, length }
    }
}

impl Candidate {
    #[inline]
    fn offer(&mut self, origin: Option<StoredBlock<'_>>) {
        self.raw.clear();
        self.stored.clear();
        if let Some(origin) = origin
            && !self.distrusted
        {
            self.raw.extend_from_slice(origin.raw);
            self.stored.extend_from_slice(origin.stored);
        }
    }

    fn equals(&self, block: &[u8]) -> bool {
        !self.stored.is_empty() && self.raw == block
    }

    /// Whether the stored form may be copied: it is whole, and made by an encoder like ours.
    fn trusted(&mut self, block: &[u8], encoder: &mut BlockEncoder) -> bool {
        if check_stored(&self.stored).is_err() {
            return false;
        }
        self.seen += 1;
        if self.seen % COPY_CHECK_INTERVAL == 1 {
            let mut ours = Vec::with_capacity(self.stored.len());
            encoder.append(&mut ours, block);
            self.distrusted = ours != self.stored;
        }
        !self.distrusted
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "single digits")]
fn put_decimal(out: &mut Vec<u8>, value: usize) {
    match value {
        0..10 => out.push(b'0' + value as u8),
        10..100 => out.extend_from_slice(&[b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]),
        100..1000 => out.extend_from_slice(&[
            b'0' + (value / 100) as u8,
            b'0' + (value / 10 % 10) as u8,
            b'0' + (value % 10) as u8,
        ]),
        _ => out.extend_from_slice(value.to_string().as_bytes()),
    }
}
