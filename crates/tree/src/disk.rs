//! Copies of remote tables on local disk, bounded by bytes, oldest use first out.
//!
//! Tables never change and are named by their content, so a copy needs no validation against its
//! origin. Nothing is synced: a copy found from an earlier process is read whole and checked before it
//! is trusted, and simply downloaded again when it is damaged. The directory belongs to one process.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use crate::cache::TableKey;
use crate::config::DiskCacheConfig;

/// Files of an unfinished download end with this.
const PARTIAL: &str = ".partial";

#[derive(Debug)]
pub(crate) struct DiskCache {
    directory: PathBuf,
    capacity: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the directory was looked through.
    scanned: bool,
    files: HashMap<String, Kept>,
    by_use: BTreeMap<u64, String>,
    clock: u64,
    total: u64,
    partials: u64,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    size: u64,
    used: u64,
    /// Written or checked by this process.
    trusted: bool,
}

/// A copy that was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) file: File,
    pub(crate) size: u64,
    /// Whether its content need not be checked.
    pub(crate) trusted: bool,
}

impl DiskCache {
    pub(crate) fn new(config: &DiskCacheConfig) -> Self {
        Self {
            directory: config.directory.clone(),
            capacity: config.capacity_bytes,
            state: Mutex::default(),
        }
    }

    fn name(key: &TableKey) -> String {
        let namespace = Sha256::digest(key.namespace.as_str().as_bytes());
        let short = namespace.get(..8).map(hex::encode).unwrap_or_default();
        format!("{short}-{}", key.id)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Takes over what an earlier process left: whole copies stay, untrusted, unfinished ones go.
    fn scan(&self, state: &mut State) -> std::io::Result<()> {
        if state.scanned {
            return Ok(());
        }
        fs::create_dir_all(&self.directory)?;
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.ends_with(PARTIAL) {
                remove(&entry.path())?;
            } else if metadata.is_file() {
                state.keep(name, metadata.len(), false);
            }
        }
        state.scanned = true;
        self.evict(state)
    }

    /// The copy of a table, if there is one. Blocking.
    pub(crate) fn open(&self, key: &TableKey) -> std::io::Result<Option<Found>> {
        let name = Self::name(key);
        let mut state = self.state.lock();
        self.scan(&mut state)?;
        let Some(kept) = state.touch(&name) else {
            return Ok(None);
        };
        match File::open(self.path(&name)) {
            Ok(file) => Ok(Some(Found {
                file,
                size: kept.size,
                trusted: kept.trusted,
            })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                state.forget(&name);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Stores a copy and opens it. Blocking.
    pub(crate) fn insert(&self, key: &TableKey, chunks: &[Bytes]) -> std::io::Result<Found> {
        let name = Self::name(key);
        let partial = {
            let mut state = self.state.lock();
            self.scan(&mut state)?;
            state.partials += 1;
            self.path(&format!("{name}.{}{PARTIAL}", state.partials))
        };
        let written = Self::write(&partial, chunks);
        let (file, size) = match written {
            Ok(written) => written,
            Err(error) => {
                // Best effort: what cannot be removed now goes at the next start.
                drop(remove(&partial));
                return Err(error);
            }
        };
        fs::rename(&partial, self.path(&name))?;
        let mut state = self.state.lock();
        state.keep(name, size, true);
        self.evict(&mut state)?;
        Ok(Found {
            file,
            size,
            trusted: true,
        })
    }

    fn write(path: &Path, chunks: &[Bytes]) -> std::io::Result<(File, u64)> {
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        let mut size = 0;
        for chunk in chunks {
            file.write_all(chunk)?;
            size += chunk.len() as u64;
        }
        Ok((file, size))
    }

    /// Says that a copy was read whole and is fine.
    pub(crate) fn trust(&self, key: &TableKey) {
        if let Some(kept) = self.state.lock().files.get_mut(&Self::name(key)) {
            kept.trusted = true;
        }
    }

    /// Forgets a damaged copy. Blocking.
    pub(crate) fn remove(&self, key: &TableKey) -> std::io::Result<()> {
        let name = Self::name(key);
        self.state.lock().forget(&name);
        remove(&self.path(&name))
    }

    /// Removes least recently used copies until the rest fits. Readers that have them open go on.
    fn evict(&self, state: &mut State) -> std::io::Result<()> {
        while state.total > self.capacity {
            let Some(name) = state.by_use.values().next().cloned() else {
                break;
            };
            state.forget(&name);
            remove(&self.path(&name))?;
        }
        Ok(())
    }
}

impl State {
    fn keep(&mut self, name: String, size: u64, trusted: bool) {
        self.forget(&name);
        self.clock += 1;
        self.total += size;
        self.by_use.insert(self.clock, name.clone());
        let used = self.clock;
        self.files.insert(
            name,
            Kept {
                size,
                used,
                trusted,
            },
        );
    }

    fn touch(&mut self, name: &str) -> Option<Kept> {
        let kept = self.files.get_mut(name)?;
        self.clock += 1;
        let entry = self.by_use.remove(&kept.used);
        kept.used = self.clock;
        self.by_use
            .insert(self.clock, entry.unwrap_or_else(|| name.to_owned()));
        Some(*kept)
    }

    fn forget(&mut self, name: &str) {
        if let Some(kept) = self.files.remove(name) {
            self.by_use.remove(&kept.used);
            self.total -= kept.size;
        }
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use lakefs_types::StorageNamespace;

    use super::*;

    fn key(id: &str) -> TableKey {
        TableKey {
            namespace: StorageNamespace::new("s3://bucket").unwrap(),
            id: id.into(),
        }
    }

    fn cache(directory: &Path) -> DiskCache {
        DiskCache::new(&DiskCacheConfig {
            directory: directory.join("tables"),
            capacity_bytes: 25,
        })
    }

    #[test]
    fn the_least_recently_used_copy_goes_first() {
        let directory = tempfile::tempdir().unwrap();
        let cache = cache(directory.path());
        let ten = [Bytes::from_static(b"12345"), Bytes::from_static(b"67890")];
        cache.insert(&key("a"), &ten).unwrap();
        cache.insert(&key("b"), &ten).unwrap();
        assert!(cache.open(&key("a")).unwrap().unwrap().trusted);
        cache.insert(&key("c"), &ten).unwrap();
        assert!(cache.open(&key("b")).unwrap().is_none());
        assert!(cache.open(&key("a")).unwrap().is_some());
        assert_eq!(
            fs::read_dir(directory.path().join("tables"))
                .unwrap()
                .count(),
            2
        );
    }

    #[test]
    fn copies_of_an_earlier_process_are_found_but_not_trusted() {
        let directory = tempfile::tempdir().unwrap();
        cache(directory.path())
            .insert(&key("a"), &[Bytes::from_static(b"x")])
            .unwrap();
        fs::write(directory.path().join("tables/b.1.partial"), b"half").unwrap();
        let again = cache(directory.path());
        let found = again.open(&key("a")).unwrap().unwrap();
        assert_eq!((found.size, found.trusted), (1, false));
        again.trust(&key("a"));
        assert!(again.open(&key("a")).unwrap().unwrap().trusted);
        assert_eq!(
            fs::read_dir(directory.path().join("tables"))
                .unwrap()
                .count(),
            1
        );
        again.remove(&key("a")).unwrap();
        assert!(again.open(&key("a")).unwrap().is_none());
    }
}
