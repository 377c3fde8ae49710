//! The embedded store: one directory of the local file system, one process at a time.
//!
//! Writes are grouped by one commit thread ([`committer`]) that syncs once for all of a group;
//! reads go straight to the engine and never wait for a writer. Which engine it is, and why, is
//! known to [`engine`] and docs/design/0002-key-value-store.md only.

mod address;
mod committer;
mod directory;
mod engine;
mod journal;
mod slot;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use self::address::{PartitionPrefix, engine_key};
use self::committer::{Committer, Condition, Request};
use self::directory::{Found, StoreDirectory};
use self::engine::{Change, Engine};
use self::slot::EngineSlot;
use crate::error::check_address;
use crate::{
    KvError, KvStore, MAX_SCAN_PAGE_BYTES, Pace, Predicate, ScanPage, ScanPageBuilder,
    SetIfOutcome, Write,
};

/// A scan for more entries than this leaves the asynchronous threads alone: it takes milliseconds.
const INLINE_SCAN_ENTRIES: usize = 2048;

/// Keys that `clear_partition` removes with one sync: a fraction of a millisecond of work, so that
/// requests are not kept waiting behind it.
const CLEAR_KEYS: usize = 256;

/// After each such step `clear_partition` rests for this many times what the step took: on a machine of one
/// processor its haste would show in every request. Removing a key costs the engine's own thread about as
/// much again later, and that one works in slices of the kernel's clock, 4 ms; at a leisurely pace there
/// are few enough of them.
const fn rest(pace: Pace) -> u32 {
    match pace {
        Pace::Brisk => 3,
        Pace::Leisurely => 15,
    }
}

/// Settings of an [`EmbeddedKv`].
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// Bytes of memory for blocks read from disk.
    pub cache_bytes: u64,
    /// Bytes of memory that gather writes before they are sorted into tables; a few times as much is
    /// in use at most. Fixed when the store is created.
    pub write_buffer_bytes: u64,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 24 << 20,
            write_buffer_bytes: 8 << 20,
        }
    }
}

/// A durable store in a directory.
#[derive(Debug)]
pub struct EmbeddedKv {
    // Dropped in this order: the thread ends, then the engine closes.
    committer: Committer,
    slot: Arc<EngineSlot>,
}

impl EmbeddedKv {
    /// Opens the store in a directory, which is created when absent.
    ///
    /// # Errors
    /// [`KvError::Refused`] when the directory is in use by another process, belongs to another
    /// program or has a newer format; [`KvError::Corrupt`] with the name of the file;
    /// [`KvError::Unavailable`] when the disk fails.
    pub async fn open(path: &Path, options: EmbeddedOptions) -> Result<Self, KvError> {
        let path = path.to_owned();
        lakefs_runtime::spawn_blocking(move || Self::open_blocking(&path, &options)).await
    }

    fn open_blocking(path: &Path, options: &EmbeddedOptions) -> Result<Self, KvError> {
        let unavailable = |error: std::io::Error| KvError::Unavailable {
            operation: "open",
            source: error.into(),
        };
        let (directory, found) = StoreDirectory::claim(path)?;
        if found == Found::Nothing {
            let built: PathBuf = directory.unfinished_engine().map_err(unavailable)?;
            Engine::create(&built, options)?;
            directory.finish(&built).map_err(unavailable)?;
        }
        let slot = Arc::new(EngineSlot::open(directory, options.clone())?);
        let committer = Committer::start(Arc::clone(&slot)).map_err(unavailable)?;
        Ok(Self { committer, slot })
    }

    /// Syncs made for writes since the store was opened.
    pub fn syncs(&self) -> u64 {
        self.slot.syncs()
    }

    async fn change(&self, operation: &'static str, change: Change) -> Result<(), KvError> {
        let stored = self.committer.submit(operation, Request::One(change)).await;
        stored.map(|_: SetIfOutcome| ())
    }
}

fn scan_page(
    slot: &EngineSlot,
    partition: &PartitionPrefix,
    start: &[u8],
    limit: usize,
) -> Result<ScanPage, KvError> {
    let mut page = if limit > INLINE_SCAN_ENTRIES {
        ScanPageBuilder::with_room(limit)
    } else {
        ScanPageBuilder::new()
    };
    let mut more = false;
    let prefix = partition.len();
    slot.read("scan", |engine| {
        engine.visit(partition.range_from(start), |key, value| {
            more = page.len() >= limit || page.bytes() >= MAX_SCAN_PAGE_BYTES;
            if more {
                return false;
            }
            more = !page.push(key.get(prefix..).unwrap_or_default(), value);
            !more
        })
    })?;
    Ok(page.finish(more))
}

