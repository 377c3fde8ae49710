//! PostgreSQL, with the tables that lakeFS uses (format.md §1.3), so that both may serve one
//! database.
//!
//! Calls take a connection of a bounded pool for one statement. Idempotent calls are tried again
//! while the database restarts; a conditional write whose answer was lost is
//! [`KvError::Indeterminate`], see [`crate::set_if_resolved`]. Acknowledged writes are as durable as
//! the server's `synchronous_commit` makes them.

mod connection_string;
mod failure;
mod tables;
mod tls;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use futures_util::{StreamExt as _, pin_mut};
use lakefs_runtime::Backoff;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;

use self::connection_string::Target;
use self::failure::{Failure, classify, is_misconfigured, report};
use self::tables::Statements;
use crate::error::{check_address, check_partition};
use crate::{
    KvError, KvStore, MAX_SCAN_PAGE_BYTES, Pace, Predicate, ScanPage, ScanPageBuilder,
    SetIfOutcome, Write,
};

/// Longest wait for a connection of the pool, for a new connection, and for the check of an old one.
const POOL_WAIT: Duration = Duration::from_secs(10);
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// Longest wait for the deletion of a partition, of which nobody knows how large it is.
const CLEAR_WAIT: Duration = Duration::from_mins(10);

/// Name of the operation that deletes a partition.
const CLEAR: &str = "clear_partition";

/// How often an idempotent call is tried again.
const RETRIES: u32 = 4;
const BACKOFF: Backoff = Backoff {
    initial: Duration::from_millis(50),
    factor: 3.0,
    max: Duration::from_secs(1),
    jitter: 0.0,
};

/// Most writes and bytes of one statement.
const BATCH_WRITES: usize = 10_000;
const BATCH_BYTES: usize = 8 << 20;

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
    /// Most entries fetched by one scan statement; zero means a fitting number.
    pub scan_page_size: usize,
    /// Longest wait for the answer to a statement: a database that is frozen or cut off does not
    /// refuse, it is silent, and would keep every request and every connection.
    pub answer_timeout: Duration,
}

impl std::fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The connection string holds the password.
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
            scan_page_size: 0,
            answer_timeout: Duration::from_secs(30),
        }
    }
}

/// Entries fetched by one scan statement unless configured.
const SCAN_ENTRIES: usize = 5000;

/// A store in a PostgreSQL table.
pub struct PostgresKv {
    pool: Pool,
    statements: Statements,
    location: String,
    scan_entries: usize,
    max_idle_connections: usize,
    answer_timeout: Duration,
}

impl std::fmt::Debug for PostgresKv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresKv")
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

