//! Where files are made before they get their names, and in which directory of it.
//!
//! A file system mostly keeps a file near the directory it was made in. On ext4 without a journal of its
//! own, making one passes by every file of that region that was removed in the last minutes, so that after
//! many removals it takes up to a hundred times as long. Directories here are asked to lie apart from each
//! other, and while making files is slow another one is taken.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::fs::{Fs, FsFile};

/// Directories that are taken in turn.
const DIRECTORIES: usize = 64;
/// Files after which it is judged how long they took to make.
const WINDOW: u32 = 16;
/// On average; ten files are made in this time elsewhere.
const SLOW: Duration = Duration::from_micros(150);
/// Most slow windows that go by before the next directory is tried: where all are slow, it is not that.
const MOST_PATIENCE: u32 = 4096;

/// The working directory of a process.
#[derive(Debug)]
pub(super) struct Scratch {
    root: String,
    directory: AtomicUsize,
    next_name: AtomicU64,
    pace: Mutex<Pace>,
}

/// How making files has gone lately.
#[derive(Debug, Default)]
struct Pace {
    files: u32,
    spent: Duration,
    /// Slow windows to go before the next directory is tried, and after it the next.
    wait: u32,
    patience: u32,
}

impl Scratch {
    /// Prepares an existing, empty directory.
    pub(super) fn open(fs: &dyn Fs, root: String) -> io::Result<Self> {
        fs.spread(&root);
        let scratch = Self {
            root,
            directory: AtomicUsize::new(0),
            next_name: AtomicU64::new(0),
            pace: Mutex::default(),
        };
        fs.make_dir(&scratch.path(0))?;
        Ok(scratch)
    }

    fn path(&self, directory: usize) -> String {
        format!("{}/{directory}", self.root)
    }

    /// A name that is free.
    pub(super) fn name(&self) -> String {
        let number = self.next_name.fetch_add(1, Ordering::Relaxed);
        let directory = self.directory.load(Ordering::Relaxed);
        format!("{}/{directory}/{number}", self.root)
    }

    /// Makes a file.
    pub(super) fn create(&self, fs: &dyn Fs) -> io::Result<(String, Box<dyn FsFile>)> {
        loop {
            let name = self.name();
            let started = Instant::now();
            match fs.create(&name) {
                Ok(file) => {
                    self.took(fs, started.elapsed());
                    return Ok((name, file));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Notes how long making a file took.
    fn took(&self, fs: &dyn Fs, time: Duration) {
        let mut pace = self.pace.lock();
        if !pace.is_time_to_move(time) {
            return;
        }
        let next = (self.directory.load(Ordering::Relaxed) + 1) % DIRECTORIES;
        match fs.make_dir(&self.path(next)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                tracing::debug!(%error, "no other working directory");
            }
            _ => self.directory.store(next, Ordering::Relaxed),
        }
    }
}

impl Pace {
    /// Notes a file; whether the next one should be made elsewhere.
    fn is_time_to_move(&mut self, time: Duration) -> bool {
        self.files += 1;
        self.spent += time;
        if self.files < WINDOW {
            return false;
        }
        let is_slow = self.spent > SLOW * WINDOW;
        (self.files, self.spent) = (0, Duration::ZERO);
        if !is_slow {
            (self.wait, self.patience) = (0, 0);
            return false;
        }
        if self.wait > 0 {
            self.wait -= 1;
            return false;
        }
        self.wait = self.patience;
        self.patience = (2 * self.patience + 1).min(MOST_PATIENCE);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::CrashFs;

    fn window(scratch: &Scratch, fs: &CrashFs, time: Duration) -> usize {
        for _ in 0..WINDOW {
            scratch.took(fs, time);
        }
        scratch.directory.load(Ordering::Relaxed)
    }

    #[test]
    fn slow_directories_are_left_and_fast_ones_kept() {
        let fs = CrashFs::new();
        fs.make_dir("scratch").unwrap();
        let scratch = Scratch::open(&fs, "scratch".to_owned()).unwrap();
        assert_eq!(window(&scratch, &fs, SLOW), 0);
        let (name, _) = scratch.create(&fs).unwrap();
        assert_eq!(name, "scratch/0/0");
        assert_eq!(window(&scratch, &fs, SLOW * 2), 1);
        assert_eq!(window(&scratch, &fs, SLOW / 2), 1);
        assert_eq!(window(&scratch, &fs, SLOW * 2), 2);
        let (name, _) = scratch.create(&fs).unwrap();
        assert_eq!(name, "scratch/2/1");
    }

    #[test]
    fn where_all_are_slow_few_are_tried_and_in_turn() {
        let fs = CrashFs::new();
        fs.make_dir("scratch").unwrap();
        let scratch = Scratch::open(&fs, "scratch".to_owned()).unwrap();
        let moves: Vec<_> = (0..16).map(|_| window(&scratch, &fs, SLOW * 2)).collect();
        assert_eq!(moves, [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5]);
        let last = (0..600_000).fold(0, |_, _| window(&scratch, &fs, SLOW * 2));
        assert!(last < DIRECTORIES);
        assert_eq!(fs.list_dir("scratch").unwrap().len(), DIRECTORIES);
    }
}
