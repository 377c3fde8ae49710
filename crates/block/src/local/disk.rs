//! The machine's file system below one directory.
//!
//! Every path is resolved from an open handle of the root with `openat2(RESOLVE_BENEATH)`, so that
//! neither a symbolic link nor a rename under our feet can lead an operation out of it. Kernels
//! without that call (and other systems) get a walk that follows no symbolic link at all.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use lakefs_runtime::Timestamp;
use parking_lot::Mutex;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::fs::{DIRECT_ALIGNMENT, EscapesRoot, FileStat, Fs, FsFile};
use super::path::split_parent;

/// What the kernel copies in one call.
#[cfg(target_os = "linux")]
const COPY_BYTES: usize = 64 << 20;

/// `FS_TOPDIR_FL` of `ioctl_iflags(2)`.
#[cfg(target_os = "linux")]
const TOP_DIR: u32 = 0x0002_0000;

/// Files below a root directory.
#[derive(Debug)]
pub(crate) struct DiskFs {
    root: PathBuf,
    handle: OwnedFd,
    /// A working directory, kept open.
    working: Mutex<Option<(String, Arc<OwnedFd>)>>,
}

/// Below this lie working directories.
const WORKING: &str = ".lakefs-rs/tmp/";

impl DiskFs {
    /// Opens an existing directory.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            root: root.to_owned(),
            handle: rustix::fs::open(root, flags, Mode::empty())?,
            working: Mutex::default(),
        })
    }

    fn beneath(&self, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
        let path = if path.is_empty() { "." } else { path };
        open_beneath(&self.handle, path, flags | OFlags::CLOEXEC)
    }

    fn directory(&self, path: &str) -> io::Result<Arc<OwnedFd>> {
        // Every put goes through this process's working directory, which stays where it is.
        let kept = path.starts_with(WORKING);
        if kept
            && let Some((known, handle)) = &*self.working.lock()
            && known == path
        {
            return Ok(Arc::clone(handle));
        }
        let handle = Arc::new(self.beneath(path, OFlags::DIRECTORY | OFlags::RDONLY)?);
        if kept {
            *self.working.lock() = Some((path.to_owned(), Arc::clone(&handle)));
        }
        Ok(handle)
    }
}

#[cfg(target_os = "linux")]
fn open_beneath(root: &OwnedFd, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
    use rustix::fs::ResolveFlags;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    loop {
        match rustix::fs::openat2(root, path, flags, Mode::empty(), resolve) {
            Ok(file) => return Ok(file),
            // The kernel may ask for another try when a rename races with the resolution.
            Err(Errno::AGAIN | Errno::INTR) => {}
            // Old kernels do not know the call; some sandboxes forbid it.
            Err(Errno::NOSYS | Errno::PERM) => return open_walking(root, path, flags),
            Err(Errno::XDEV | Errno::LOOP) => return Err(escapes()),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn open_beneath(root: &OwnedFd, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
    open_walking(root, path, flags)
}

/// Opens a path name by name, following no symbolic link.
fn open_walking(root: &OwnedFd, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
    let (parent, name) = split_parent(path);
    let step = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let refuse_links = |error: Errno| match error {
        Errno::LOOP => escapes(),
        error => error.into(),
    };
    let mut at = rustix::fs::openat(root, ".", step, Mode::empty())?;
    for segment in parent.split('/').filter(|segment| !segment.is_empty()) {
        at = match rustix::fs::openat(&at, segment, step, Mode::empty()) {
            Ok(next) => next,
            Err(Errno::NOTDIR) if is_link(&at, segment) => return Err(escapes()),
            Err(error) => return Err(refuse_links(error)),
        };
    }
    rustix::fs::openat(&at, name, flags | OFlags::NOFOLLOW, Mode::empty()).map_err(refuse_links)
}

fn is_link(directory: &OwnedFd, name: &str) -> bool {
    rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_symlink())
}

fn escapes() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, EscapesRoot)
}

impl Fs for DiskFs {
    fn create(&self, path: &str) -> io::Result<Box<dyn FsFile>> {
        let (parent, name) = split_parent(path);
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(
            self.directory(parent)?,
            name,
            flags,
            Mode::from_raw_mode(0o644),
        )?;
        Ok(Box::new(DiskFile(file.into())))
    }

    fn create_sized(&self, path: &str, bytes: u64) -> io::Result<Box<dyn FsFile>> {
        let file = self.create(path)?;
        let zeros = vec![0; 1 << 20];
        let mut offset = 0;
        while offset < bytes {
            let left = usize::try_from(bytes - offset).unwrap_or(usize::MAX);
            let chunk = zeros.get(..left.min(zeros.len())).unwrap_or(&zeros);
            file.write_at(offset, chunk)?;
            offset += chunk.len() as u64;
        }
        Ok(file)
    }

