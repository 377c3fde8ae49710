//! PostgreSQL, with the tables that lakeFS uses (format.md §1.3).

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{KvError, KvStore, MemKv, Predicate, ScanPage, SetIfOutcome, Write};

/// Settings of a [`PostgresKv`].
#[derive(Clone)]
pub struct PostgresOptions {
    /// A URL or `key=value` connection string; the parameter `lakefskv_table` names the table.
    pub connection_string: String,
    /// Most connections open at a time.
    pub max_open_connections: usize,
    /// Most idle connections kept.
    pub max_idle_connections: usize,
    /// Connections older than this are replaced; zero means never.
    pub connection_max_lifetime: Duration,
    /// Most entries fetched by one scan statement.
    pub scan_page_size: usize,
}

impl std::fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresOptions").finish_non_exhaustive()
    }
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            connection_string: String::new(),
            max_open_connections: 25,
            max_idle_connections: 25,
            connection_max_lifetime: Duration::from_mins(5),
            scan_page_size: 1000,
        }
    }
}

/// A store in a PostgreSQL table.
#[derive(Debug)]
pub struct PostgresKv {
    inner: MemKv,
}

impl PostgresKv {
    /// Connects and creates the tables when absent.
    ///
    /// # Errors
    /// [`KvError::Refused`] when the connection string is wrong or the server refuses us;
    /// [`KvError::Unavailable`] when it cannot be reached.
    pub async fn open(_options: PostgresOptions) -> Result<Self, KvError> {
        Err(KvError::Refused {
            location: "postgres".into(),
            reason: "not built yet".into(),
        })
    }
}

#[async_trait]
impl KvStore for PostgresKv {
    fn kind(&self) -> &'static str {
        "postgres"
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
