//! The tree store: metaranges and ranges over a block store.

use std::sync::Arc;

use lakefs_block::{BlockStore, Location};
use lakefs_types::{MetaRangeId, StorageNamespace};

use crate::commit::{CommitOptions, CommitOutcome};
use crate::diff::DiffIter;
use crate::inspect::TableInfo;
use crate::merge::{MergeOptions, MergeOutcome};
use crate::writer::{MetaRangeWriter, WriterOptions};
use crate::{ChangeSource, MetaRangeIter, RangeInfo, Record, Result, TreeConfig, TreeCounters};

/// Reads and writes the content of commits. Cheap to clone; clones share caches and counters.
#[derive(Debug, Clone)]
pub struct TreeStore {
    _shared: Arc<dyn BlockStore>,
}

impl TreeStore {
    /// A store of tables in `blocks`. Does no I/O.
    pub fn new(blocks: Arc<dyn BlockStore>, _config: TreeConfig) -> Self {
        Self { _shared: blocks }
    }

    /// The record of a key.
    pub async fn get(
        &self,
        _namespace: &StorageNamespace,
        _metarange: &MetaRangeId,
        _key: &[u8],
    ) -> Result<Option<Record>> {
        todo!()
    }

    /// An iterator over all records, standing before the first.
    pub async fn iter(
        &self,
        _namespace: &StorageNamespace,
        _metarange: &MetaRangeId,
    ) -> Result<MetaRangeIter> {
        todo!()
    }

    /// The ranges of a metarange, in key order.
    pub async fn ranges(
        &self,
        _namespace: &StorageNamespace,
        _metarange: &MetaRangeId,
    ) -> Result<Vec<RangeInfo>> {
        todo!()
    }

    /// Whether the table of a metarange is stored ([`MetaRangeId::EMPTY`] always is).
    pub async fn exists(
        &self,
        _namespace: &StorageNamespace,
        _metarange: &MetaRangeId,
    ) -> Result<bool> {
        todo!()
    }

    /// Writes `base` with `changes` applied. Safe to drop at any await: tables nobody refers to are
    /// all that can be left behind.
    pub async fn commit(
        &self,
        _namespace: &StorageNamespace,
        _base: &MetaRangeId,
        _changes: &mut dyn ChangeSource,
        _options: &CommitOptions,
    ) -> Result<CommitOutcome> {
        todo!()
    }

    /// Differences from `left` to `right` (two dots).
    pub async fn diff(
        &self,
        _namespace: &StorageNamespace,
        _left: &MetaRangeId,
        _right: &MetaRangeId,
    ) -> Result<DiffIter> {
        todo!()
    }

    /// What merging `source` into `destination` would change, with conflicts, seen from `base` (three
    /// dots).
    pub async fn compare(
        &self,
        _namespace: &StorageNamespace,
        _base: &MetaRangeId,
        _source: &MetaRangeId,
        _destination: &MetaRangeId,
    ) -> Result<DiffIter> {
        todo!()
    }

    /// Merges what `source` changed since `base` into `destination`. Safe to drop at any await, like
    /// [`TreeStore::commit`].
    pub async fn merge(
        &self,
        _namespace: &StorageNamespace,
        _base: &MetaRangeId,
        _source: &MetaRangeId,
        _destination: &MetaRangeId,
        _options: &MergeOptions,
    ) -> Result<MergeOutcome> {
        todo!()
    }

    /// A writer of a new metarange from records and whole ranges in key order.
    pub fn writer(
        &self,
        _namespace: &StorageNamespace,
        _options: WriterOptions,
    ) -> MetaRangeWriter {
        todo!()
    }

    /// Where the table of an id lies.
    pub fn location(&self, _namespace: &StorageNamespace, _id: &str) -> Result<Location> {
        todo!()
    }

    /// The address of a table relative to its storage namespace, such as `_lakefs/00fb…`.
    pub fn relative_address(&self, _id: &str) -> String {
        todo!()
    }

    /// Properties of a stored table (a range or a metarange), by id.
    pub async fn inspect(&self, _namespace: &StorageNamespace, _id: &str) -> Result<TableInfo> {
        todo!()
    }

    /// What was done so far.
    pub fn counters(&self) -> TreeCounters {
        todo!()
    }
}
