//! The checkpointer: syncs the file system so that the journal can forget, and prepares segments.

use std::io;
use std::time::Instant;

use super::commit::{Ending, Segment};
use super::{DIR, RETRY, Shared};

/// Runs until the journal is stopped.
pub(super) fn run(shared: &Shared) {
    let _ending = Ending {
        shared,
        is_committer: false,
    };
    loop {
        let mut state = shared.state.lock();
        let covered = loop {
            if state.is_stopping() {
                return;
            }
            if state.spare_is_wanted() {
                let number = state.next_segment();
                drop(state);
                let spare = shared.make_segment(number, shared.limits.segment_bytes);
                if let Err(error) = &spare {
                    tracing::warn!(%error, "no segment of the journal could be prepared");
                }
                state = shared.state.lock();
                state.keep_spare(spare.ok());
                continue;
            }
            if let Some(covered) = state.checkpoint_due(&shared.limits) {
                break covered;
            }
            match state.checkpoint_at(&shared.limits) {
                Some(at) => drop(shared.due.wait_until(&mut state, at)),
                None => shared.due.wait(&mut state),
            }
        };
        drop(state);
        let synced = shared.core.fs.sync_all();
        let mut state = shared.state.lock();
        match synced {
            Ok(()) => {
                state.synced(covered);
                drop(state);
                shared.work.notify_one();
            }
            Err(error) => {
                tracing::error!(%error, "the file system cannot be synced; trying again");
                state.sync_failed();
                shared.settled.notify_all();
                // What a sync that succeeds now says of what was lost before is nothing: only after
                // everything is in place again may the next one count.
                while state.repair_again() && !state.is_stopping() {
                    shared.work.notify_one();
                    let again = Instant::now() + RETRY;
                    while !state.is_stopping()
                        && !shared.due.wait_until(&mut state, again).timed_out()
                    {
                    }
                }
            }
        }
    }
}

impl Shared {
    /// Makes a segment, with its bytes allocated if there are to be any.
    pub(super) fn make_segment(&self, number: u64, bytes: u64) -> io::Result<Segment> {
        let (fs, path) = (self.core.fs.as_ref(), self.file_name(number));
        let made = fs.create_sized(&path, bytes).and_then(|file| {
            file.sync()?;
            fs.sync_dir(DIR)?;
            Ok(file)
        });
        match made {
            Ok(file) => Ok(Segment::new(path, file, bytes > 0)),
            Err(error) => {
                // As good as nothing is in it.
                drop(fs.remove_file(&path));
                Err(error)
            }
        }
    }
}
