//! Small puts and removals, durable by one sync for all that come together.
//!
//! A change is written to a journal of this process's own and synced; only then is the file put in
//! place, unsynced, and the caller told. Checkpoints sync the whole file system in the background; what
//! came before them is no longer needed. After a crash the next process to open the store replays what
//! was not yet checkpointed. Design and failure cases: docs/design/0010-small-puts.md.
//!
//! Two threads: the committer is the only one that writes batches and puts files in place, so that the
//! order of the journal is the order of the changes; the checkpointer syncs and prepares segments.
//! A change whose caller has gone before its batch began is called off.

mod apply;
mod batch;
mod checkpoint;
mod commit;
mod replay;
mod state;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::path::{OWN, Place};
use super::{Core, io_error};
use crate::{BlockError, Location};
pub(super) use replay::replay;
pub(super) use state::Claim;
use state::{Item, State, Work, fingerprint};

/// Directory of all journals, `<process>-<number>` each segment.
pub(super) const DIR: &str = ".lakefs-rs/journal";
/// The same below [`OWN`].
const _: () = assert!(DIR.len() == OWN.len() + "/journal".len());

/// Bounds of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalLimits {
    /// Largest body that goes through the journal; 0 for none at all.
    pub body_bytes: usize,
    /// Size of a segment, the unit in which room is taken and given back.
    pub segment_bytes: u64,
    /// Segments that wait for a checkpoint; beyond, puts go the long way.
    pub segments: usize,
    /// Oldest a change may become before a checkpoint.
    pub age: Duration,
    /// Most changes before a checkpoint: the fewer it has to sync, the shorter others wait for the disk.
    pub changes: u64,
    /// Whether segments are filled with zeros ahead of time, which makes syncing them cheap.
    pub prepared: bool,
}

impl Default for JournalLimits {
    fn default() -> Self {
        Self {
            body_bytes: 32 << 10,
            segment_bytes: 8 << 20,
            segments: 8,
            age: Duration::from_secs(5),
            changes: 2000,
            prepared: true,
        }
    }
}

/// Most bytes queued; beyond, puts go the long way.
const MAX_QUEUED: usize = 8 << 20;
/// Bytes in a batch; the last record may exceed it.
const BATCH_BYTES: usize = 1 << 20;
/// Wait after a checkpoint that failed.
const RETRY: Duration = Duration::from_secs(1);

/// The process a segment belongs to, by its name.
pub(super) fn segment_instance(name: &str) -> Option<&str> {
    let (instance, number) = name.rsplit_once('-')?;
    number
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then_some(instance)
}

/// What became of a change offered to the journal.
#[derive(Debug)]
pub(super) enum Offer {
    /// It was taken; this is how it ended.
    Taken(Result<(), BlockError>),
    /// There is no room for it, or the object is being changed in another way.
    Declined,
}

/// The journal of this process.
#[derive(Debug)]
pub(super) struct Journal {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    core: Arc<Core>,
    limits: JournalLimits,
    state: Mutex<State>,
    /// There is something for the committer.
    work: Condvar,
    /// There is something for the checkpointer.
    due: Condvar,
    /// A checkpoint ended, well or badly.
    settled: Condvar,
}

impl Journal {
    /// Starts the journal. Nothing is written before the first change.
    pub(super) fn start(core: Arc<Core>, limits: JournalLimits) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            core,
            limits,
            state: Mutex::default(),
            work: Condvar::new(),
            due: Condvar::new(),
            settled: Condvar::new(),
        });
        let mut threads = Vec::new();
        if limits.body_bytes > 0 && shared.core.fs.can_sync_all() {
            let committer = Arc::clone(&shared);
            threads.push(lakefs_runtime::spawn_thread("block-journal", move || {
                commit::run(&committer);
            })?);
            let checkpointer = Arc::clone(&shared);
            threads.push(lakefs_runtime::spawn_thread("block-sync", move || {
                checkpoint::run(&checkpointer);
            })?);
        }
        Ok(Self { shared, threads })
    }

    /// Whether a body of this size belongs here.
    pub(super) fn takes(&self, size: usize) -> bool {
        !self.threads.is_empty() && size <= self.shared.limits.body_bytes
    }

    /// Stores a small body, replacing what was there.
    pub(super) async fn put(&self, location: &Location, address: &str, body: Bytes) -> Offer {
        if !self.takes(body.len()) {
            return Offer::Declined;
        }
        self.change(location, Work::Put(body), "put", address).await
    }

    /// Removes an object; an absent one is fine.
    pub(super) async fn remove(&self, location: &Location, address: &str) -> Offer {
        if self.threads.is_empty() {
            return Offer::Declined;
        }
        self.change(location, Work::Remove, "delete", address).await
    }

    async fn change(
        &self,
        location: &Location,
        work: Work,
        operation: &'static str,
        address: &str,
    ) -> Offer {
        let (reply, answer) = oneshot::channel();
        let item = Item {
            change: 0,
            place: Place::of(location),
            location: location.clone(),
            work,
            reply: Some(reply),
        };
        if !self.shared.state.lock().offer(item, &self.shared.limits) {
            return Offer::Declined;
        }
        self.shared.work.notify_one();
        let outcome = answer
            .await
            .unwrap_or_else(|_| Err(io::Error::other("the journal's thread has ended")));
        Offer::Taken(
            outcome.map_err(|error| match io_error(operation, address, error) {
                // Nothing was asked to be there, so its absence is not what the caller did wrong.
                BlockError::NotFound { address } => BlockError::Unavailable {
                    operation,
                    address,
                    source: "a directory vanished while the object was written".into(),
                },
                error => error,
            }),
        )
    }

    /// Keeps the journal away from an object while it is changed in another way, after waiting until
    /// the journal holds nothing of it: a replay must not undo what happens now. Blocks.
    pub(super) fn claim(&self, location: &Location) -> io::Result<Claim<'_>> {
        let key = fingerprint(location);
        let mut state = self.shared.state.lock();
        state.claim(key);
        // From here on it is given back whatever happens.
        let claim = Claim::new(&self.shared.state, key);
        let waited = match state.live(key) {
            Some(change) => self.wait(&mut state, change),
            None => Ok(()),
        };
        // Before the claim could go, which takes the same lock.
        drop(state);
        waited.map(|()| claim)
    }

    /// Makes everything so far durable without the journal. Blocks.
    pub(super) fn settle(&self) -> io::Result<()> {
        let mut state = self.shared.state.lock();
        let newest = state.newest();
        self.wait(&mut state, newest)
    }

    fn wait(&self, state: &mut parking_lot::MutexGuard<'_, State>, change: u64) -> io::Result<()> {
        let failures = state.failures();
        while !state.is_settled(change) {
            if state.failures() != failures || state.is_stopping() {
                return Err(io::Error::other("the file system could not be synced"));
            }
            state.want_checkpoint();
            self.shared.due.notify_one();
            self.shared.settled.wait(state);
        }
        Ok(())
    }
}

impl Drop for Journal {
    /// Ends the threads after the last batch. Nothing is synced: what is in the journal is safe, and
    /// the next process to open the store replays it.
    fn drop(&mut self) {
        self.shared.state.lock().stop();
        self.shared.work.notify_all();
        self.shared.due.notify_all();
        self.shared.settled.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the journal has panicked");
            }
        }
    }
}

impl Shared {
    fn file_name(&self, number: u64) -> String {
        format!("{DIR}/{}-{number:08x}", self.core.instance())
    }
}
