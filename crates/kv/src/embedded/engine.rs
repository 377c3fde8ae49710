//! The storage engine behind the embedded store: the only file that knows it is fjall.
//!
//! One keyspace holds everything. A batch goes to the engine's journal, is synced, and only then
//! becomes visible to readers. What the engine leaves to its user is done here:
//! - a batch may hold a key once only, which the committer sees to;
//! - writers are held back before the engine's own brake, which waits without end for a background
//!   thread that a full disk has ended;
//! - write buffers are closed here, by what they really take: the engine's background thread does it
//!   when it has merged tables, and until then a buffer grows without bound;
//! - a batch that power loss tore apart in the journal is cut off when opening ([`journal`]).

use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fjall::config::{BlockSizePolicy, CompressionPolicy, RestartIntervalPolicy};
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, PersistMode, UserKey, UserValue,
};

use super::journal;
use crate::embedded::EmbeddedOptions;
use crate::{Cause, KvError};

const KEYSPACE: &str = "entries";

/// The smallest bound the engine takes: half of it is a journal being filled, half being retired.
const JOURNAL_BYTES: u64 = 128 << 20;

/// Open table files kept.
const OPEN_FILES: usize = 128;

/// The engine's brake grips at 4 full buffers and at 20 tables of the first level.
const FULL_BUFFERS: usize = 3;
const FIRST_LEVEL_TABLES: usize = 16;

/// What an entry takes in a write buffer besides its key and value.
const ENTRY_OVERHEAD_BYTES: u64 = 160;

/// How much less of a busy processor background threads get: about a tenth of what a request gets. Not
/// less, since they hold locks that writers need.
#[cfg(target_os = "linux")]
const BACKGROUND_NICENESS: i32 = 10;

/// How often a held-back writer looks again.
const BRAKE_PAUSE: Duration = Duration::from_millis(2);

/// One change of a batch: no value means removal.
pub(super) type Change = (UserKey, Option<UserValue>);

/// Why a batch was not stored.
#[derive(Debug)]
pub(super) enum ApplyError {
    /// Nothing of it was written.
    Refused(Cause),
    /// It may be in the journal.
    Unknown(Cause),
}

/// An open database.
pub(super) struct Engine {
    entries: Keyspace,
    database: Database,
    write_buffer_bytes: u64,
    /// Memory that the open write buffer takes, about.
    buffered_bytes: AtomicU64,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Builds a new, empty database.
    pub(super) fn create(path: &Path, options: &EmbeddedOptions) -> Result<(), KvError> {
        let engine = Self::start(path, options).map_err(|e| open_error(path, e))?;
        engine
            .database
            .persist(PersistMode::SyncAll)
            .map_err(|error| open_error(path, error))
    }

    /// Opens a database, going on where the last process stopped, however it stopped.
    pub(super) fn open(path: &Path, options: &EmbeddedOptions) -> Result<Self, KvError> {
        match Self::start(path, options) {
            Err(fjall::Error::JournalRecovery(cause)) => {
                let torn = journal::cut_torn_batch(path)
                    .map_err(|error| open_error(path, fjall::Error::Io(error)))?;
                let Some(torn) = torn else {
                    return Err(open_error(path, fjall::Error::JournalRecovery(cause)));
                };
                match Self::start(path, options) {
                    Ok(engine) => {
                        tracing::warn!(
                            journal = %torn.path().display(),
                            "dropped a write that power loss interrupted; it was never acknowledged"
                        );
                        torn.forget();
                        Ok(engine)
                    }
                    Err(error) => {
                        let detail = torn.path().display().to_string();
                        torn.restore();
                        Err(corrupt(detail, error))
                    }
                }
            }
            started => started.map_err(|error| open_error(path, error)),
        }
    }

    /// Starts the engine from a thread that gives way to others: the engine's background threads inherit
    /// that. Sorting tables can wait, requests on the same processor cannot.
    fn start(path: &Path, options: &EmbeddedOptions) -> fjall::Result<Self> {
        let (path, options) = (path.to_owned(), options.clone());
        let opener = lakefs_runtime::spawn_thread("kv-open", move || {
            give_way();
            Self::start_here(&path, &options)
        })?;
        match opener.join() {
            Ok(started) => started,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    fn start_here(path: &Path, options: &EmbeddedOptions) -> fjall::Result<Self> {
        // One background thread: with more, the engine's first thread spins while a second one
        // merges tables.
        let database = Database::builder(path)
            .cache_size(options.cache_bytes)
            .worker_threads(1)
            .max_cached_files(Some(OPEN_FILES))
            .max_journaling_size(JOURNAL_BYTES)
            .journal_compression(CompressionType::None)
            .open()?;
        let entries = database.keyspace(KEYSPACE, || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(options.write_buffer_bytes.saturating_mul(8))
                .data_block_size_policy(BlockSizePolicy::all(8 << 10))
                .data_block_restart_interval_policy(RestartIntervalPolicy::all(8))
                .data_block_compression_policy(CompressionPolicy::disabled())
        })?;
        Ok(Self {
            entries,
            database,
            write_buffer_bytes: options.write_buffer_bytes,
            buffered_bytes: AtomicU64::new(0),
        })
    }

    /// The value under a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<UserValue>, KvError> {
        self.entries.get(key).map_err(|e| read_error("get", e))
    }