#[async_trait]
impl KvStore for EmbeddedKv {
    fn kind(&self) -> &'static str {
        "local"
    }

    async fn get(&self, partition: &[u8], key: &[u8]) -> Result<Option<Bytes>, KvError> {
        let key = engine_key(partition, key)?;
        // Copied, because the engine's value keeps a whole block of its cache alive.
        let value = self.slot.read("get", |engine| engine.get(&key))?;
        Ok(value.map(|value| Bytes::copy_from_slice(&value)))
    }

    async fn set(&self, partition: &[u8], key: &[u8], value: &[u8]) -> Result<(), KvError> {
        let key = engine_key(partition, key)?;
        self.change("set", (key.into(), Some(value.into()))).await
    }

    async fn set_if(
        &self,
        partition: &[u8],
        key: &[u8],
        value: &[u8],
        predicate: Predicate<'_>,
    ) -> Result<SetIfOutcome, KvError> {
        let request = Request::SetIf {
            key: engine_key(partition, key)?.into(),
            value: value.into(),
            condition: Condition::of(predicate),
        };
        self.committer.submit("set_if", request).await
    }

    async fn delete(&self, partition: &[u8], key: &[u8]) -> Result<(), KvError> {
        let key = engine_key(partition, key)?;
        self.change("delete", (key.into(), None)).await
    }

    async fn scan(
        &self,
        partition: &[u8],
        start: &[u8],
        limit: usize,
    ) -> Result<ScanPage, KvError> {
        let partition = PartitionPrefix::of(partition)?;
        if limit <= INLINE_SCAN_ENTRIES {
            return scan_page(&self.slot, &partition, start, limit);
        }
        let (slot, start) = (Arc::clone(&self.slot), start.to_vec());
        lakefs_runtime::spawn_blocking(move || scan_page(&slot, &partition, &start, limit)).await
    }

    async fn write_batch(&self, partition: &[u8], writes: &[Write<'_>]) -> Result<(), KvError> {
        PartitionPrefix::of(partition)?;
        for write in writes {
            check_address(partition, write.key())?;
        }
        if writes.is_empty() {
            return Ok(());
        }
        let changes = writes.iter().map(|write| {
            let value = match write {
                Write::Set { value, .. } => Some((*value).into()),
                Write::Delete { .. } => None,
            };
            Ok((engine_key(partition, write.key())?.into(), value))
        });
        let request = Request::Many(changes.collect::<Result<_, KvError>>()?);
        let stored = self.committer.submit("write_batch", request).await;
        stored.map(|_: SetIfOutcome| ())
    }

    async fn clear_partition(&self, partition: &[u8], pace: Pace) -> Result<(), KvError> {
        let partition = PartitionPrefix::of(partition)?;
        let mut range = partition.range_from(b"");
        loop {
            let begun = tokio::time::Instant::now();
            let (slot, from) = (Arc::clone(&self.slot), range.clone());
            let keys = lakefs_runtime::spawn_blocking(move || {
                slot.read("clear_partition", |engine| engine.keys(from, CLEAR_KEYS))
            })
            .await?;
            let Some(last) = keys.last() else {
                return Ok(());
            };
            range.start = [last, &[0][..]].concat();
            let whole = keys.len() < CLEAR_KEYS;
            let changes = keys.into_iter().map(|key| (key, None)).collect();
            let request = Request::Many(changes);
            let _: SetIfOutcome = self.committer.submit("clear_partition", request).await?;
            if whole {
                return Ok(());
            }
            tokio::time::sleep(begun.elapsed() * rest(pace)).await;
        }
    }

    async fn ping(&self) -> Result<(), KvError> {
        if !self.committer.is_running() {
            return Err(KvError::Unavailable {
                operation: "ping",
                source: "the commit thread has stopped".into(),
            });
        }
        self.slot.read("ping", |_| Ok(()))
    }
}

#[cfg(test)]
mod tests;
