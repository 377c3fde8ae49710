//! Writing metaranges: records become ranges, split where their content says; ranges become the
//! metarange (docs/format/tables.md, "Splitting").

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use lakefs_block::{PutBody, PutOptions};
use lakefs_types::{MetaRangeId, RangeId, StorageNamespace};
use tokio::task::JoinHandle;

use crate::counters::add;
use crate::fingerprint::FingerprintBuilder;
use crate::record::{MAX_PART_BYTES, encode_value, encoded_len};
use crate::shared::Shared;
use crate::sst::separator::common_prefix;
use crate::sst::writer::{StoredBlock, TableWriter};
use crate::{RangeInfo, Result, TreeError, ValueRef};

/// Tables of one writer that are on their way to the store at a time. Each holds its file in memory.
const MAX_UPLOADS: usize = 4;

/// What to write into new tables besides their records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriterOptions {
    /// Properties of every table written, part of its identity (dumps of references have some).
    pub metadata: BTreeMap<String, String>,
}

/// Writes a metarange from records and whole ranges, given in ascending key order.
///
/// Dropping it leaves behind at most tables that nothing refers to.
#[derive(Debug)]
pub struct MetaRangeWriter {
    shared: Arc<Shared>,
    namespace: StorageNamespace,
    metadata: BTreeMap<String, String>,
    table: TableWriter,
    /// The last key of the last range; while a range is being written, its table has the last key.
    last_key: Vec<u8>,
    /// Whether a key was given at all.
    started: bool,
    hash: KeyHash,
    fingerprint: FingerprintBuilder,
    value: Vec<u8>,
    ranges: Vec<RangeInfo>,
    /// Tables known to be stored: those of the content that is being changed.
    stored: HashSet<RangeId>,
    uploads: VecDeque<JoinHandle<Result<()>>>,
}

impl MetaRangeWriter {
    pub(crate) fn new(
        shared: Arc<Shared>,
        namespace: StorageNamespace,
        options: WriterOptions,
    ) -> Self {
        let mut metadata = options.metadata;
        metadata.insert("type".to_owned(), "ranges".to_owned());
        Self {
            table: TableWriter::new(metadata.clone()),
            fingerprint: FingerprintBuilder::new(shared.secret.clone()),
            shared,
            namespace,
            metadata,
            last_key: Vec::new(),
            started: false,
            hash: KeyHash::default(),
            value: Vec::new(),
            ranges: Vec::new(),
            stored: HashSet::new(),
            uploads: VecDeque::new(),
        }
    }

    /// Says that these ranges are stored already.
    pub(crate) fn know(&mut self, ranges: &[RangeInfo]) {
        self.stored
            .extend(ranges.iter().map(|range| range.id.clone()));
    }

    /// Appends a record.
    pub async fn write_record(&mut self, key: &[u8], identity: &[u8], data: &[u8]) -> Result<()> {
        if identity.len() > MAX_PART_BYTES || data.len() > MAX_PART_BYTES {
            return Err(TreeError::TooLarge {
                key: String::from_utf8_lossy(key).into_owned(),
            });
        }
        self.value.clear();
        encode_value(&mut self.value, identity, data);
        let value = std::mem::take(&mut self.value);
        let full = self.push(key, &value, identity, None);
        self.value = value;
        if full? {
            self.end_range().await
        } else {
            Ok(())
        }
    }

    /// Appends a record of another table as it is stored there. Answers whether the range is to be
    /// ended now.
    #[inline]
    pub(crate) fn push_stored(
        &mut self,
        key: &[u8],
        stored: &[u8],
        value: ValueRef<'_>,
        origin: Option<StoredBlock<'_>>,
    ) -> Result<bool> {
        if encoded_len(value) == stored.len() {
            return self.push(key, stored, value.identity, origin);
        }
        // Padded or followed by something: write what it means.
        let mut canonical = Vec::with_capacity(stored.len());
        encode_value(&mut canonical, value.identity, value.data);
        self.push(key, &canonical, value.identity, None)
    }

    #[inline]
    fn push(
        &mut self,
        key: &[u8],
        value: &[u8],
        identity: &[u8],
        origin: Option<StoredBlock<'_>>,
    ) -> Result<bool> {
        let last = if self.table.count() == 0 {
            &self.last_key
        } else {
            self.table.last_key()
        };
        let shared = common_prefix(last, key);
        let ascends = match (last.get(shared), key.get(shared)) {
            (Some(last), Some(next)) => next > last,
            (None, Some(_)) => true,
            (_, None) => !self.started,
        };
        if !ascends {
            return Err(TreeError::order(key));
        }
        self.started = true;
        let hash = self.hash.update(key, shared);
        let in_table = if self.table.count() == 0 { 0 } else { shared };
        let spot = self.table.add_after(key, in_table, value, origin);
        self.fingerprint.add(key, identity, spot);
        let rules = &self.shared.config.ranges;
        let size = self.table.estimated_size_bytes();
        Ok(size >= rules.min_size_bytes
            && (size >= rules.max_size_bytes || hash.is_multiple_of(rules.raggedness_entries)))
    }

    /// Appends a stored range as it is.
    pub async fn write_range(&mut self, range: &RangeInfo) -> Result<()> {
        self.end_range().await?;
        if self.started && range.min_key[..] <= self.last_key[..] {
            return Err(TreeError::order(&range.min_key));
        }
        self.started = true;
        self.last_key.clear();
        self.last_key.extend_from_slice(&range.max_key);
        self.hash.forget();
        add(&self.shared.counters.ranges_reused, 1);
        self.ranges.push(range.clone());
        Ok(())
    }