    /// Calls `visit` with each entry of a range in order until it answers false.
    pub(super) fn visit(
        &self,
        range: std::ops::Range<Vec<u8>>,
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), KvError> {
        for entry in self.entries.range(range) {
            let (key, value) = entry.into_inner().map_err(|e| read_error("scan", e))?;
            if !visit(&key, &value) {
                break;
            }
        }
        Ok(())
    }

    /// Up to `limit` keys of a range.
    pub(super) fn keys(
        &self,
        range: std::ops::Range<Vec<u8>>,
        limit: usize,
    ) -> Result<Vec<UserKey>, KvError> {
        self.entries
            .range(range)
            .take(limit)
            .map(|entry| entry.key().map_err(|error| read_error("scan", error)))
            .collect()
    }

    /// Stores changes to distinct keys: on disk, synced, and then visible to readers.
    pub(super) fn apply(&self, changes: impl Iterator<Item = Change>) -> Result<(), ApplyError> {
        self.make_room()
            .map_err(|error| ApplyError::Refused(error.into()))?;
        let mut bytes = 0;
        let mut batch = self
            .database
            .batch()
            .durability(Some(PersistMode::SyncData));
        for (key, value) in changes {
            let length = key.len() + value.as_ref().map_or(0, |value| value.len());
            bytes += ENTRY_OVERHEAD_BYTES + u64::try_from(length).unwrap_or(u64::MAX);
            match value {
                Some(value) => batch.insert(&self.entries, key, value),
                None => batch.remove(&self.entries, key),
            }
        }
        self.buffered_bytes.fetch_add(bytes, Ordering::Relaxed);
        batch.commit().map_err(|error| match error {
            fjall::Error::Poisoned => ApplyError::Refused(error.into()),
            error => ApplyError::Unknown(error.into()),
        })
    }

    /// Closes a full write buffer and waits while the engine is behind with its tables; fails once
    /// it will never catch up.
    fn make_room(&self) -> fjall::Result<()> {
        if self.buffered_bytes.load(Ordering::Relaxed) >= self.write_buffer_bytes {
            self.entries.rotate_memtable()?;
            self.buffered_bytes.store(0, Ordering::Relaxed);
        }
        while self.entries.sealed_memtable_count() >= FULL_BUFFERS
            || self.entries.l0_table_count() >= FIRST_LEVEL_TABLES
        {
            self.database.persist(PersistMode::Buffer)?;
            std::thread::sleep(BRAKE_PAUSE);
        }
        Ok(())
    }
}

/// Lowers the priority of the calling thread and those it starts. Elsewhere than on Linux the call would
/// mean the whole process.
#[cfg(target_os = "linux")]
fn give_way() {
    if let Err(error) = rustix::process::nice(BACKGROUND_NICENESS) {
        tracing::debug!(%error, "the store's background threads keep their priority");
    }
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

fn read_error(operation: &'static str, error: fjall::Error) -> KvError {
    if disk_failed(&error) {
        return KvError::Unavailable {
            operation,
            source: error.into(),
        };
    }
    corrupt(format!("embedded store ({operation})"), error)
}

fn open_error(path: &Path, error: fjall::Error) -> KvError {
    if disk_failed(&error) {
        return KvError::Unavailable {
            operation: "open",
            source: error.into(),
        };
    }
    let journal = match error {
        fjall::Error::JournalRecovery(_) => journal::newest(path).ok().flatten(),
        _ => None,
    };
    let detail = journal.unwrap_or_else(|| path.to_owned());
    corrupt(detail.display().to_string(), error)
}

/// Whether the operating system failed, as opposed to files that are there but short, missing or
/// senseless.
fn disk_failed(error: &fjall::Error) -> bool {
    match error {
        fjall::Error::Io(io) | fjall::Error::Storage(fjall::LsmError::Io(io)) => !matches!(
            io.kind(),
            ErrorKind::NotFound | ErrorKind::UnexpectedEof | ErrorKind::InvalidData
        ),
        _ => false,
    }
}

fn corrupt(detail: String, error: fjall::Error) -> KvError {
    KvError::Corrupt {
        detail,
        source: error.into(),
    }
}
