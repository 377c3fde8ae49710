//! The tree store: metaranges and ranges over a block store.

use std::sync::Arc;

use bytes::Bytes;
use lakefs_block::{BlockStore, Location};
use lakefs_types::{MetaRangeId, StorageNamespace};

use crate::commit::{CommitOptions, CommitOutcome, commit};
use crate::cursor::{Access, TableCursor};
use crate::diff::DiffIter;
use crate::inspect::{TableFile, TableInfo};
use crate::merge::{MergeOptions, MergeOutcome, merge};
use crate::shared::Shared;
use crate::skips::{SkipKey, Skips};
use crate::writer::{MetaRangeWriter, WriterOptions};
use crate::{ChangeSource, MetaRangeIter, RangeInfo, Record, Result, TreeConfig, TreeCounters};

/// Reads and writes the content of commits. Cheap to clone; clones share caches and counters.
#[derive(Debug, Clone)]
pub struct TreeStore {
    shared: Arc<Shared>,
}

impl TreeStore {
    /// A store of tables in `blocks`. Does no I/O.
    pub fn new(blocks: Arc<dyn BlockStore>, config: TreeConfig) -> Self {
        Self {
            shared: Arc::new(Shared::new(blocks, config)),
        }
    }

    /// The record of a key.
    pub async fn get(
        &self,
        namespace: &StorageNamespace,
        metarange: &MetaRangeId,
        key: &[u8],
    ) -> Result<Option<Record>> {
        let metarange = self.shared.metarange(namespace, metarange).await?;
        let Some(range) = metarange.ranges.get(metarange.seek(key)) else {
            return Ok(None);
        };
        if range.min_key[..] > *key {
            return Ok(None);
        }
        let table = self.shared.range(namespace, &range.id).await?;
        let mut cursor = TableCursor::new(Arc::clone(&self.shared), table, Access::Point);
        if cursor.seek(key)? && cursor.key() == key {
            cursor.shared_value().map(Some)
        } else {
            Ok(None)
        }
    }

    /// An iterator over all records, standing before the first.
    #[expect(
        clippy::iter_not_returning_iterator,
        reason = "an iterator whose records are borrowed and that may wait"
    )]
    pub async fn iter(
        &self,
        namespace: &StorageNamespace,
        metarange: &MetaRangeId,
    ) -> Result<MetaRangeIter> {
        let metarange = self.shared.metarange(namespace, metarange).await?;
        Ok(MetaRangeIter::new(
            Arc::clone(&self.shared),
            namespace.clone(),
            metarange,
        ))
    }

    /// What follows a common prefix, where an earlier listing found and [kept](Self::keep_skips) it.
    pub fn skips(&self, key: &SkipKey) -> Option<Arc<Skips>> {
        self.shared.skips.get(key)
    }

    /// Remembers a run of skips for a while.
    pub fn keep_skips(&self, key: SkipKey, mut skips: Skips) {
        skips.shrink();
        self.shared.skips.insert(key, Arc::new(skips));
    }

    /// The ranges of a metarange, in key order.
    pub async fn ranges(
        &self,
        namespace: &StorageNamespace,
        metarange: &MetaRangeId,
    ) -> Result<Vec<RangeInfo>> {
        Ok(self
            .shared
            .metarange(namespace, metarange)
            .await?
            .ranges
            .clone())
    }

    /// Whether the table of a metarange is stored ([`MetaRangeId::EMPTY`] always is).
    pub async fn exists(
        &self,
        namespace: &StorageNamespace,
        metarange: &MetaRangeId,
    ) -> Result<bool> {
        if metarange.is_empty() {
            return Ok(true);
        }
        let size = self
            .shared
            .stored_size(namespace, metarange.as_str())
            .await?;
        Ok(size.is_some())
    }

    /// Writes `base` with `changes` applied. Safe to drop at any await: tables nobody refers to are
    /// all that can be left behind.
    pub async fn commit(
        &self,
        namespace: &StorageNamespace,
        base: &MetaRangeId,
        changes: &mut dyn ChangeSource,
        options: &CommitOptions,
    ) -> Result<CommitOutcome> {
        Box::pin(commit(
            Arc::clone(&self.shared),
            namespace,
            base,
            changes,
            options,
        ))
        .await
    }

    /// Differences from `left` to `right` (two dots).
    pub async fn diff(
        &self,
        namespace: &StorageNamespace,
        left: &MetaRangeId,
        right: &MetaRangeId,
    ) -> Result<DiffIter> {
        DiffIter::two_dot(&self.shared, namespace, left, right).await
    }

    /// What merging `source` into `destination` would change, with conflicts, seen from `base` (three
    /// dots).
    pub async fn compare(
        &self,
        namespace: &StorageNamespace,
        base: &MetaRangeId,
        source: &MetaRangeId,
        destination: &MetaRangeId,
    ) -> Result<DiffIter> {
        DiffIter::three_dot(&self.shared, namespace, base, source, destination).await
    }

    /// Merges what `source` changed since `base` into `destination`. Safe to drop at any await, like
    /// [`TreeStore::commit`].
    pub async fn merge(
        &self,
        namespace: &StorageNamespace,
        base: &MetaRangeId,
        source: &MetaRangeId,
        destination: &MetaRangeId,
        options: &MergeOptions,
    ) -> Result<MergeOutcome> {
        // Three open tables and a writer: too much to lie in every caller's future.
        Box::pin(merge(
            &self.shared,
            namespace,
            [base, source, destination],
            options,
        ))
        .await
    }

    /// A writer of a new metarange from records and whole ranges in key order.
    pub fn writer(&self, namespace: &StorageNamespace, options: WriterOptions) -> MetaRangeWriter {
        MetaRangeWriter::new(Arc::clone(&self.shared), namespace.clone(), options)
    }

    /// Where the table of an id lies.
    pub fn location(&self, namespace: &StorageNamespace, id: &str) -> Result<Location> {
        self.shared.locate(namespace, id)
    }

    /// The address of a table relative to its storage namespace, such as `_lakefs/00fb…`.
    pub fn relative_address(&self, id: &str) -> String {
        self.shared.relative_address(id)
    }

    /// Properties of a stored table (a range or a metarange), by id.
    pub async fn inspect(&self, namespace: &StorageNamespace, id: &str) -> Result<TableInfo> {
        Ok(self.table_file(namespace, id).await?.info().clone())
    }

    /// A stored table (a range or a metarange), by id, read whole into memory.
    pub async fn table_file(&self, namespace: &StorageNamespace, id: &str) -> Result<TableFile> {
        let (object, bytes) = self.shared.whole_file(namespace, id).await?;
        TableFile::parse(&object, bytes)
    }

    /// All bytes of a stored table, by id.
    pub async fn raw(&self, namespace: &StorageNamespace, id: &str) -> Result<Bytes> {
        Ok(self.shared.whole_file(namespace, id).await?.1)
    }

    /// What was done so far.
    pub fn counters(&self) -> TreeCounters {
        self.shared.counters.snapshot()
    }
}
