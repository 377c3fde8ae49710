//! The committer: writes batches, puts their changes in place, answers.

use std::collections::VecDeque;
use std::io;

use super::Shared;
use super::apply::{Applier, remove};
use super::batch::{Builder, Found, Header, Record, decode};
use super::state::{Item, Progress, Turn, Work, fingerprint};
use crate::FsFile;
use crate::local::path::Place;

/// A file of the journal.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: String,
    pub(super) file: Box<dyn FsFile>,
    /// Whether its bytes are allocated already.
    pub(super) prepared: bool,
    used: u64,
    last_batch: u64,
}

impl Segment {
    pub(super) fn new(path: String, file: Box<dyn FsFile>, prepared: bool) -> Self {
        Self {
            path,
            file,
            prepared,
            used: 0,
            last_batch: 0,
        }
    }
}

/// Runs until the journal is stopped and its queue is empty.
pub(super) fn run(shared: &Shared) {
    let _ending = Ending {
        shared,
        is_committer: true,
    };
    let mut committer = Committer {
        shared,
        applier: Applier::default(),
        active: None,
        closed: VecDeque::new(),
        number: 0,
        acknowledged: 0,
        settled: 0,
    };
    while let Some(turn) = shared.next_turn() {
        committer.take(turn);
    }
    if let Err(error) = committer.tidy_up() {
        tracing::warn!(%error, "a journal left behind");
    }
}

/// Nobody may wait for a thread that has ended: what comes later goes the long way.
pub(super) struct Ending<'a> {
    pub(super) shared: &'a Shared,
    pub(super) is_committer: bool,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.stop();
        // Empty, but after a panic. The other thread leaves it to the committer.
        let left = self.is_committer.then(|| state.drop_queue());
        drop(state);
        drop(left);
        self.shared.work.notify_all();
        self.shared.due.notify_all();
        self.shared.settled.notify_all();
    }
}

impl Shared {
    fn next_turn(&self) -> Option<Turn> {
        let mut state = self.state.lock();
        loop {
            if let Some(turn) = state.take_turn() {
                return Some(turn);
            }
            if state.is_stopping() {
                return None;
            }
            self.work.wait(&mut state);
        }
    }
}

struct Committer<'a> {
    shared: &'a Shared,
    applier: Applier,
    active: Option<Segment>,
    /// Segments that are full or failed, oldest first.
    closed: VecDeque<Segment>,
    /// Of the last batch written.
    number: u64,
    acknowledged: u64,
    settled: u64,
}

