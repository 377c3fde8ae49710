//! The directory an embedded store lives in: who owns it, which format it has, who has it open.
//!
//! ```text
//! <path>/FORMAT   magic and version (u32 BE) of this layout
//! <path>/LOCK     locked while a process has the store open; holds its process id
//! <path>/engine/  the engine's own files
//! ```
//!
//! Everything is created so that a crash at any point leaves either nothing that counts or the
//! finished thing: `engine` is built under another name and renamed, `FORMAT` comes last.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::KvError;

const FORMAT_FILE: &str = "FORMAT";
const LOCK_FILE: &str = "LOCK";
const ENGINE_DIRECTORY: &str = "engine";
const PROBE_FILE: &str = "probe.tmp";

/// What a store writes into when it asks whether there is room again.
const PROBE_BYTES: usize = 1 << 20;

/// The whole of `FORMAT`: this magic and the version.
const MAGIC: [u8; 12] = *b"lakefs-rs-kv";
const VERSION: u32 = 1;
const FORMAT_BYTES: usize = MAGIC.len() + 4;

/// A store's directory, locked for this process.
#[derive(Debug)]
pub(super) struct StoreDirectory {
    root: PathBuf,
    /// Holds the lock until dropped.
    _lock: File,
}

/// Whether a store was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A finished store.
    Store,
    /// Nothing, or an unfinished beginning.
    Nothing,
}

impl StoreDirectory {
    /// Creates the directory if need be, locks it and checks that it is ours.
    pub(super) fn claim(root: &Path) -> Result<(Self, Found), KvError> {
        create_durably(root).map_err(|error| unusable(root, &error))?;
        refuse_foreign(root)?;
        let lock = lock(root)?;
        let found = match read_format(root)? {
            None => Found::Nothing,
            Some(VERSION) => Found::Store,
            Some(version) => {
                return Err(refused(
                    root,
                    format!(
                        "its format version is {version}, this program knows version {VERSION}; \
                         open it with a newer one"
                    ),
                ));
            }
        };
        let directory = Self {
            root: root.to_owned(),
            _lock: lock,
        };
        Ok((directory, found))
    }

    /// Where the engine's files are.
    pub(super) fn engine(&self) -> PathBuf {
        self.root.join(ENGINE_DIRECTORY)
    }

    /// Where a new engine is built before [`StoreDirectory::finish`].
    pub(super) fn unfinished_engine(&self) -> std::io::Result<PathBuf> {
        for leftover in [self.engine(), self.root.join("engine.tmp")] {
            match std::fs::remove_dir_all(&leftover) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(self.root.join("engine.tmp"))
    }

    /// Makes a freshly built engine count.
    pub(super) fn finish(&self, built: &Path) -> std::io::Result<()> {
        // The engine does not sync the directory that it makes its own directories in; after power
        // loss it would find a journal for a keyspace that is not there, and drop it.
        sync_directories(built)?;
        std::fs::rename(built, self.engine())?;
        sync_directory(&self.root)?;
        write_format(&self.root)
    }

    /// Whether the disk takes a durable write again.
    pub(super) fn probe_room(&self) -> std::io::Result<()> {
        let path = self.root.join(PROBE_FILE);
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(&vec![0x5a; PROBE_BYTES])?;
            file.sync_all()
        });
        std::fs::remove_file(&path).and(written)
    }
}

/// Makes the entries of a directory and of all directories below survive power loss.
fn sync_directories(path: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_directories(&entry.path())?;
        }
    }
    sync_directory(path)
}

/// Fails the way every refusal of a directory does.
pub(super) fn refused(root: &Path, reason: impl Into<String>) -> KvError {
    KvError::Refused {
        location: root.display().to_string(),
        reason: reason.into(),
    }
}

fn unusable(root: &Path, error: &std::io::Error) -> KvError {
    refused(root, error.to_string())
}

/// Creates a directory and its missing ancestors; each survives power loss once this answers.
fn create_durably(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        create_durably(parent)?;
    }
    match std::fs::create_dir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => {}
        created => created?,
    }
    sync_directory(path.parent().unwrap_or(Path::new("")))
}

/// Makes the entries of a directory survive power loss.
fn sync_directory(path: &Path) -> std::io::Result<()> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    File::open(path)?.sync_all()
}

/// Refuses a directory with files that are not ours, so that no other program's data is touched.
fn refuse_foreign(root: &Path) -> Result<(), KvError> {
    let unreadable = |error: std::io::Error| unusable(root, &error);
    let mut foreign = None;
    for entry in std::fs::read_dir(root).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let name = name.to_string_lossy();
        if is_badger(&name) {
            return Err(refused(
                root,
                format!(
                    "it holds the embedded database (badger) of another lakeFS server ({name}); \
                     choose another database.local.path, nothing was changed"
                ),
            ));
        }
        if !is_ours(&name) {
            foreign = Some(name.into_owned());
        }
    }
    if let Some(name) = foreign.filter(|_| !root.join(FORMAT_FILE).exists()) {
        return Err(refused(
            root,
            format!("it is not empty and holds no key-value store ({name}); nothing was changed"),
        ));
    }
    Ok(())
}

fn is_ours(name: &str) -> bool {
    matches!(
        name,
        "FORMAT" | "FORMAT.tmp" | "LOCK" | "engine" | "engine.tmp" | "probe.tmp" | "lost+found"
    )
}

/// Names that badger gives its files.
fn is_badger(name: &str) -> bool {
    let extension = Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str());
    matches!(name, "MANIFEST" | "KEYREGISTRY" | "DISCARD")
        || matches!(extension, Some("vlog" | "sst" | "mem"))
}

fn lock(root: &Path) -> Result<File, KvError> {
    let path = root.join(LOCK_FILE);
    let fail = |error: std::io::Error| unusable(&path, &error);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(fail)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            let owner = match file.read_to_string(&mut owner) {
                Ok(_) if !owner.is_empty() => format!("process {}", owner.trim_end()),
                _ => "another process".to_owned(),
            };
            return Err(refused(root, format!("{owner} has it open")));
        }
        Err(TryLockError::Error(error)) => return Err(fail(error)),
    }
    file.set_len(0).map_err(fail)?;
    writeln!(file, "{}", std::process::id()).map_err(fail)?;
    Ok(file)
}

/// The version in `FORMAT`, if there is one.
fn read_format(root: &Path) -> Result<Option<u32>, KvError> {
    let path = root.join(FORMAT_FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(&path, &error)),
    };
    let version = bytes
        .strip_prefix(&MAGIC)
        .and_then(|rest| rest.first_chunk::<4>());
    match version {
        // Later versions may append to the file; this one must not have anything behind it.
        Some(version) if bytes.len() == FORMAT_BYTES || u32::from_be_bytes(*version) > VERSION => {
            Ok(Some(u32::from_be_bytes(*version)))
        }
        _ => Err(KvError::Corrupt {
            detail: path.display().to_string(),
            source: "it does not hold a format version".into(),
        }),
    }
}

fn write_format(root: &Path) -> std::io::Result<()> {
    let unfinished = root.join("FORMAT.tmp");
    let mut file = File::create(&unfinished)?;
    file.write_all(&MAGIC)?;
    file.write_all(&VERSION.to_be_bytes())?;
    file.sync_all()?;
    std::fs::rename(&unfinished, root.join(FORMAT_FILE))?;
    sync_directory(root)
}

#[cfg(test)]
mod tests;
