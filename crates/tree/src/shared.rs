//! What all users of a tree store share: the block store, the caches, the counters, and how a table
//! gets from its store to being open.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::StreamExt as _;
use lakefs_block::{Address, BlockError, BlockStore, Location};
use lakefs_runtime::{TaskScope, spawn_blocking};
use lakefs_types::{MetaRangeId, RangeId, StorageNamespace};

use crate::cache::{BlockKey, Bounded, TableKey, bounded};
use crate::counters::{self, Counters};
use crate::disk::{DiskCache, Found};
use crate::fingerprint::{self, Fingerprint, Secret};
use crate::metarange::MetaRange;
use crate::skips::{SkipKey, Skips};
use crate::table::{ReadFailure, Table, TableBytes};
use crate::{Result, TreeConfig, TreeError};

/// A table read from a remote store is at most this large. Ranges close at 20 MiB before the last
/// record's block is compressed; other settings and generous records stay far below.
const MAX_TABLE_BYTES: u64 = 1 << 30;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) blocks: Arc<dyn BlockStore>,
    pub(crate) config: TreeConfig,
    pub(crate) counters: Counters,
    pub(crate) scope: TaskScope,
    block_cache: Bounded<BlockKey, Bytes>,
    ranges: Bounded<TableKey, Arc<Table>>,
    metaranges: Bounded<TableKey, Arc<MetaRange>>,
    fingerprints: Bounded<TableKey, Arc<Fingerprint>>,
    pub(crate) skips: Bounded<SkipKey, Arc<Skips>>,
    /// Keys of the fingerprints of this process.
    pub(crate) secret: Secret,
    empty: Arc<MetaRange>,
    disk: Option<Arc<DiskCache>>,
    next_number: Arc<AtomicU64>,
    /// Whether the store keeps its objects in this process's memory.
    in_memory: bool,
}

impl Shared {
    pub(crate) fn new(blocks: Arc<dyn BlockStore>, mut config: TreeConfig) -> Self {
        config.ranges.raggedness_entries = config.ranges.raggedness_entries.max(1);
        let descriptions = config.open_tables_bytes / 4;
        let skips = config.block_cache_bytes / 32;
        Self {
            block_cache: bounded(config.block_cache_bytes - skips, 4 << 10, 16),
            skips: bounded(skips, 2 << 10, 1),
            ranges: bounded(config.open_tables_bytes - 2 * descriptions, 128 << 10, 1),
            metaranges: bounded(descriptions, 16 << 10, 1),
            fingerprints: bounded(descriptions, 32 << 10, 1),
            secret: Secret::new(),
            empty: Arc::default(),
            disk: config
                .disk_cache
                .as_ref()
                .map(|disk| Arc::new(DiskCache::new(disk))),
            next_number: Arc::default(),
            in_memory: blocks.descriptor().kind == "mem",
            counters: Counters::default(),
            scope: TaskScope::new(),
            blocks,
            config,
        }
    }

    pub(crate) fn relative_address(&self, id: &str) -> String {
        format!("{}/{id}", self.config.prefix)
    }

    pub(crate) fn locate(&self, namespace: &StorageNamespace, id: &str) -> Result<Location> {
        let relative = self.relative_address(id);
        self.blocks
            .locate(namespace, Address::Relative(&relative))
            .map_err(|source| TreeError::Store {
                operation: "locate",
                object: format!("{namespace}/{relative}"),
                source,
            })
    }

    /// An open range.
    pub(crate) async fn range(
        &self,
        namespace: &StorageNamespace,
        id: &RangeId,
    ) -> Result<Arc<Table>> {
        let key = TableKey {
            namespace: namespace.clone(),
            id: id.as_str().into(),
        };
        if let Some(table) = self.ranges.get(&key) {
            return Ok(table);
        }
        let open = async {
            let number = self.next_number.fetch_add(1, Ordering::Relaxed);
            // A memory store's objects are there anyway.
            let owns_memory = !self.in_memory;
            self.open_with(
                &key,
                move |object, bytes| {
                    Table::open(number, object.into(), bytes, owns_memory).map(Arc::new)
                },
                Table::verify,
            )
            .await
        };
        self.ranges.get_or_insert_async(&key, open).await
    }

