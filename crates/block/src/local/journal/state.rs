//! What the callers, the committer and the checkpointer tell each other. Pure bookkeeping: nothing here
//! waits or does I/O.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::LazyLock;
use std::time::Instant;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::batch::record_bytes;
use super::commit::Segment;
use super::{BATCH_BYTES, JournalLimits, MAX_QUEUED};
use crate::Location;
use crate::local::path::Place;

/// What is to be done with an object.
#[derive(Debug)]
pub(super) enum Work {
    Put(Bytes),
    Remove,
    /// Tell that this change did not happen.
    Void(u64),
}

/// A queued change.
#[derive(Debug)]
pub(super) struct Item {
    /// Its number, given when it is queued.
    pub(super) change: u64,
    pub(super) location: Location,
    pub(super) place: Place,
    pub(super) work: Work,
    pub(super) reply: Option<oneshot::Sender<io::Result<()>>>,
}

impl Item {
    fn bytes(&self) -> usize {
        let body = match &self.work {
            Work::Put(body) => body.len(),
            Work::Remove | Work::Void(_) => 0,
        };
        record_bytes(&self.location, body)
    }

    /// Whether nobody waits for it any more.
    pub(super) fn is_called_off(&self) -> bool {
        self.reply.as_ref().is_some_and(oneshot::Sender::is_closed)
    }
}

/// How far the journal has come: a batch, and the last change in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) batch: u64,
    pub(super) change: u64,
}

/// What the committer is to do next.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) items: Vec<Item>,
    /// A checkpoint to write down.
    pub(super) mark: Option<Progress>,
    /// Put everything in place again that a failed sync may have lost.
    pub(super) repair: bool,
}

/// Whether what is in place may have been lost since.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Repair {
    #[default]
    Sound,
    /// The committer is to put it in place again.
    Wanted,
    /// It is at it, or has failed.
    Begun,
}

/// The state shared by all.
#[derive(Debug, Default)]
pub(super) struct State {
    queue: VecDeque<Item>,
    queued_bytes: usize,
    newest: u64,
    /// Objects with changes that are not settled, by fingerprint, with the last of these.
    live: HashMap<u64, u64>,
    claims: HashMap<u64, usize>,
    applied: Progress,
    synced: Progress,
    settled: Progress,
    /// When the oldest change that is not synced was put in place.
    unsynced_since: Option<Instant>,
    mark: Option<Progress>,
    wanted: bool,
    repair: Repair,
    failures: u64,
    /// Segments in use.
    segments: usize,
    next_segment: u64,
    spare: Option<Segment>,
    spare_wanted: bool,
    stopping: bool,
}

static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Stands for an object. Two with the same only wait for each other needlessly.
pub(super) fn fingerprint(location: &Location) -> u64 {
    HASHER.hash_one((&location.bucket, &location.key))
}

impl State {
    /// Queues a change, unless there is no room or the object is claimed.
    pub(super) fn offer(&mut self, mut item: Item, limits: &JournalLimits) -> bool {
        let key = fingerprint(&item.location);
        let full = self.segments >= limits.segments || self.queued_bytes >= MAX_QUEUED;
        if full || self.stopping || self.claims.contains_key(&key) {
            return false;
        }
        self.newest += 1;
        item.change = self.newest;
        self.live.insert(key, item.change);
        self.queued_bytes += item.bytes();
        self.queue.push_back(item);
        true
    }

    /// Tells in the journal that a change did not happen.
    pub(super) fn void(&mut self, item: &Item) {
        self.newest += 1;
        let void = Item {
            change: self.newest,
            location: item.location.clone(),
            place: item.place.clone(),
            work: Work::Void(item.change),
            reply: None,
        };
        self.queued_bytes += void.bytes();
        self.queue.push_back(void);
    }

    /// What the committer is to do now; `None` for nothing.
    pub(super) fn take_turn(&mut self) -> Option<Turn> {
        let mut turn = Turn {
            items: Vec::new(),
            mark: self.mark.take(),
            repair: self.repair == Repair::Wanted,
        };
        if turn.repair {
            self.repair = Repair::Begun;
        }
        let mut bytes = 0;
        while bytes < BATCH_BYTES
            && let Some(item) = self.queue.pop_front()
        {
            bytes += item.bytes();
            turn.items.push(item);
        }
        self.queued_bytes -= bytes;
        (!turn.items.is_empty() || turn.mark.is_some() || turn.repair).then_some(turn)
    }

