//! The embedded store: one directory of the local file system, one process at a time.

use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{KvError, KvStore, MemKv, Predicate, ScanPage, SetIfOutcome, Write};

/// Settings of an [`EmbeddedKv`].
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// Bytes of memory for blocks read from disk.
    pub cache_bytes: u64,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 16 << 20,
        }
    }
}

/// A durable store in a directory.
#[derive(Debug)]
pub struct EmbeddedKv {
    inner: MemKv,
}

impl EmbeddedKv {
    /// Opens the store in a directory, which is created when absent.
    ///
    /// # Errors
    /// [`KvError::Refused`] when the directory is in use by another process, belongs to another
    /// engine or has a newer format; [`KvError::Corrupt`]; [`KvError::Unavailable`].
    pub async fn open(path: &Path, _options: EmbeddedOptions) -> Result<Self, KvError> {
        Err(KvError::Refused {
            location: path.display().to_string(),
            reason: "not built yet".into(),
        })
    }
}

#[async_trait]
impl KvStore for EmbeddedKv {
    fn kind(&self) -> &'static str {
        "local"
    }
    async fn get(&self, partition: &[u8], key: &[u8]) -> Result<Option<Bytes>, KvError> {
        self.inner.get(partition, key).await
    }
    async fn set(&self, partition: &[u8], key: &[u8], value: &[u8]) -> Result<(), KvError> {
        self.inner.set(partition, key, value).await
    }
    async fn set_if(
        &self,
        partition: &[u8],
        key: &[u8],
        value: &[u8],
        predicate: Predicate<'_>,
    ) -> Result<SetIfOutcome, KvError> {
        self.inner.set_if(partition, key, value, predicate).await
    }
    async fn delete(&self, partition: &[u8], key: &[u8]) -> Result<(), KvError> {
        self.inner.delete(partition, key).await
    }
    async fn scan(
        &self,
        partition: &[u8],
        start: &[u8],
        limit: usize,
    ) -> Result<ScanPage, KvError> {
        self.inner.scan(partition, start, limit).await
    }
    async fn write_batch(&self, partition: &[u8], writes: &[Write<'_>]) -> Result<(), KvError> {
        self.inner.write_batch(partition, writes).await
    }
    async fn ping(&self) -> Result<(), KvError> {
        self.inner.ping().await
    }
}
