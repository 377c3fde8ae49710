//! The file operations a local store is made of, as a trait: the real ones are in `disk`, and a test
//! double that loses whatever was not synced is in `testing`.
//!
//! Paths are relative to the root, `/`-separated, made of plain names only. An operation through a
//! symbolic link that leaves the root fails with [`EscapesRoot`]. All calls block, but those that say so.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use lakefs_runtime::Timestamp;

/// A symbolic link below the root leads out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a symbolic link leads outside of the store's directory")]
pub(crate) struct EscapesRoot;

/// Facts about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// Size in bytes.
    pub size: u64,
    /// When its bytes were last written.
    pub modified: Timestamp,
}

/// What addresses, offsets and lengths are multiples of where the page cache is passed by: a page, which
/// is enough for every disk sector in use.
pub(crate) const DIRECT_ALIGNMENT: usize = 4096;

/// An open file.
pub trait FsFile: Send + Sync + std::fmt::Debug {
    /// Adds bytes at the end.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Adds bytes at the end past the page cache, where the file system can; else like
    /// [`FsFile::append`]. Address and length of the bytes and the end of the file are multiples of
    /// [`DIRECT_ALIGNMENT`]. Whether the cache was passed by.
    fn append_direct(&self, bytes: &[u8]) -> io::Result<bool> {
        self.append(bytes).map(|()| false)
    }

    /// Adds all bytes of another file of the same file system, inside the kernel where it can.
    fn append_file(&self, source: &dyn FsFile) -> io::Result<()> {
        let mut offset = 0;
        loop {
            let chunk = source.read_at(offset, 1 << 20)?;
            if chunk.is_empty() {
                return Ok(());
            }
            offset += chunk.len() as u64;
            self.append(&chunk)?;
        }
    }

    /// Writes bytes at a place, of a file made by [`Fs::create_sized`].
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes bytes and size survive power loss.
    fn sync(&self) -> io::Result<()>;

    /// Up to `length` bytes from `offset`; fewer only at the end.
    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes>;

    /// Fills a buffer from `offset` on, and returns how much that was; less only at the end.
    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.read_at(offset, buffer.len())?;
        if let Some(place) = buffer.get_mut(..bytes.len()) {
            place.copy_from_slice(&bytes);
        }
        Ok(bytes.len())
    }

    /// Like [`FsFile::read_into`], but past the page cache, where the file system can. `offset`, and
    /// address and length of the buffer, are multiples of [`DIRECT_ALIGNMENT`]. This open file is read in
    /// no other way from then on.
    fn read_direct(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_into(offset, buffer)
    }

    /// All of so many bytes from `offset`, if they are in memory already. Never waits for a disk.
    fn read_cached(&self, _offset: u64, _length: usize) -> Option<Bytes> {
        None
    }

    /// Facts about it.
    fn stat(&self) -> io::Result<FileStat>;

    /// Changes the time of its last write, durably; and its bytes are durable then, too.
    fn set_modified(&self, modified: Timestamp) -> io::Result<()>;

    /// The file for the kernel's own copying, where there is one.
    fn as_real(&self) -> Option<&std::fs::File> {
        None
    }
}

/// The operations. None but the `sync…` ones promises to survive power loss.
pub trait Fs: Send + Sync + std::fmt::Debug + 'static {
    /// Makes a new, empty file; fails if the name is taken.
    fn create(&self, path: &str) -> io::Result<Box<dyn FsFile>>;

    /// Makes a new file of so many zeros for [`FsFile::write_at`]. They are really there, so that syncing
    /// what is written over them changes nothing else.
    fn create_sized(&self, path: &str, bytes: u64) -> io::Result<Box<dyn FsFile>>;

    /// Opens a regular file for reading; anything else is not found.
    fn open(&self, path: &str) -> io::Result<Arc<dyn FsFile>>;

    /// Opens a regular file for reading, if all that takes is in memory already. Never waits for a disk;
    /// what it does not find may be there all the same.
    fn open_cached(&self, _path: &str) -> Option<Arc<dyn FsFile>> {
        None
    }

    /// Facts about a regular file; anything else is not found.
    fn stat(&self, path: &str) -> io::Result<FileStat>;

    /// Moves a file, replacing one at the target in one step.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Gives a file a second, new name.
    fn hard_link(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove_file(&self, path: &str) -> io::Result<()>;

    /// Makes a directory; an existing one is [`io::ErrorKind::AlreadyExists`], something else in its
    /// place [`io::ErrorKind::NotADirectory`].
    fn make_dir(&self, path: &str) -> io::Result<()>;

    /// Asks for the directories made in this one from now on to lie apart from each other, where the file
    /// system knows such a wish.
    fn spread(&self, _path: &str) {}

    /// Removes an empty directory.
    fn remove_dir(&self, path: &str) -> io::Result<()>;

    /// Names in a directory, in any order.
    fn list_dir(&self, path: &str) -> io::Result<Vec<String>>;

    /// Makes the names in a directory survive power loss; `""` is the root.
    fn sync_dir(&self, path: &str) -> io::Result<()>;

    /// Whether [`Fs::sync_all`] works here.
    fn can_sync_all(&self) -> bool;

    /// Makes everything survive power loss that was done before the call, whoever did it.
    fn sync_all(&self) -> io::Result<()>;

    /// Makes a lock file and locks it for as long as the value lives; `None` when another process
    /// holds it.
    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Send + Sync>>>;

    /// The absolute path of a regular file or of nothing yet; `None` where files are not real or a
    /// link leads out of the root.
    fn real_path(&self, path: &str) -> Option<PathBuf>;
}