    /// A metarange.
    pub(crate) async fn metarange(
        &self,
        namespace: &StorageNamespace,
        id: &MetaRangeId,
    ) -> Result<Arc<MetaRange>> {
        if id.is_empty() {
            return Ok(Arc::clone(&self.empty));
        }
        let key = TableKey {
            namespace: namespace.clone(),
            id: id.as_str().into(),
        };
        if let Some(metarange) = self.metaranges.get(&key) {
            return Ok(metarange);
        }
        let open = async {
            let read =
                |object: String, bytes: TableBytes| MetaRange::read(&object, &bytes).map(Arc::new);
            // Reading a metarange reads all of it: nothing is left to verify.
            self.open_with(&key, read, |_| Ok(())).await
        };
        self.metaranges.get_or_insert_async(&key, open).await
    }

    /// Gets a table's bytes to where they can be read without waiting, and opens them with `open`.
    async fn open_with<T: Send + Sync + 'static>(
        &self,
        key: &TableKey,
        open: impl Fn(String, TableBytes) -> Result<Arc<T>> + Clone + Send + 'static,
        verify: impl Fn(&T) -> Result<()> + Send + 'static,
    ) -> Result<Arc<T>> {
        let location = self.locate(&key.namespace, &key.id)?;
        let object = self.blocks.physical_address(&location);
        counters::add(&self.counters.tables_opened, 1);
        if let Some(path) = self.blocks.local_file(&location) {
            return spawn_blocking(move || {
                let bytes = File::open(&path)
                    .and_then(|file| {
                        let size = file.metadata()?.len();
                        TableBytes::of_file(file, size)
                    })
                    .map_err(|error| not_opened(&object, error))?;
                open(object, bytes)
            })
            .await;
        }
        if let Some(disk) = &self.disk {
            let (disk, key, object, open) =
                (Arc::clone(disk), key.clone(), object.clone(), open.clone());
            let kept = spawn_blocking(move || {
                let found = disk
                    .open(&key)
                    .map_err(|error| cache_failed(&object, error))?;
                let Some(found) = found else { return Ok(None) };
                let trusted = found.trusted;
                let opened = bytes_of(found, &object)
                    .and_then(|bytes| open(object.clone(), bytes))
                    .and_then(|table| {
                        if trusted {
                            Ok(table)
                        } else {
                            verify(&table).map(|()| table)
                        }
                    });
                match opened {
                    Ok(table) => {
                        disk.trust(&key);
                        Ok(Some(table))
                    }
                    Err(TreeError::Corrupt { .. }) => {
                        disk.remove(&key)
                            .map_err(|error| cache_failed(&object, error))?;
                        Ok(None)
                    }
                    Err(error) => Err(error),
                }
            })
            .await;
            if let Some(table) = kept? {
                return Ok(table);
            }
        }
        let chunks = self.download(&location, &object).await?;
        let Some(disk) = &self.disk else {
            return open(object, TableBytes::Memory(concatenated(chunks)));
        };
        let (disk, key) = (Arc::clone(disk), key.clone());
        spawn_blocking(move || {
            let found = disk
                .insert(&key, &chunks)
                .map_err(|error| cache_failed(&object, error))?;
            let opened = bytes_of(found, &object).and_then(|bytes| open(object.clone(), bytes));
            if let Err(TreeError::Corrupt { .. }) = opened {
                // A damaged origin must not stay behind as a copy.
                disk.remove(&key)
                    .map_err(|error| cache_failed(&object, error))?;
            }
            opened
        })
        .await
    }

    async fn download(&self, location: &Location, object: &str) -> Result<Vec<Bytes>> {
        let failed = |source| match source {
            BlockError::NotFound { .. } => TreeError::Missing {
                object: object.to_owned(),
            },
            source => TreeError::Store {
                operation: "read",
                object: object.to_owned(),
                source,
            },
        };
        let mut body = self.blocks.get(location, None).await.map_err(failed)?;
        if body.size > MAX_TABLE_BYTES {
            return Err(TreeError::corrupt(object, "larger than any table"));
        }
        let (mut chunks, mut size) = (Vec::new(), 0u64);
        while let Some(chunk) = body.stream.next().await {
            let chunk = chunk.map_err(failed)?;
            size += chunk.len() as u64;
            if size > body.size {
                break;
            }
            chunks.push(chunk);
        }
        if size != body.size {
            return Err(TreeError::corrupt(object, "not as long as its store says"));
        }
        counters::add(&self.counters.bytes_downloaded, size);
        Ok(chunks)
    }

    /// Whether the store holds a table; its size if so.
    pub(crate) async fn stored_size(
        &self,
        namespace: &StorageNamespace,
        id: &str,
    ) -> Result<Option<u64>> {
        let location = self.locate(namespace, id)?;
        match self.blocks.head(&location).await {
            Ok(info) => Ok(info.map(|info| info.size)),
            Err(BlockError::NotFound { .. }) => Ok(None),
            Err(source) => Err(TreeError::Store {
                operation: "look for",
                object: self.blocks.physical_address(&location),
                source,
            }),
        }
    }

    /// All bytes of a table's file.
    pub(crate) async fn whole_file(
        &self,
        namespace: &StorageNamespace,
        id: &str,
    ) -> Result<(String, Bytes)> {
        let location = self.locate(namespace, id)?;
        let object = self.blocks.physical_address(&location);
        let chunks = self.download(&location, &object).await?;
        Ok((object, concatenated(chunks)))
    }

    /// The fingerprint of an open range, known or made by reading it.
    pub(crate) async fn fingerprint(
        self: &Arc<Self>,
        namespace: &StorageNamespace,
        range: &RangeId,
        table: &Arc<Table>,
    ) -> Result<Arc<Fingerprint>> {
        let key = TableKey {
            namespace: namespace.clone(),
            id: range.as_str().into(),
        };
        let make = async {
            counters::add(&self.counters.fingerprints_read, 1);
            fingerprint::read(self, table).await.map(Arc::new)
        };
        self.fingerprints.get_or_insert_async(&key, make).await
    }

    /// Keeps the fingerprint of a range that was just written.
    pub(crate) fn keep_fingerprint(
        &self,
        namespace: &StorageNamespace,
        id: &RangeId,
        made: Fingerprint,
    ) {
        let key = TableKey {
            namespace: namespace.clone(),
            id: id.as_str().into(),
        };
        self.fingerprints.insert(key, Arc::new(made));
    }

    /// A data block in memory.
    #[inline]
    pub(crate) fn cached_block(&self, table: &Table, at: usize) -> Option<Bytes> {
        let block = self.block_cache.get(&(table.number, at));
        if block.is_some() {
            counters::add(&self.counters.block_cache_hits, 1);
        }
        block
    }

    /// A data block, from memory or read and kept there.
    #[inline]
    pub(crate) fn block(&self, table: &Table, at: usize) -> Result<Bytes> {
        if let Some(block) = self.cached_block(table, at) {
            return Ok(block);
        }
        let (block, stored) = table.read_block(at)?;
        self.count_block(stored);
        self.block_cache.insert((table.number, at), block.clone());
        Ok(block)
    }

    pub(crate) fn count_block(&self, stored_bytes: u64) {
        counters::add(&self.counters.blocks_read, 1);
        counters::add(&self.counters.block_bytes_read, stored_bytes);
    }
}

fn bytes_of(found: Found, object: &str) -> Result<TableBytes> {
    TableBytes::of_file(found.file, found.size).map_err(|error| ReadFailure::Io(error).of(object))
}

fn concatenated(mut chunks: Vec<Bytes>) -> Bytes {
    if chunks.len() == 1
        && let Some(only) = chunks.pop()
    {
        return only;
    }
    Bytes::from(chunks.concat())
}

fn not_opened(object: &str, error: std::io::Error) -> TreeError {
    if error.kind() == std::io::ErrorKind::NotFound {
        return TreeError::Missing {
            object: object.to_owned(),
        };
    }
    TreeError::File {
        operation: "open",
        object: object.to_owned(),
        source: error,
    }
}

fn cache_failed(object: &str, source: std::io::Error) -> TreeError {
    TreeError::File {
        operation: "cache",
        object: object.to_owned(),
        source,
    }
}