    /// A batch ended, and so did its changes, well or badly.
    pub(super) fn applied(&mut self, progress: Progress) {
        self.applied = progress;
        if progress.change > self.synced.change && self.unsynced_since.is_none() {
            self.unsynced_since = Some(Instant::now());
        }
    }

    /// The last change to an object that is not settled.
    pub(super) fn live(&self, key: u64) -> Option<u64> {
        self.live.get(&key).copied()
    }

    pub(super) fn claim(&mut self, key: u64) {
        *self.claims.entry(key).or_default() += 1;
    }

    fn give_back(&mut self, key: u64) {
        if let Some(count) = self.claims.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.claims.remove(&key);
            }
        }
    }

    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    pub(super) fn is_settled(&self, change: u64) -> bool {
        change <= self.settled.change
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures
    }

    pub(super) fn want_checkpoint(&mut self) {
        self.wanted = true;
    }

    /// What a checkpoint beginning now will cover, if one is due.
    pub(super) fn checkpoint_due(&self, limits: &JournalLimits) -> Option<Progress> {
        let since = self.unsynced_since?;
        let many = self.applied.change - self.synced.change >= limits.changes;
        (self.wanted || many || since.elapsed() >= limits.age).then_some(self.applied)
    }

    /// When a checkpoint will be due, if nothing else happens.
    pub(super) fn checkpoint_at(&self, limits: &JournalLimits) -> Option<Instant> {
        Some(self.unsynced_since? + limits.age)
    }

    /// The file system was synced after all of this had been put in place.
    pub(super) fn synced(&mut self, progress: Progress) {
        self.synced = progress;
        self.mark = Some(progress);
        self.wanted = false;
        self.unsynced_since = (self.applied.change > progress.change).then(Instant::now);
    }

    /// Syncing failed: what was put in place may be lost.
    pub(super) fn sync_failed(&mut self) {
        self.failures += 1;
        self.repair = Repair::Wanted;
    }

    /// Everything is in place again.
    pub(super) fn repaired(&mut self) {
        // Unless syncing has failed once more.
        if self.repair == Repair::Begun {
            self.repair = Repair::Sound;
        }
    }

    /// Not everything could be put in place again.
    pub(super) fn repair_failed(&mut self) {
        self.failures += 1;
    }

    /// Asks for another repair if the last one failed. Answers whether one is needed.
    pub(super) fn repair_again(&mut self) -> bool {
        if self.repair == Repair::Begun {
            self.repair = Repair::Wanted;
        }
        self.repair != Repair::Sound
    }

    /// The checkpoint is written down: its changes are no longer in the journal.
    pub(super) fn settled(&mut self, progress: Progress) {
        self.settled = progress;
        self.live.retain(|_, change| *change > progress.change);
    }

    /// A checkpoint could not be written down; another one will be tried.
    pub(super) fn mark_failed(&mut self) {
        self.failures += 1;
        // In a while: what fails once will mostly fail again at once.
        self.wanted = false;
        self.unsynced_since = Some(Instant::now());
    }

    pub(super) fn next_segment(&mut self) -> u64 {
        self.next_segment += 1;
        self.next_segment
    }

    pub(super) fn set_segments(&mut self, count: usize) {
        self.segments = count;
    }

    pub(super) fn want_spare(&mut self) {
        self.spare_wanted = true;
    }

    pub(super) fn spare_is_wanted(&self) -> bool {
        self.spare_wanted && self.spare.is_none()
    }

    /// Puts a prepared segment aside; none if it could not be made.
    pub(super) fn keep_spare(&mut self, spare: Option<Segment>) {
        self.spare_wanted = false;
        self.spare = spare;
    }

    pub(super) fn take_spare(&mut self) -> Option<Segment> {
        self.spare.take()
    }

    pub(super) fn has_spare(&self) -> bool {
        self.spare.is_some()
    }

    pub(super) fn stop(&mut self) {
        self.stopping = true;
    }

    /// Gives up what is still queued, for the caller to drop outside of the lock: that tells who waits.
    pub(super) fn drop_queue(&mut self) -> VecDeque<Item> {
        self.queued_bytes = 0;
        std::mem::take(&mut self.queue)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping
    }
}

/// Keeps the journal away from an object while it lives.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    state: &'a Mutex<State>,
    key: u64,
}

impl<'a> Claim<'a> {
    pub(super) fn new(state: &'a Mutex<State>, key: u64) -> Self {
        Self { state, key }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.state.lock().give_back(self.key);
    }
}
