//! Files in memory that lose what was not synced.
//!
//! Every operation that changes something is counted. [`CrashFs::stop_after`] pulls the plug at a
//! chosen one; [`CrashFs::after_crash`] is what the disk then holds. What was synced is always there.
//! Of the rest a seed decides, entry by entry and file by file, for the worst a file system may do: names
//! appear in any order, and unsynced bytes are lost in part.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use lakefs_runtime::Timestamp;
use parking_lot::Mutex;

use crate::{FileStat, Fs, FsFile};

/// What a disk writes in one step.
const SECTOR: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    File(u64),
    Dir(u64),
}

#[derive(Debug, Clone, Default)]
struct File {
    bytes: Vec<u8>,
    synced: Vec<u8>,
    modified: Timestamp,
}

#[derive(Debug, Clone, Default)]
struct Dir {
    names: BTreeMap<String, Node>,
    synced: BTreeMap<String, Node>,
}

#[derive(Debug, Clone, Default)]
struct State {
    files: HashMap<u64, File>,
    dirs: HashMap<u64, Dir>,
    next: u64,
    changes: u64,
    listings: u64,
    stop_after: Option<u64>,
    full: bool,
    lies: bool,
    cannot_sync: bool,
}

/// Files that can lose power. Clones share them.
#[derive(Debug, Clone)]
pub struct CrashFs {
    state: Arc<Mutex<State>>,
}

impl Default for CrashFs {
    fn default() -> Self {
        let mut state = State::default();
        state.dirs.insert(0, Dir::default());
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }
}

impl CrashFs {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes every operation fail once this many changes were made in all.
    pub fn stop_after(&self, changes: u64) {
        self.state.lock().stop_after = Some(changes);
    }

    /// Changes made so far.
    pub fn changes(&self) -> u64 {
        self.state.lock().changes
    }

    /// Directories read so far.
    pub fn listings(&self) -> u64 {
        self.state.lock().listings
    }

    /// Whether the plug was pulled.
    pub fn stopped(&self) -> bool {
        let state = self.state.lock();
        state.stop_after.is_some_and(|limit| state.changes >= limit)
    }

    /// Whether writing fails for lack of room.
    pub fn set_full(&self, full: bool) {
        self.state.lock().full = full;
    }

    /// Makes syncing everything at once fail. What was not synced by then is lost for good: the disk
    /// keeps what it had, as kernels do after an error of writing back.
    pub fn set_cannot_sync(&self, cannot: bool) {
        let mut state = self.state.lock();
        state.cannot_sync = cannot;
        if cannot {
            for file in state.files.values_mut() {
                file.bytes.clone_from(&file.synced);
            }
        }
    }

    /// Makes syncing a directory do nothing, to show that a test would notice.
    pub fn lie_about_directories(&self) {
        self.state.lock().lies = true;
    }

    /// The disk as found after losing power now. Seed 0 keeps only what was synced, seed 1 everything;
    /// others draw.
    #[must_use]
    pub fn after_crash(&self, seed: u64) -> Self {
        let mut draw = Draw(seed);
        let mut state = self.state.lock().clone();
        state.changes = 0;
        state.stop_after = None;
        state.cannot_sync = false;
        let mut dirs: Vec<_> = state.dirs.iter_mut().collect();
        dirs.sort_by_key(|(id, _)| **id);
        for (_, dir) in dirs {
            let names: BTreeSet<_> = dir.names.keys().chain(dir.synced.keys()).cloned().collect();
            for name in names {
                let (new, old) = (
                    dir.names.get(&name).copied(),
                    dir.synced.get(&name).copied(),
                );
                let kept = if new == old || draw.keeps() { new } else { old };
                match kept {
                    Some(node) => dir.synced.insert(name, node),
                    None => dir.synced.remove(&name),
                };
            }
            dir.names.clone_from(&dir.synced);
        }
        // Files without a name are gone.
        let named: BTreeSet<u64> = state
            .dirs
            .values()
            .flat_map(|dir| dir.names.values())
            .filter_map(|node| match node {
                Node::File(id) => Some(*id),
                Node::Dir(_) => None,
            })
            .collect();
        state.files.retain(|id, _| named.contains(id));
        let mut files: Vec<_> = state.files.iter_mut().collect();
        files.sort_by_key(|(id, _)| **id);
        for (_, file) in files {
            if file.bytes != file.synced && draw.keeps() {
                let unsynced = file.bytes.len().saturating_sub(file.synced.len());
                let kept = file.bytes.len() - draw.below(unsynced);
                file.synced = draw.mixed(file, kept);
            }
            file.bytes.clone_from(&file.synced);
        }
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn change<T>(&self, work: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.state.lock();
        state.alive()?;
        state.changes += 1;
        work(&mut state)
    }

    fn look<T>(&self, work: impl FnOnce(&State) -> io::Result<T>) -> io::Result<T> {
        let state = self.state.lock();
        state.alive()?;
        work(&state)
    }
}

/// Draws from a seed.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        self.0 >> 33
    }

    fn keeps(&mut self) -> bool {
        match self.0 {
            0 => false,
            1 => true,
            _ => self.next().is_multiple_of(2),
        }
    }

    /// The bytes of a file of which some sectors came to disk and others did not.
    fn mixed(&mut self, file: &File, length: usize) -> Vec<u8> {
        let mut bytes = file.bytes.get(..length).unwrap_or_default().to_vec();
        for (number, sector) in bytes.chunks_mut(SECTOR).enumerate() {
            let at = number * SECTOR;
            let old = file.synced.get(at..).unwrap_or_default();
            let old = old.get(..sector.len()).unwrap_or(old);
            if *old != *sector && !self.keeps() {
                // What was never written reads as zeros.
                sector.fill(0);
                for (to, from) in sector.iter_mut().zip(old) {
                    *to = *from;
                }
            }
        }
        bytes
    }

    fn below(&mut self, limit: usize) -> usize {
        match self.0 {
            0 | 1 => 0,
            _ => usize::try_from(self.next()).unwrap_or(0) % (limit + 1),
        }
    }
}

