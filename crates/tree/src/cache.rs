//! What is kept in memory: open tables, metaranges, decoded data blocks. All bounded by bytes.

use std::sync::Arc;

use bytes::Bytes;
use lakefs_types::StorageNamespace;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::fingerprint::Fingerprint;
use crate::metarange::MetaRange;
use crate::skips::{SkipKey, Skips};
use crate::table::Table;

/// A table by name. The namespace is part of it: an object can be in one and missing in another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TableKey {
    pub(crate) namespace: StorageNamespace,
    pub(crate) id: Arc<str>,
}

/// A data block: the number of its open table, and its position in it.
pub(crate) type BlockKey = (u64, usize);

/// Memory that an entry takes besides its value: map slot, allocation headers, reference counts.
const OVERHEAD: usize = 96;

#[derive(Debug, Clone)]
pub(crate) struct ByMemory;

impl Weighter<TableKey, Arc<Table>> for ByMemory {
    fn weight(&self, _: &TableKey, table: &Arc<Table>) -> u64 {
        (table.memory() + OVERHEAD) as u64
    }
}

impl Weighter<TableKey, Arc<MetaRange>> for ByMemory {
    fn weight(&self, _: &TableKey, metarange: &Arc<MetaRange>) -> u64 {
        (metarange.memory() + OVERHEAD) as u64
    }
}

impl Weighter<TableKey, Arc<Fingerprint>> for ByMemory {
    fn weight(&self, _: &TableKey, fingerprint: &Arc<Fingerprint>) -> u64 {
        (fingerprint.memory() + OVERHEAD) as u64
    }
}

impl Weighter<BlockKey, Bytes> for ByMemory {
    fn weight(&self, _: &BlockKey, block: &Bytes) -> u64 {
        (block.len() + OVERHEAD) as u64
    }
}

impl Weighter<SkipKey, Arc<Skips>> for ByMemory {
    fn weight(&self, key: &SkipKey, skips: &Arc<Skips>) -> u64 {
        (key.prefix.len() + key.delimiter.len() + skips.memory() + 2 * OVERHEAD) as u64
    }
}

pub(crate) type Bounded<K, V> = Cache<K, V, ByMemory>;

/// A cache that holds `bytes` in `shards` parts. Entries larger than a part are not kept, so large
/// entries need few parts.
pub(crate) fn bounded<K, V>(bytes: usize, typical: usize, shards: usize) -> Bounded<K, V>
where
    K: Eq + std::hash::Hash,
    V: Clone,
    ByMemory: Weighter<K, V>,
{
    let options = OptionsBuilder::new()
        .estimated_items_capacity((bytes / typical).max(32))
        .weight_capacity(bytes as u64)
        .shards(shards)
        .build()
        .expect("capacity and item count are given");
    Cache::with_options(
        options,
        ByMemory,
        DefaultHashBuilder::default(),
        DefaultLifecycle::default(),
    )
}
