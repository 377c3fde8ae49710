//! Syncing a directory once for all who wait for it.
//!
//! Writers of one partition share its directory, and every one of them must see it synced after its own
//! rename. Whoever comes while a sync runs may be too late for that one, so it waits for the next,
//! which then serves all who came meanwhile.

use std::collections::HashMap;
use std::io;

use parking_lot::{Condvar, Mutex};

#[derive(Debug, Default)]
struct Queue {
    /// Syncs begun so far; each has its number.
    begun: u64,
    /// Number of the last that succeeded.
    done: u64,
    /// Number of the last that failed, and how.
    failed: Option<(u64, io::ErrorKind)>,
    running: bool,
    waiting: usize,
}

/// Joins syncs of the same directory.
#[derive(Debug, Default)]
pub(super) struct DirSyncs {
    queues: Mutex<HashMap<String, Queue>>,
    turned: Condvar,
}

impl DirSyncs {
    /// Answers after a run of `sync` that began after this call did.
    pub(super) fn run(&self, path: &str, sync: impl Fn() -> io::Result<()>) -> io::Result<()> {
        let mut queues = self.queues.lock();
        let queue = queues.entry(path.to_owned()).or_default();
        queue.waiting += 1;
        let mine = queue.begun + 1;
        let outcome = loop {
            let Some(queue) = queues.get_mut(path) else {
                break Err(io::ErrorKind::NotFound.into());
            };
            // A failure comes first: a later success says nothing of what the failed one lost.
            if let Some((_, kind)) = queue.failed.filter(|(number, _)| *number >= mine) {
                break Err(kind.into());
            }
            if queue.done >= mine {
                break Ok(());
            }
            if queue.running {
                self.turned.wait(&mut queues);
                continue;
            }
            queue.running = true;
            queue.begun += 1;
            let number = queue.begun;
            drop(queues);
            let outcome = sync();
            queues = self.queues.lock();
            if let Some(queue) = queues.get_mut(path) {
                queue.running = false;
                match &outcome {
                    Ok(()) => queue.done = number,
                    Err(error) => queue.failed = Some((number, error.kind())),
                }
            }
            self.turned.notify_all();
            break outcome;
        };
        if let Some(queue) = queues.get_mut(path) {
            queue.waiting -= 1;
            if queue.waiting == 0 {
                queues.remove(path);
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, mpsc};

    use super::*;

    /// One sync runs and holds; `others` more callers come; then it is let go, and those after it fail
    /// if asked to. Answers how many ran and what the callers were told.
    fn crowd(others: usize, fails: bool) -> (u32, Vec<bool>) {
        let syncs = Arc::new(DirSyncs::default());
        let runs = Arc::new(AtomicU32::new(0));
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let (begun, first_runs) = mpsc::channel::<()>();
        let caller = |first: bool| {
            let (syncs, runs) = (Arc::clone(&syncs), Arc::clone(&runs));
            let (held, begun) = (Arc::clone(&held), begun.clone());
            lakefs_runtime::spawn_thread("caller", move || {
                let outcome = syncs.run("dir", || {
                    runs.fetch_add(1, Ordering::SeqCst);
                    if first {
                        begun.send(()).unwrap();
                        held.lock().recv().unwrap();
                    } else if fails {
                        return Err(io::ErrorKind::StorageFull.into());
                    }
                    Ok(())
                });
                outcome.is_ok()
            })
            .unwrap()
        };
        let first = caller(true);
        first_runs.recv().unwrap();
        let late: Vec<_> = (0..others).map(|_| caller(false)).collect();
        while syncs.queues.lock()["dir"].waiting < others + 1 {
            std::thread::yield_now();
        }
        release.send(()).unwrap();
        assert!(first.join().unwrap());
        let told = late.into_iter().map(|caller| caller.join().unwrap());
        let told = told.collect();
        assert!(syncs.queues.lock().is_empty());
        (runs.load(Ordering::SeqCst), told)
    }

    #[test]
    fn all_who_come_during_a_sync_share_the_next() {
        assert_eq!(crowd(20, false), (2, vec![true; 20]));
    }

    #[test]
    fn a_failure_is_told_to_all_who_shared_it() {
        assert_eq!(crowd(20, true), (2, vec![false; 20]));
        let syncs = DirSyncs::default();
        let full = || Err(io::ErrorKind::StorageFull.into());
        assert!(syncs.run("dir", full).is_err());
        assert!(
            syncs.run("dir", || Ok(())).is_ok(),
            "who comes later is not told of it"
        );
    }
}