impl State {
    fn alive(&self) -> io::Result<()> {
        match self.stop_after {
            Some(limit) if self.changes >= limit => Err(io::Error::other("power lost")),
            _ => Ok(()),
        }
    }

    fn room(&self) -> io::Result<()> {
        if self.full {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }

    fn dir_id(&self, path: &str) -> io::Result<u64> {
        let mut at = 0;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            at = match self.dirs.get(&at).and_then(|dir| dir.names.get(name)) {
                Some(Node::Dir(id)) => *id,
                Some(Node::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
                None => return Err(io::ErrorKind::NotFound.into()),
            };
        }
        Ok(at)
    }

    fn parent<'p>(&self, path: &'p str) -> io::Result<(u64, &'p str)> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok((self.dir_id(parent)?, name))
    }

    fn find(&self, path: &str) -> io::Result<Node> {
        let (parent, name) = self.parent(path)?;
        let found = self.dirs.get(&parent).and_then(|dir| dir.names.get(name));
        found.copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn file_id(&self, path: &str) -> io::Result<u64> {
        match self.find(path)? {
            Node::File(id) => Ok(id),
            Node::Dir(_) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn names(&mut self, dir: u64) -> io::Result<&mut BTreeMap<String, Node>> {
        let dir = self.dirs.get_mut(&dir).ok_or(io::ErrorKind::NotFound)?;
        Ok(&mut dir.names)
    }

    fn add(&mut self, path: &str, node: Node) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        let names = self.names(parent)?;
        if names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        names.insert(name.to_owned(), node);
        Ok(())
    }

    fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Fs for CrashFs {
    fn create(&self, path: &str) -> io::Result<Box<dyn FsFile>> {
        let id = self.change(|state| {
            state.room()?;
            let id = state.fresh();
            state.add(path, Node::File(id))?;
            state.files.insert(id, File::default());
            Ok(id)
        })?;
        Ok(Box::new(Open {
            fs: self.clone(),
            id,
        }))
    }

    fn create_sized(&self, path: &str, bytes: u64) -> io::Result<Box<dyn FsFile>> {
        let file = self.create(path)?;
        let bytes = usize::try_from(bytes).map_err(|_| io::ErrorKind::StorageFull)?;
        if bytes > 0 {
            file.append(&vec![0; bytes])?;
        }
        Ok(file)
    }

    fn open(&self, path: &str) -> io::Result<Arc<dyn FsFile>> {
        let id = self.look(|state| state.file_id(path))?;
        Ok(Arc::new(Open {
            fs: self.clone(),
            id,
        }))
    }

    fn stat(&self, path: &str) -> io::Result<FileStat> {
        self.open(path)?.stat()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change(|state| {
            let id = state.file_id(from)?;
            let ((from_dir, from_name), (to_dir, to_name)) =
                (state.parent(from)?, state.parent(to)?);
            match state.names(to_dir)?.get(to_name) {
                Some(Node::Dir(_)) => return Err(io::ErrorKind::IsADirectory.into()),
                // Two names of one file: nothing happens, says POSIX.
                Some(Node::File(other)) if *other == id => return Ok(()),
                _ => {}
            }
            state.names(from_dir)?.remove(from_name);
            state
                .names(to_dir)?
                .insert(to_name.to_owned(), Node::File(id));
            Ok(())
        })
    }

    fn hard_link(&self, from: &str, to: &str) -> io::Result<()> {
        self.change(|state| {
            let id = state.file_id(from)?;
            state.add(to, Node::File(id))
        })
    }

    fn remove_file(&self, path: &str) -> io::Result<()> {
        self.change(|state| {
            state.file_id(path)?;
            let (parent, name) = state.parent(path)?;
            state.names(parent)?.remove(name);
            Ok(())
        })
    }

    fn make_dir(&self, path: &str) -> io::Result<()> {
        self.change(|state| {
            match state.find(path) {
                Ok(Node::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
                Ok(Node::Dir(_)) => return Err(io::ErrorKind::AlreadyExists.into()),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Err(_) => {}
            }
            state.room()?;
            let id = state.fresh();
            state.add(path, Node::Dir(id))?;
            state.dirs.insert(id, Dir::default());
            Ok(())
        })
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        self.change(|state| {
            let id = state.dir_id(path)?;
            if !state.names(id)?.is_empty() {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            let (parent, name) = state.parent(path)?;
            state.names(parent)?.remove(name);
            Ok(())
        })
    }

    fn list_dir(&self, path: &str) -> io::Result<Vec<String>> {
        self.state.lock().listings += 1;
        self.look(|state| {
            let id = state.dir_id(path)?;
            let dir = state.dirs.get(&id).ok_or(io::ErrorKind::NotFound)?;
            Ok(dir.names.keys().cloned().collect())
        })
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        self.change(|state| {
            let id = state.dir_id(path)?;
            let lies = state.lies;
            let dir = state.dirs.get_mut(&id).ok_or(io::ErrorKind::NotFound)?;
            if !lies {
                dir.synced.clone_from(&dir.names);
            }
            Ok(())
        })
    }

    fn can_sync_all(&self) -> bool {
        true
    }

    fn sync_all(&self) -> io::Result<()> {
        self.change(|state| {
            if state.cannot_sync {
                return Err(io::Error::other("a failing disk"));
            }
            let lies = state.lies;
            for dir in state.dirs.values_mut().filter(|_| !lies) {
                dir.synced.clone_from(&dir.names);
            }
            for file in state.files.values_mut() {
                file.synced.clone_from(&file.bytes);
            }
            Ok(())
        })
    }

    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Send + Sync>>> {
        match self.create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => drop(created?),
        }
        // Whoever held it is gone: it crashed.
        Ok(Some(Box::new(())))
    }

    fn real_path(&self, _path: &str) -> Option<PathBuf> {
        None
    }
}

#[derive(Debug)]
struct Open {
    fs: CrashFs,
    id: u64,
}

impl Open {
    fn change<T>(&self, work: impl FnOnce(&mut File) -> T) -> io::Result<T> {
        self.fs.change(|state| {
            let file = state
                .files
                .get_mut(&self.id)
                .ok_or(io::ErrorKind::NotFound)?;
            Ok(work(file))
        })
    }

    fn look<T>(&self, work: impl FnOnce(&File) -> T) -> io::Result<T> {
        self.fs.look(|state| {
            let file = state.files.get(&self.id).ok_or(io::ErrorKind::NotFound)?;
            Ok(work(file))
        })
    }
}

impl FsFile for Open {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.fs.look(State::room)?;
        self.change(|file| file.bytes.extend_from_slice(bytes))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.fs.look(State::room)?;
        self.change(|file| {
            let from = usize::try_from(offset).unwrap_or(usize::MAX);
            let end = from + bytes.len();
            if file.bytes.len() < end {
                file.bytes.resize(end, 0);
            }
            if let Some(place) = file.bytes.get_mut(from..end) {
                place.copy_from_slice(bytes);
            }
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.change(|file| file.synced.clone_from(&file.bytes))
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        self.look(|file| {
            let from =
                usize::try_from(offset).map_or(file.bytes.len(), |o| o.min(file.bytes.len()));
            let rest = file.bytes.get(from..).unwrap_or_default();
            Bytes::copy_from_slice(rest.get(..length).unwrap_or(rest))
        })
    }

    fn stat(&self) -> io::Result<FileStat> {
        self.look(|file| FileStat {
            size: file.bytes.len() as u64,
            modified: file.modified,
        })
    }

    fn set_modified(&self, modified: Timestamp) -> io::Result<()> {
        self.change(|file| {
            file.modified = modified;
            file.synced.clone_from(&file.bytes);
        })
    }
}