impl Committer<'_> {
    fn take(&mut self, turn: Turn) {
        if turn.repair {
            match self.repair() {
                Ok(()) => self.shared.state.lock().repaired(),
                Err(error) => {
                    tracing::error!(%error, "what may be lost could not be put in place again");
                    self.shared.state.lock().repair_failed();
                    // Whoever waits for a checkpoint waits for this.
                    self.shared.settled.notify_all();
                }
            }
        }
        let mut items = turn.items;
        let newest = items.last().map(|item| item.change);
        // Whoever has gone wants nothing stored; a removal has nothing to take back.
        items.retain(|item| !(matches!(item.work, Work::Put(_)) && item.is_called_off()));
        let mut builder = Builder::new();
        for item in &items {
            match &item.work {
                Work::Put(body) => builder.put(item.change, &item.location, body),
                Work::Remove => builder.remove(item.change, &item.location),
                Work::Void(change) => builder.void(*change),
            }
        }
        if let Some(mark) = turn.mark {
            self.settled = self.settled.max(mark.batch);
        }
        if builder.is_empty() && turn.mark.is_none() {
            return self.progress(newest);
        }
        let written = self.write(builder);
        if written.is_ok() {
            self.acknowledged = self.number;
        }
        if let Some(mark) = turn.mark {
            self.end_checkpoint(mark, &written);
        }
        for item in items {
            let outcome = match &written {
                Ok(()) => self.apply(&item),
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            };
            if let Some(reply) = item.reply {
                // The caller may be gone; then nobody needs to know.
                drop(reply.send(outcome));
            }
        }
        self.progress(newest);
    }

    fn progress(&self, newest: Option<u64>) {
        let Some(change) = newest else { return };
        let mut state = self.shared.state.lock();
        state.applied(Progress {
            batch: self.number,
            change,
        });
        drop(state);
        self.shared.due.notify_one();
    }

    /// Puts a change in place. One that cannot be is taken back in the journal too, so that no replay
    /// stumbles over it.
    fn apply(&mut self, item: &Item) -> io::Result<()> {
        let core = &self.shared.core;
        let outcome = match &item.work {
            Work::Put(body) => self.applier.put(core, &item.place, body),
            Work::Remove => remove(core, &item.place),
            Work::Void(_) => Ok(()),
        };
        if outcome.is_err() {
            self.shared.state.lock().void(item);
        }
        outcome
    }

    /// Writes a batch and syncs it.
    fn write(&mut self, builder: Builder) -> io::Result<()> {
        self.number += 1;
        let header = Header {
            number: self.number,
            previous: self.acknowledged,
            settled: self.settled,
        };
        let bytes = builder.finish(self.shared.core.instance(), header);
        let length = bytes.len() as u64;
        self.make_room(length)?;
        let Some(active) = &mut self.active else {
            return Err(io::ErrorKind::NotFound.into());
        };
        active.last_batch = self.number;
        let written = active
            .file
            .write_at(active.used, &bytes)
            .and_then(|()| active.file.sync());
        match written {
            Ok(()) => active.used += length,
            // Whether it will be found there nobody knows; nothing may follow it.
            Err(_) => self.close_active(),
        }
        written
    }

    /// Makes sure that the active segment has room for so many bytes.
    fn make_room(&mut self, length: u64) -> io::Result<()> {
        let better = |state: &super::State, active: &Segment| {
            // The first one, made in a hurry, gives way to a prepared one.
            !active.prepared && state.has_spare()
        };
        if let Some(active) = &self.active {
            let full = active.used > 0 && active.used + length > self.shared.limits.segment_bytes;
            if full || better(&self.shared.state.lock(), active) {
                self.close_active();
            }
        }
        if self.active.is_some() {
            return Ok(());
        }
        let mut state = self.shared.state.lock();
        let spare = state.take_spare();
        if self.shared.limits.prepared {
            state.want_spare();
        }
        let number = state.next_segment();
        drop(state);
        self.shared.due.notify_one();
        let segment = match spare {
            Some(spare) => spare,
            None => self.shared.make_segment(number, 0)?,
        };
        self.active = Some(segment);
        self.count_segments();
        Ok(())
    }

    /// Writes no more to the active segment, and asks for a checkpoint while there is still room.
    fn close_active(&mut self) {
        self.closed.extend(self.active.take());
        self.count_segments();
        if self.closed.len() >= (self.shared.limits.segments / 4).max(1) {
            self.shared.state.lock().want_checkpoint();
            self.shared.due.notify_one();
        }
    }

    fn count_segments(&self) {
        let count = self.closed.len() + usize::from(self.active.is_some());
        self.shared.state.lock().set_segments(count);
    }

    /// The checkpoint is in the journal, or could not be written there.
    fn end_checkpoint(&mut self, mark: Progress, written: &io::Result<()>) {
        if written.is_ok() {
            while self
                .closed
                .front()
                .is_some_and(|segment| segment.last_batch <= mark.batch)
                && let Some(segment) = self.closed.pop_front()
            {
                // It says itself that nothing in it counts any more, so it may come back at a crash.
                if let Err(error) = self.shared.core.fs.remove_file(&segment.path) {
                    tracing::warn!(%error, path = segment.path, "a journal left behind");
                }
            }
            self.count_segments();
        }
        let mut state = self.shared.state.lock();
        match written {
            Ok(()) => state.settled(mark),
            Err(_) => state.mark_failed(),
        }
        drop(state);
        self.shared.settled.notify_all();
    }

    /// Leaves no files behind when nothing in them counts. The newest goes last, because it says so.
    fn tidy_up(&mut self) -> io::Result<()> {
        let core = &self.shared.core;
        let spare = {
            let mut state = self.shared.state.lock();
            if !state.is_settled(state.newest()) {
                return Ok(());
            }
            state.take_spare()
        };
        for segment in self.closed.drain(..).chain(spare) {
            core.fs.remove_file(&segment.path)?;
        }
        if let Some(active) = self.active.take() {
            core.fs.sync_dir(super::DIR)?;
            core.fs.remove_file(&active.path)?;
        }
        Ok(())
    }

    /// Puts the last change of every object in place again.
    fn repair(&mut self) -> io::Result<()> {
        let core = &self.shared.core;
        for segment in self.closed.iter().chain(&self.active) {
            let file = core.fs.open(&segment.path)?;
            let length = usize::try_from(segment.used).unwrap_or(usize::MAX);
            let mut bytes = file.read_at(0, length)?;
            while let Found::Batch(header, records, length) = decode(core.instance(), &bytes) {
                bytes = bytes.slice(length..);
                if header.number <= self.settled {
                    continue;
                }
                for record in records {
                    let (change, location, body) = match record {
                        Record::Put {
                            change,
                            location,
                            body,
                        } => (change, location, Some(body)),
                        Record::Remove { change, location } => (change, location, None),
                        Record::Void { .. } => continue,
                    };
                    let last = self.shared.state.lock().live(fingerprint(&location));
                    if last != Some(change) {
                        continue;
                    }
                    let place = Place::of(&location);
                    match body {
                        Some(body) => self.applier.put(core, &place, &body)?,
                        None => remove(core, &place)?,
                    }
                }
            }
        }
        Ok(())
    }
}