    /// Ends the range being written, so that the next record begins another one.
    pub async fn end_range(&mut self) -> Result<()> {
        if self.table.count() == 0 {
            return Ok(());
        }
        let table = self.table.finish();
        self.last_key.clear();
        self.last_key.extend_from_slice(&table.max_key);
        let counters = &self.shared.counters;
        add(&counters.ranges_written, 1);
        add(&counters.blocks_copied, table.blocks_copied);
        add(&counters.blocks_encoded, table.blocks_encoded);
        let id = RangeId::from_digest(&table.digest);
        let fingerprint = self.fingerprint.finish(table.data_blocks);
        self.shared
            .keep_fingerprint(&self.namespace, &id, fingerprint);
        let known = !self.stored.insert(id.clone());
        self.ranges.push(RangeInfo {
            id: id.clone(),
            min_key: table.min_key.into(),
            max_key: table.max_key.into(),
            count: table.count,
            estimated_size_bytes: table.estimated_size_bytes,
        });
        if known {
            add(&counters.tables_already_stored, 1);
            return Ok(());
        }
        self.upload(id.as_str(), table.file).await
    }

    async fn upload(&mut self, id: &str, file: Vec<u8>) -> Result<()> {
        if self.uploads.len() >= MAX_UPLOADS {
            self.settle().await?;
        }
        let shared = Arc::clone(&self.shared);
        let (namespace, id) = (self.namespace.clone(), id.to_owned());
        let task = async move { shared.store(&namespace, &id, file.into()).await };
        self.uploads.push_back(self.shared.scope.spawn(task));
        Ok(())
    }

    /// Waits for the oldest upload.
    async fn settle(&mut self) -> Result<()> {
        let Some(upload) = self.uploads.front_mut() else {
            return Ok(());
        };
        let done = upload.await;
        self.uploads.pop_front();
        match done {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(TreeError::Changes(error.into())),
            },
        }
    }

    /// Stores what is left and the metarange.
    pub async fn finish(mut self) -> Result<MetaRangeId> {
        self.end_range().await?;
        let mut metadata = std::mem::take(&mut self.metadata);
        metadata.insert("type".to_owned(), "metaranges".to_owned());
        let mut table = TableWriter::new(metadata);
        let (mut data, mut value) = (Vec::new(), Vec::new());
        for range in &self.ranges {
            data.clear();
            range.encode(&mut data);
            value.clear();
            encode_value(&mut value, range.id.as_str().as_bytes(), &data);
            table.add(&range.max_key, &value);
        }
        let table = table.finish();
        add(&self.shared.counters.metaranges_written, 1);
        let id = MetaRangeId::from_digest(&table.digest);
        // Nobody knows the metarange before this returns, so it need not wait for its ranges.
        self.upload(id.as_str(), table.file).await?;
        while !self.uploads.is_empty() {
            self.settle().await?;
        }
        Ok(id)
    }

    /// The ranges so far.
    pub fn ranges(&self) -> &[RangeInfo] {
        &self.ranges
    }
}

impl Shared {
    /// Stores a table's file.
    async fn store(&self, namespace: &StorageNamespace, id: &str, file: Bytes) -> Result<()> {
        let location = self.locate(namespace, id)?;
        let size = file.len() as u64;
        let options = PutOptions {
            without_md5: true,
            ..PutOptions::default()
        };
        self.blocks
            .put(&location, PutBody::from_bytes(file), &options)
            .await
            .map_err(|source| TreeError::Store {
                operation: "write",
                object: self.blocks.physical_address(&location),
                source,
            })?;
        self.counters
            .bytes_written
            .fetch_add(size, Ordering::Relaxed);
        Ok(())
    }
}

/// FNV-1a of keys in order. Keys that follow each other begin alike: the hash goes on from where they
/// part.
#[derive(Debug, Default)]
struct KeyHash {
    /// The hash after each byte of the last key.
    states: Vec<u64>,
}

impl KeyHash {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;

    /// The hash of a key that shares its first `shared` bytes with the last one.
    #[inline]
    fn update(&mut self, key: &[u8], shared: usize) -> u64 {
        self.states.truncate(shared);
        let mut state = self.states.last().copied().unwrap_or(Self::OFFSET);
        for byte in key.get(self.states.len()..).unwrap_or_default() {
            state = (state ^ u64::from(*byte)).wrapping_mul(Self::PRIME);
            self.states.push(state);
        }
        state
    }

    /// The last key is another one now.
    fn forget(&mut self) {
        self.states.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of format.md §18.14.
    #[test]
    fn the_key_hash_is_fnv() {
        let mut hash = KeyHash::default();
        assert_eq!(hash.update(b"a", 0), 12_638_187_200_555_641_996);
        assert_eq!(hash.update(b"a/b", 1), KeyHash::default().update(b"a/b", 0));
        assert_eq!(hash.update(b"ac", 1), KeyHash::default().update(b"ac", 0));
        assert_eq!(hash.update(b"ac", 2), KeyHash::default().update(b"ac", 0));
        assert_eq!(KeyHash::default().update(b"obj/0082197", 0) % 50_000, 0);
        assert_eq!(KeyHash::default().update(b"obj/0105151", 0) % 50_000, 0);
    }
}