impl PostgresKv {
    /// Connects and creates the tables when absent.
    ///
    /// # Errors
    /// [`KvError::Refused`] when the connection string is wrong or the server refuses us;
    /// [`KvError::Unavailable`] when it cannot be reached.
    pub async fn open(options: PostgresOptions) -> Result<Self, KvError> {
        let refused = |location: &str, reason: String| KvError::Refused {
            location: location.to_owned(),
            reason,
        };
        let target = Target::parse(&options.connection_string)
            .map_err(|reason| refused("postgres", format!("connection string: {reason}")))?;
        let location = target.location();
        let tls = tls::connector(&target.tls).map_err(|reason| refused(&location, reason))?;
        let manager = Manager::from_config(
            target.config.clone(),
            tls,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let lifetime = options.connection_max_lifetime;
        let pool = Pool::builder(manager)
            .max_size(options.max_open_connections.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(POOL_WAIT))
            .create_timeout(Some(CONNECT_WAIT))
            .recycle_timeout(Some(CONNECT_WAIT))
            .pre_recycle(Hook::sync_fn(move |_, metrics| {
                if !lifetime.is_zero() && metrics.age() > lifetime {
                    return Err(HookError::message("too old"));
                }
                Ok(())
            }))
            .build()
            .map_err(|error| refused(&location, error.to_string()))?;
        let store = Self {
            pool,
            statements: Statements::for_table(&target.table),
            location,
            scan_entries: match options.scan_page_size {
                0 => SCAN_ENTRIES,
                entries => entries,
            },
            max_idle_connections: options.max_idle_connections,
            answer_timeout: options.answer_timeout,
        };
        store.create_tables(&target.table).await?;
        Ok(store)
    }

    async fn create_tables(&self, table: &str) -> Result<(), KvError> {
        let connection = match self.pool.get().await {
            Err(PoolError::Backend(error)) if is_misconfigured(&error) => {
                return Err(self.refused(&error));
            }
            connection => connection.map_err(|error| pool_error("open", error))?,
        };
        tables::create(&connection, table).await.map_err(|error| {
            // Closes the connection, which releases the lock it may hold.
            drop(Object::take(connection));
            if is_misconfigured(&error) {
                return self.refused(&error);
            }
            report("open", error)
        })
    }

    fn refused(&self, error: &tokio_postgres::Error) -> KvError {
        KvError::Refused {
            location: self.location.clone(),
            reason: match error.as_db_error() {
                Some(said) => said.message().to_owned(),
                None => error.to_string(),
            },
        }
    }

    async fn connection(&self, operation: &'static str) -> Result<Object, Attempt> {
        if self.pool.status().available > self.max_idle_connections {
            let mut kept = 0;
            self.pool.retain(|_, _| {
                kept += 1;
                kept <= self.max_idle_connections
            });
        }
        self.pool.get().await.map_err(|error| {
            let silent = matches!(error, PoolError::Timeout(_));
            let error = pool_error(operation, error);
            if silent {
                Attempt::NoConnection(error)
            } else {
                Attempt::Before(error)
            }
        })
    }

    /// Executes a statement that changes the table; answers the number of rows.
    async fn execute(
        &self,
        operation: &'static str,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Attempt> {
        let connection = self.connection(operation).await?;
        let limit = if operation == CLEAR {
            CLEAR_WAIT
        } else {
            self.answer_timeout
        };
        let answer = timeout(limit, async {
            let statement = connection
                .prepare_cached(sql)
                .await
                .map_err(|error| Attempt::preparing(operation, error))?;
            connection
                .execute(&statement, parameters)
                .await
                .map_err(Attempt::Sent)
        })
        .await;
        in_time(connection, answer)
    }

    /// Executes an idempotent statement, again if need be.
    async fn change(
        &self,
        operation: &'static str,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<(), KvError> {
        let mut retry = 0;
        loop {
            match self.execute(operation, sql, parameters).await {
                Ok(_) => return Ok(()),
                Err(attempt) => retry = attempt.wait_or_report(operation, retry).await?,
            }
        }
    }

    /// One statement's worth of a scan; answers whether it ran into the end of the partition.
    async fn scan_statement(
        &self,
        partition: &[u8],
        from: (&[u8], bool),
        limit: usize,
        page: &mut ScanPageBuilder,
    ) -> Result<ScanEnd, Attempt> {
        const OPERATION: &str = "scan";
        let connection = self.connection(OPERATION).await?;
        let answer = timeout(
            self.answer_timeout,
            self.scan_on(&connection, partition, from, limit, page),
        )
        .await;
        in_time(connection, answer)
    }

    async fn scan_on(
        &self,
        connection: &Object,
        partition: &[u8],
        (start, after): (&[u8], bool),
        limit: usize,
        page: &mut ScanPageBuilder,
    ) -> Result<ScanEnd, Attempt> {
        const OPERATION: &str = "scan";
        let sql = if after {
            &self.statements.scan_after
        } else {
            &self.statements.scan
        };
        let statement = connection
            .prepare_cached(sql)
            .await
            .map_err(|error| Attempt::preparing(OPERATION, error))?;
        // One more than wanted tells whether there is more.
        let wanted = limit.saturating_sub(page.len()).min(self.scan_entries);
        let rows = i64::try_from(wanted.saturating_add(1)).unwrap_or(i64::MAX);
        let parameters: [&(dyn ToSql + Sync); 3] = [&partition, &start, &rows];
        let stream = connection
            .query_raw(&statement, parameters)
            .await
            .map_err(Attempt::Sent)?;
        pin_mut!(stream);
        let mut read = 0;
        while let Some(row) = stream.next().await {
            let row = row.map_err(Attempt::Sent)?;
            if read == wanted {
                return Ok(ScanEnd::More);
            }
            let key = row.try_get(0).map_err(Attempt::Sent)?;
            let value = row.try_get(1).map_err(Attempt::Sent)?;
            if page.bytes() >= MAX_SCAN_PAGE_BYTES || !page.push(key, value) {
                return Ok(ScanEnd::PageFull);
            }
            read += 1;
        }
        Ok(ScanEnd::Partition)
    }

    async fn write_chunk(&self, partition: &[u8], writes: &[Write<'_>]) -> Result<(), KvError> {
        const OPERATION: &str = "write_batch";
        let (mut keys, mut values, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for write in writes {
            match *write {
                Write::Set { key, value } => {
                    keys.push(key);
                    values.push(value);
                }
                Write::Delete { key } => gone.push(key),
            }
        }
        let s = &self.statements;
        if gone.is_empty() {
            return self
                .change(OPERATION, &s.set_many, &[&partition, &keys, &values])
                .await;
        }
        if keys.is_empty() {
            return self
                .change(OPERATION, &s.delete_many, &[&partition, &gone])
                .await;
        }
        let parameters: [&(dyn ToSql + Sync); 4] = [&partition, &keys, &values, &gone];
        self.change(OPERATION, &s.set_and_delete_many, &parameters)
            .await
    }
}

/// How one statement of a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScanEnd {
    /// The partition has no more entries.
    Partition,
    /// It has, and the page may have room.
    More,
    /// It has, and the page has no room.
    PageFull,
}

/// A failed try of a statement.
#[derive(Debug)]
enum Attempt {
    /// No connection, or the statement could not be prepared: it was not executed.
    Before(KvError),
    /// No connection within the time there is: trying again would only take longer.
    NoConnection(KvError),
    /// It was sent.
    Sent(tokio_postgres::Error),
    /// It was sent, and there was no answer in time.
    Silent(Elapsed),
}

/// Takes the answer of a statement. A connection that gave none is closed: whoever came next would
/// wait behind the same statement.
fn in_time<T>(
    connection: Object,
    answer: Result<Result<T, Attempt>, Elapsed>,
) -> Result<T, Attempt> {
    answer.unwrap_or_else(|silent| {
        drop(Object::take(connection));
        Err(Attempt::Silent(silent))
    })
}

impl Attempt {
    fn preparing(operation: &'static str, error: tokio_postgres::Error) -> Self {
        Self::Before(report(operation, error))
    }

    /// For idempotent statements: waits before the next try and answers its number, or reports.
    async fn wait_or_report(self, operation: &'static str, retry: u32) -> Result<u32, KvError> {
        let again = match &self {
            Self::Before(KvError::Unavailable { .. }) => true,
            Self::Before(_) | Self::NoConnection(_) | Self::Silent(_) => false,
            Self::Sent(error) => {
                matches!(classify(error), Failure::NotExecuted | Failure::Unknown)
            }
        };
        if again && retry < RETRIES {
            tokio::time::sleep(BACKOFF.wait(retry, 0.5)).await;
            return Ok(retry + 1);
        }
        Err(self.report(operation))
    }

    fn report(self, operation: &'static str) -> KvError {
        match self {
            Self::Before(error) | Self::NoConnection(error) => error,
            Self::Sent(error) => report(operation, error),
            Self::Silent(error) => KvError::Unavailable {
                operation,
                source: error.into(),
            },
        }
    }
}

fn pool_error(operation: &'static str, error: PoolError) -> KvError {
    match error {
        // Every connection is busy: more requests would not help.
        PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => KvError::SlowDown {
            operation,
            source: error.into(),
        },
        PoolError::Backend(error) if classify(&error) == Failure::Overloaded => KvError::SlowDown {
            operation,
            source: error.into(),
        },
        error => KvError::Unavailable {
            operation,
            source: error.into(),
        },
    }
}

#[async_trait]
impl KvStore for PostgresKv {
    fn kind(&self) -> &'static str {
        "postgres"
    }

    async fn get(&self, partition: &[u8], key: &[u8]) -> Result<Option<Bytes>, KvError> {
        check_address(partition, key)?;
        let mut retry = 0;
        loop {
            let read = async {
                let connection = self.connection("get").await?;
                let answer = timeout(self.answer_timeout, async {
                    let statement = connection
                        .prepare_cached(&self.statements.get)
                        .await
                        .map_err(|error| Attempt::preparing("get", error))?;
                    let row = connection
                        .query_opt(&statement, &[&partition, &key])
                        .await
                        .map_err(Attempt::Sent)?;
                    let value = row.map(|row| row.try_get(0).map(Bytes::copy_from_slice));
                    value.transpose().map_err(Attempt::Sent)
                })
                .await;
                in_time(connection, answer)
            };
            match read.await {
                Ok(value) => return Ok(value),
                Err(attempt) => retry = attempt.wait_or_report("get", retry).await?,
            }
        }
    }

    async fn set(&self, partition: &[u8], key: &[u8], value: &[u8]) -> Result<(), KvError> {
        check_address(partition, key)?;
        self.change("set", &self.statements.set, &[&partition, &key, &value])
            .await
    }

    async fn set_if(
        &self,
        partition: &[u8],
        key: &[u8],
        value: &[u8],
        predicate: Predicate<'_>,
    ) -> Result<SetIfOutcome, KvError> {
        const OPERATION: &str = "set_if";
        check_address(partition, key)?;
        let s = &self.statements;
        let mut retry = 0;
        loop {
            let done = match &predicate {
                Predicate::Absent => {
                    self.execute(OPERATION, &s.set_if_absent, &[&partition, &key, &value])
                        .await
                }
                Predicate::Exists => {
                    self.execute(OPERATION, &s.set_if_exists, &[&partition, &key, &value])
                        .await
                }
                Predicate::Value(expected) => {
                    let parameters: [&(dyn ToSql + Sync); 4] = [&partition, &key, &value, expected];
                    self.execute(OPERATION, &s.set_if_value, &parameters).await
                }
            };
            match done {
                Ok(1) => return Ok(SetIfOutcome::Stored),
                Ok(_) => return Ok(SetIfOutcome::Mismatch),
                Err(Attempt::Sent(error)) if classify(&error) == Failure::Unknown => {
                    return Err(KvError::Indeterminate {
                        operation: OPERATION,
                        source: error.into(),
                    });
                }
                Err(Attempt::Silent(error)) => {
                    return Err(KvError::Indeterminate {
                        operation: OPERATION,
                        source: error.into(),
                    });
                }
                Err(attempt) => retry = attempt.wait_or_report(OPERATION, retry).await?,
            }
        }
    }

    async fn delete(&self, partition: &[u8], key: &[u8]) -> Result<(), KvError> {
        check_address(partition, key)?;
        self.change("delete", &self.statements.delete, &[&partition, &key])
            .await
    }

    async fn scan(
        &self,
        partition: &[u8],
        start: &[u8],
        limit: usize,
    ) -> Result<ScanPage, KvError> {
        check_partition(partition)?;
        let mut page = ScanPageBuilder::new();
        let mut from = (start.to_vec(), false);
        let mut retry = 0;
        loop {
            let (start, after) = &from;
            let statement = self
                .scan_statement(partition, (start, *after), limit, &mut page)
                .await;
            match statement {
                Ok(ScanEnd::Partition) => return Ok(page.finish(false)),
                Ok(ScanEnd::PageFull) => return Ok(page.finish(true)),
                Ok(ScanEnd::More) if page.len() >= limit => return Ok(page.finish(true)),
                Ok(ScanEnd::More) => retry = 0,
                Err(attempt) => retry = attempt.wait_or_report("scan", retry).await?,
            }
            // A statement that broke off left its first rows in the page: go on behind them.
            if let Some(last) = page.last_key() {
                from = (last.to_vec(), true);
            }
        }
    }

    async fn write_batch(&self, partition: &[u8], writes: &[Write<'_>]) -> Result<(), KvError> {
        check_partition(partition)?;
        for write in writes {
            check_address(partition, write.key())?;
        }
        // Simultaneous batches lock rows in one order and cannot block each other.
        let mut sorted = writes.to_vec();
        sorted.sort_unstable_by_key(Write::key);
        let mut rest = sorted.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let count = rest
                .iter()
                .take(BATCH_WRITES)
                .take_while(|write| {
                    let fits = bytes < BATCH_BYTES;
                    bytes += write.key().len() + write.value().map_or(0, <[u8]>::len);
                    fits
                })
                .count();
            let (chunk, others) = rest.split_at(count);
            self.write_chunk(partition, chunk).await?;
            rest = others;
        }
        Ok(())
    }

    async fn clear_partition(&self, partition: &[u8], _pace: Pace) -> Result<(), KvError> {
        check_partition(partition)?;
        self.change(CLEAR, &self.statements.clear, &[&partition])
            .await
    }

    async fn ping(&self) -> Result<(), KvError> {
        let ping = async {
            let connection = self.connection("ping").await?;
            let answer = timeout(self.answer_timeout, async {
                let answer = connection.simple_query("SELECT 1").await;
                answer.map(drop).map_err(Attempt::Sent)
            })
            .await;
            in_time(connection, answer)
        };
        ping.await
            .map_err(|attempt: Attempt| attempt.report("ping"))
    }
}