    fn open(&self, path: &str) -> io::Result<Arc<dyn FsFile>> {
        // Not blocking: opening a pipe that somebody put there must not hang.
        let file: File = self
            .beneath(path, OFlags::RDONLY | OFlags::NONBLOCK)?
            .into();
        if file.metadata()?.is_file() {
            Ok(Arc::new(DiskFile(file)))
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    #[cfg(target_os = "linux")]
    fn open_cached(&self, path: &str) -> Option<Arc<dyn FsFile>> {
        use rustix::fs::ResolveFlags;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::CACHED;
        let file = rustix::fs::openat2(&self.handle, path, flags, Mode::empty(), resolve).ok()?;
        let file: File = file.into();
        file.metadata().ok()?.is_file().then_some(())?;
        Some(Arc::new(DiskFile(file)))
    }

    fn stat(&self, path: &str) -> io::Result<FileStat> {
        #[cfg(target_os = "linux")]
        let flags = OFlags::PATH;
        #[cfg(not(target_os = "linux"))]
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let file: File = self.beneath(path, flags)?.into();
        let metadata = file.metadata()?;
        if metadata.is_file() {
            Ok(file_stat(&metadata))
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let ((from_dir, from_name), (to_dir, to_name)) = (split_parent(from), split_parent(to));
        let (source, target) = (self.directory(from_dir)?, self.directory(to_dir)?);
        Ok(rustix::fs::renameat(source, from_name, target, to_name)?)
    }

    fn hard_link(&self, from: &str, to: &str) -> io::Result<()> {
        let ((from_dir, from_name), (to_dir, to_name)) = (split_parent(from), split_parent(to));
        let (source, target) = (self.directory(from_dir)?, self.directory(to_dir)?);
        Ok(rustix::fs::linkat(
            source,
            from_name,
            target,
            to_name,
            AtFlags::empty(),
        )?)
    }

    fn remove_file(&self, path: &str) -> io::Result<()> {
        let (parent, name) = split_parent(path);
        Ok(rustix::fs::unlinkat(
            self.directory(parent)?,
            name,
            AtFlags::empty(),
        )?)
    }

    fn make_dir(&self, path: &str) -> io::Result<()> {
        let (parent, name) = split_parent(path);
        let made = rustix::fs::mkdirat(self.directory(parent)?, name, Mode::from_raw_mode(0o755));
        match made {
            // Not a directory, or a way out: say so instead of "exists".
            Err(Errno::EXIST) => self.directory(path).and(Err(Errno::EXIST.into())),
            made => Ok(made?),
        }
    }

    #[cfg(target_os = "linux")]
    fn spread(&self, path: &str) {
        use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
        let asked = self.directory(path).and_then(|directory| {
            let flags = ioctl_getflags(&directory)? | IFlags::from_bits_retain(TOP_DIR);
            Ok(ioctl_setflags(&directory, flags)?)
        });
        if let Err(error) = asked {
            tracing::debug!(path, %error, "not known here: directories that lie apart");
        }
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        let (parent, name) = split_parent(path);
        Ok(rustix::fs::unlinkat(
            self.directory(parent)?,
            name,
            AtFlags::REMOVEDIR,
        )?)
    }

    fn list_dir(&self, path: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        let directory = rustix::fs::Dir::read_from(self.directory(path)?)?;
        for entry in directory {
            let entry = entry?;
            // Names of ours are UTF-8; whatever else lies there is not ours to touch.
            if let Ok(name) = entry.file_name().to_str()
                && name != "."
                && name != ".."
            {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        Ok(rustix::fs::fsync(self.directory(path)?)?)
    }

    fn can_sync_all(&self) -> bool {
        cfg!(target_os = "linux")
    }

    #[cfg(target_os = "linux")]
    fn sync_all(&self) -> io::Result<()> {
        // The handle has been open since the start, so an error of writing back that happened at any
        // time since is reported here, once.
        Ok(rustix::fs::syncfs(&self.handle)?)
    }

    #[cfg(not(target_os = "linux"))]
    fn sync_all(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let (parent, name) = split_parent(path);
        let directory = self.directory(parent)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&directory, name, flags, Mode::from_raw_mode(0o644))?;
        let file: File = file.into();
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
            Err(std::fs::TryLockError::Error(error)) => return Err(error),
        }
        // Another process may have removed the file between our opening and locking it; a lock on a
        // nameless file keeps nobody out.
        let (ours, named) = (
            rustix::fs::fstat(&file)?,
            rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW),
        );
        let same =
            named.is_ok_and(|named| (named.st_dev, named.st_ino) == (ours.st_dev, ours.st_ino));
        Ok(same.then(|| Box::new(file) as Box<dyn Send + Sync>))
    }

    fn real_path(&self, path: &str) -> Option<PathBuf> {
        match self.stat(path) {
            Ok(_) => Some(self.root.join(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(self.root.join(path)),
            Err(_) => None,
        }
    }
}

#[derive(Debug)]
struct DiskFile(File);

impl FsFile for DiskFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        use std::io::Write as _;
        (&self.0).write_all(bytes)
    }

    #[cfg(target_os = "linux")]
    fn append_direct(&self, bytes: &[u8]) -> io::Result<bool> {
        let mut rest = bytes;
        if self.pass_cache_by(true) {
            rest = write_direct(&self.0, rest)?;
        }
        self.pass_cache_by(false);
        self.append(rest)?;
        Ok(rest.is_empty())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.0, bytes, offset)
    }

    fn append_file(&self, source: &dyn FsFile) -> io::Result<()> {
        let Some(real) = source.as_real() else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let mut offset = 0;
        // Shares the bytes where the file system can, else copies them inside the kernel.
        #[cfg(target_os = "linux")]
        loop {
            match rustix::fs::copy_file_range(real, Some(&mut offset), &self.0, None, COPY_BYTES) {
                Ok(0) => return Ok(()),
                Ok(_) | Err(Errno::INTR) => {}
                // Not between these two, or not on this kernel.
                Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => break,
                Err(error) => return Err(error.into()),
            }
        }
        loop {
            let chunk = source.read_at(offset, 1 << 20)?;
            if chunk.is_empty() {
                return Ok(());
            }
            offset += chunk.len() as u64;
            self.append(&chunk)?;
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let mut buffer = Vec::with_capacity(length.max(1));
        while buffer.len() < length {
            let at = offset + buffer.len() as u64;
            let room = rustix::buffer::spare_capacity(&mut buffer);
            match rustix::io::pread(self.0.as_fd(), room, at) {
                Ok(0) => break,
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        buffer.truncate(length);
        Ok(buffer.into())
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = 0;
        while read < buffer.len() {
            let room = buffer.get_mut(read..).unwrap_or_default();
            match rustix::io::pread(self.0.as_fd(), room, offset + read as u64) {
                Ok(0) => break,
                Ok(bytes) => read += bytes,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(read)
    }

    #[cfg(target_os = "linux")]
    fn read_direct(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        // Nothing changes the way back where it works: others read the same open file at the same time.
        if self.pass_cache_by(true)
            && let Some(read) = read_direct(&self.0, offset, buffer)?
        {
            return Ok(read);
        }
        self.pass_cache_by(false);
        self.read_into(offset, buffer)
    }

    #[cfg(target_os = "linux")]
    fn read_cached(&self, offset: u64, length: usize) -> Option<Bytes> {
        use rustix::io::ReadWriteFlags;
        let mut buffer = vec![0; length];
        if length > 0 {
            let mut slices = [io::IoSliceMut::new(&mut buffer)];
            let read = rustix::io::preadv2(&self.0, &mut slices, offset, ReadWriteFlags::NOWAIT);
            (read.ok()? == length).then_some(())?;
        }
        Some(buffer.into())
    }

    fn stat(&self) -> io::Result<FileStat> {
        Ok(file_stat(&self.0.metadata()?))
    }

    fn set_modified(&self, modified: Timestamp) -> io::Result<()> {
        let time = rustix::fs::Timespec {
            tv_sec: modified.seconds,
            tv_nsec: modified.nanos.into(),
        };
        let times = rustix::fs::Timestamps {
            last_access: time,
            last_modification: time,
        };
        rustix::fs::futimens(&self.0, &times)?;
        // Syncing data alone leaves times behind.
        self.0.sync_all()
    }

    fn as_real(&self) -> Option<&File> {
        Some(&self.0)
    }
}

impl DiskFile {
    /// Whether that is so now: not every file system can.
    #[cfg(target_os = "linux")]
    fn pass_cache_by(&self, direct: bool) -> bool {
        let flags = if direct {
            OFlags::DIRECT
        } else {
            OFlags::empty()
        };
        rustix::fs::fcntl_setfl(&self.0, flags).is_ok()
    }
}

/// Writes as much as the file system takes past the page cache, and returns the rest.
#[cfg(target_os = "linux")]
fn write_direct<'a>(file: &File, mut rest: &'a [u8]) -> io::Result<&'a [u8]> {
    while !rest.is_empty() {
        match rustix::io::write(file, rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // It cannot, or stopped within a sector because the disk is full: the ordinary way says.
            Err(Errno::INVAL) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(rest)
}

/// Reads past the page cache, and returns how much: less than asked for only at the end of the file.
/// `None` where the file system cannot.
#[cfg(target_os = "linux")]
fn read_direct(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    let mut read = 0;
    // What is no whole number of sectors ends with the file.
    while read < buffer.len() && read.is_multiple_of(DIRECT_ALIGNMENT) {
        let room = buffer.get_mut(read..).unwrap_or_default();
        match rustix::io::pread(file, room, offset + read as u64) {
            Ok(0) => break,
            Ok(bytes) => read += bytes,
            Err(Errno::INTR) => {}
            Err(Errno::INVAL) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Some(read))
}

fn file_stat(metadata: &std::fs::Metadata) -> FileStat {
    use std::os::unix::fs::MetadataExt as _;
    FileStat {
        size: metadata.len(),
        modified: Timestamp {
            seconds: metadata.mtime(),
            nanos: u32::try_from(metadata.mtime_nsec()).unwrap_or(0),
        },
    }
}
