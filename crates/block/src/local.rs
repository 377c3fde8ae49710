//! Objects as files below a directory, laid out as lakeFS lays them out (format.md §12.1).
//!
//! `local://gold/golden` and `data/x/y` is the file `<root>/gold/golden/data/x/y`; clients see
//! `local://` and the absolute path. Keys that cannot be file names are described in `path`.
//!
//! Small bodies and removals go through a journal (`journal`) that syncs many at once. Any other put writes a file of its own below `.lakefs-rs/tmp`, syncs it, renames it into place and syncs the
//! directory (and every directory it had to make) before it answers, so an acknowledged object is
//! whole after power loss and any other is whole or absent. Files are never written in place: readers
//! keep what they opened, and copies can share it by hard links.

mod chunk;
mod copy;
mod dir_sync;
mod direct;
mod disk;
mod fill;
pub(crate) mod fs;
pub(crate) mod journal;
mod multipart;
mod part_index;
mod path;
mod publish;
mod read;
mod scratch;
mod temp_file;
mod write;

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lakefs_runtime::{Ids, spawn_blocking};
use lakefs_types::StorageNamespace;
use parking_lot::Mutex;

use crate::{
    Address, BlockError, BlockStore, ByteRange, GetOutcome, LateName, Location, MultipartStore,
    ObjectInfo, Presign, PresignedUrl, PutBody, PutOptions, PutOutcome, StoreDescriptor,
    resolve_url,
};
use chunk::Chunks;
use dir_sync::DirSyncs;
use direct::Unread;
use disk::DiskFs;
use fs::{EscapesRoot, Fs};
use journal::{Journal, JournalLimits, Offer};
use part_index::PartIndex;
use path::{OWN, Place, is_plain_name, split_parent};
use scratch::Scratch;

/// Directories known to exist durably; forgotten all at once when there are more.
const MAX_KNOWN_DIRS: usize = 16_384;

/// Settings of a local store: `blockstore.local.*`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocalOptions {
    /// Directory that holds everything; made when absent.
    pub root: PathBuf,
    /// Whether files outside of the root can be referred to.
    pub import_enabled: bool,
    /// Whether walking a directory to import reports hidden files.
    pub import_hidden: bool,
    /// Directories outside of the root whose files can be referred to.
    pub allowed_external_prefixes: Vec<PathBuf>,
    /// Prefix offered for new repositories; `local://` when not set.
    pub default_namespace_prefix: Option<String>,
}

/// A store of files below a directory. Scheme `local://`.
#[derive(Debug)]
pub struct LocalBlockStore {
    descriptor: StoreDescriptor,
    root: PathBuf,
    import: bool,
    external: Vec<PathBuf>,
    core: Arc<Core>,
    journal: Arc<Journal>,
}

/// What the blocking work needs.
#[derive(Debug)]
struct Core {
    fs: Arc<dyn Fs>,
    ids: Arc<Ids>,
    known_dirs: Mutex<HashSet<String>>,
    dir_syncs: DirSyncs,
    instance: String,
    scratch: Scratch,
    unread: Unread,
    chunks: Arc<Chunks>,
    /// One at a time publishes a part, so that replacing one is a single step.
    part_order: Mutex<PartIndex>,
    _lock: ScratchLock,
}

struct ScratchLock(#[expect(dead_code, reason = "held for its lock")] Box<dyn Send + Sync>);

impl std::fmt::Debug for ScratchLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScratchLock")
    }
}

impl LocalBlockStore {
    /// Opens the directory, makes it when absent, and clears what crashed processes left unfinished.
    pub fn open(options: &LocalOptions, ids: Arc<Ids>) -> Result<Self, BlockError> {
        Self::open_on(Self::disk(options)?, options, ids)
    }

    /// The file operations of this machine on the directory, which is made when absent.
    pub fn disk(options: &LocalOptions) -> Result<Arc<dyn Fs>, BlockError> {
        let root = absolute(&options.root).map_err(|e| at_open(&options.root, e))?;
        make_root(&root).map_err(|e| at_open(&root, e))?;
        Ok(Arc::new(
            DiskFs::open(&root).map_err(|e| at_open(&root, e))?,
        ))
    }

    /// Opens a store on given file operations; the root is only a name then.
    pub fn open_on(
        fs: Arc<dyn Fs>,
        options: &LocalOptions,
        ids: Arc<Ids>,
    ) -> Result<Self, BlockError> {
        Self::open_limited(fs, options, JournalLimits::default(), ids)
    }

    /// The same with limits of one's own for the journal of small puts.
    pub fn open_limited(
        fs: Arc<dyn Fs>,
        options: &LocalOptions,
        limits: JournalLimits,
        ids: Arc<Ids>,
    ) -> Result<Self, BlockError> {
        let root = absolute(&options.root).map_err(|e| at_open(&options.root, e))?;
        let external = options
            .allowed_external_prefixes
            .iter()
            .map(|prefix| absolute(prefix).map_err(|e| at_open(prefix, e)))
            .collect::<Result<_, _>>()?;
        let core = Arc::new(Core::open(fs, ids).map_err(|e| at_open(&root, e))?);
        let journal = Journal::start(Arc::clone(&core), limits).map_err(|e| at_open(&root, e))?;
        Ok(Self {
            descriptor: StoreDescriptor {
                kind: "local",
                scheme: "local",
                namespace_validity_regex: "^local://".to_owned(),
                namespace_example: "local://example-bucket/".to_owned(),
                default_namespace_prefix: Some(
                    options
                        .default_namespace_prefix
                        .clone()
                        .unwrap_or_else(|| "local://".to_owned()),
                ),
                presign: false,
                presign_ui: false,
                presign_multipart: false,
                import: options.import_enabled,
                import_validity_regex: "^local://".to_owned(),
            },
            root,
            import: options.import_enabled,
            external,
            core,
            journal: Arc::new(journal),
        })
    }

    /// The directory that holds everything, as an absolute path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn locate_absolute(&self, address: &str, path: &str) -> Result<Location, BlockError> {
        let invalid = |reason: &str| BlockError::InvalidAddress {
            address: address.to_owned(),
            reason: reason.to_owned(),
        };
        let inside = self
            .root
            .to_str()
            .and_then(|root| path.strip_prefix(root.trim_end_matches('/')))
            .and_then(|rest| rest.strip_prefix('/'));
        if let Some((bucket, key)) = inside.and_then(|rest| rest.split_once('/')) {
            if bucket == OWN {
                return Err(invalid("it lies in the store's own working directory"));
            }
            return Ok(Location {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            });
        }
        if inside.is_some() {
            return Err(invalid("it names no object in a namespace"));
        }
        if !self.import {
            return Err(invalid(
                "it lies outside of the store's directory and importing is not enabled",
            ));
        }
        if !self.external.iter().any(|p| below(p, path).is_some()) {
            return Err(invalid(
                "it lies outside of the store's directory and of the allowed external prefixes",
            ));
        }
        Ok(Location {
            bucket: String::new(),
            key: path.trim_start_matches('/').to_owned(),
        })
    }

    /// Where to look for an object. Fails for an absolute file that is not allowed.
    fn source(&self, location: &Location) -> Result<Source, BlockError> {
        if !location.bucket.is_empty() {
            return Ok(Source {
                fs: None,
                paths: Place::of(location)
                    .candidates()
                    .map(str::to_owned)
                    .collect(),
                address: self.physical_address(location),
            });
        }
        let address = self.physical_address(location);
        let path = format!("/{}", location.key);
        let found = self
            .external
            .iter()
            .filter(|_| self.import)
            .find_map(|prefix| Some((prefix.clone(), below(prefix, &path)?.to_owned())));
        let Some((prefix, relative)) = found else {
            return Err(BlockError::InvalidAddress {
                address,
                reason: "it lies outside of the allowed external prefixes".to_owned(),
            });
        };
        Ok(Source {
            fs: Some(prefix),
            paths: vec![relative],
            address,
        })
    }

    /// Where to write an object: only ever below the root.
    fn target(&self, location: &Location) -> Result<Target, BlockError> {
        let address = self.physical_address(location);
        if location.bucket.is_empty() {
            return Err(BlockError::InvalidAddress {
                address,
                reason: "files outside of the store's directory are never written".to_owned(),
            });
        }
        Ok(Target {
            location: location.clone(),
            place: Place::of(location),
            address,
        })
    }
}

/// Where an object is to be read.
#[derive(Debug, Clone)]
struct Source {
    /// The allowed directory outside of the root it lies in, if it does.
    fs: Option<PathBuf>,
    paths: Vec<String>,
    address: String,
}

/// Where an object is to be written.
#[derive(Debug, Clone)]
struct Target {
    location: Location,
    place: Place,
    address: String,
}

/// The part of an absolute path below a directory, if it lies there by plain names only.
fn below<'a>(directory: &Path, path: &'a str) -> Option<&'a str> {
    let prefix = directory.to_str()?.trim_end_matches('/');
    let rest = path.strip_prefix(prefix)?.strip_prefix('/')?;
    rest.split('/').all(is_plain_name).then_some(rest)
}

/// An absolute path without dot segments; symbolic links stay as they are, because the address shown to
/// clients is this spelling.
fn absolute(path: &Path) -> io::Result<PathBuf> {
    let mut clean = PathBuf::new();
    for component in std::path::absolute(path)?.components() {
        match component {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    Ok(clean)
}

/// Makes the root and durably so.
fn make_root(root: &Path) -> io::Result<()> {
    if root.is_dir() {
        return Ok(());
    }
    let parent = root.parent().ok_or(io::ErrorKind::NotFound)?;
    make_root(parent)?;
    match std::fs::create_dir(root) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    std::fs::File::open(parent)?.sync_all()
}

fn at_open(path: &Path, error: io::Error) -> BlockError {
    BlockError::Unavailable {
        operation: "open",
        address: path.display().to_string(),
        source: Box::new(error),
    }
}

/// Says what an I/O error means for the caller.
fn io_error(operation: &'static str, address: &str, error: io::Error) -> BlockError {
    let address = address.to_owned();
    let escapes = error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<EscapesRoot>);
    if escapes {
        return BlockError::InvalidAddress {
            address,
            reason: EscapesRoot.to_string(),
        };
    }
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            BlockError::NotFound { address }
        }
        io::ErrorKind::InvalidFilename => BlockError::InvalidAddress {
            address,
            reason: "it is too long for the file system".to_owned(),
        },
        io::ErrorKind::PermissionDenied => BlockError::Denied {
            address,
            source: Box::new(error),
        },
        // Full, read-only, failing or overloaded: the caller can only try later.
        _ => BlockError::Unavailable {
            operation,
            address,
            source: Box::new(error),
        },
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
    )
}

/// Whether another key is in the way: a file where a directory is needed, or the other way round.
fn is_in_the_way(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
    )
}

impl Core {
    fn open(fs: Arc<dyn Fs>, ids: Arc<Ids>) -> io::Result<Self> {
        let known_dirs = Mutex::new(HashSet::new());
        for dir in ["", "/tmp", "/uploads", "/journal"] {
            ensure_dir(fs.as_ref(), &known_dirs, &format!("{OWN}{dir}"))?;
        }
        for _ in 0..64 {
            let instance = ids.uuid();
            let scratch = format!("{OWN}/tmp/{instance}");
            let lock = fs.lock(&format!("{scratch}.lock"))?;
            let Some(lock) = lock else { continue };
            match fs.make_dir(&scratch) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made?,
            }
            let scratch = Scratch::open(fs.as_ref(), scratch)?;
            let core = Self {
                fs,
                ids,
                known_dirs,
                dir_syncs: DirSyncs::default(),
                instance,
                scratch,
                unread: Unread::default(),
                chunks: Arc::default(),
                part_order: Mutex::default(),
                _lock: ScratchLock(lock),
            };
            core.succeed_the_dead()?;
            multipart::clear_ended(core.fs.as_ref())?;
            return Ok(core);
        }
        Err(io::Error::other("no working directory could be locked"))
    }

    /// This process's name among those that use the directory.
    fn instance(&self) -> &str {
        &self.instance
    }

    /// Carries on for processes that are gone: replays their journals, removes their working
    /// directories. A lock tells them from living ones.
    fn succeed_the_dead(&self) -> io::Result<()> {
        let fs = self.fs.as_ref();
        let tmp = format!("{OWN}/tmp");
        let names = fs.list_dir(&tmp)?;
        let segments = fs.list_dir(journal::DIR)?;
        // After a crash any of the three may be there without the others.
        let instances: BTreeSet<_> = names
            .iter()
            .map(|name| name.strip_suffix(".lock").unwrap_or(name))
            .chain(
                segments
                    .iter()
                    .filter_map(|name| journal::segment_instance(name)),
            )
            .filter(|instance| *instance != self.instance)
            .collect();
        for instance in instances {
            let scratch = format!("{tmp}/{instance}");
            let lock_path = format!("{scratch}.lock");
            let Some(_lock) = fs.lock(&lock_path)? else {
                continue;
            };
            journal::replay(self, instance, &segments)?;
            remove_all(fs, &scratch)?;
            fs.remove_file(&lock_path)?;
        }
        Ok(())
    }

    fn ensure_dir(&self, path: &str) -> io::Result<()> {
        ensure_dir(self.fs.as_ref(), &self.known_dirs, path)
    }

    /// Makes the names in a directory durable.
    fn sync_dir(&self, path: &str) -> io::Result<()> {
        self.dir_syncs.run(path, || self.fs.sync_dir(path))
    }

    /// Forgets that directories exist, after somebody else removed one.
    fn forget_dirs(&self) {
        self.known_dirs.lock().clear();
    }
}

/// Makes a directory and those above it, each durable before it is relied on.
fn ensure_dir(fs: &dyn Fs, known: &Mutex<HashSet<String>>, path: &str) -> io::Result<()> {
    let mut missing = Vec::new();
    let mut at = path;
    while !at.is_empty() && !known.lock().contains(at) {
        missing.push(at);
        at = split_parent(at).0;
    }
    for dir in missing.into_iter().rev() {
        match fs.make_dir(dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        fs.sync_dir(split_parent(dir).0)?;
        let mut known = known.lock();
        if known.len() >= MAX_KNOWN_DIRS {
            known.clear();
        }
        known.insert(dir.to_owned());
    }
    Ok(())
}

/// Removes a directory with what is in it; an absent one is fine.
fn remove_all(fs: &dyn Fs, dir: &str) -> io::Result<()> {
    let absent_is_fine = |outcome: io::Result<()>| match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    };
    let names = match fs.list_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        names => names?,
    };
    for name in names {
        let path = format!("{dir}/{name}");
        match fs.remove_file(&path) {
            // Systems differ in what they say of a directory.
            Err(_) if fs.list_dir(&path).is_ok() => remove_all(fs, &path)?,
            removed => absent_is_fine(removed)?,
        }
    }
    absent_is_fine(fs.remove_dir(dir))
}

#[async_trait]
impl BlockStore for LocalBlockStore {
    fn descriptor(&self) -> &StoreDescriptor {
        &self.descriptor
    }

    fn locate(
        &self,
        namespace: &StorageNamespace,
        address: Address<'_>,
    ) -> Result<Location, BlockError> {
        let text = match address {
            Address::Relative(_) => namespace.as_str(),
            Address::Full(url) => url,
        };
        // Elsewhere these are just characters of a key, but here another reader of the same
        // directory would go to another file.
        if text.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(BlockError::InvalidAddress {
                address: text.to_owned(),
                reason: "a local address has no . or .. segments".to_owned(),
            });
        }
        if let Address::Full(url) = address
            && let Some(path) = url.strip_prefix("local://")
            && path.starts_with('/')
        {
            return self.locate_absolute(url, path);
        }
        let location = resolve_url("local", namespace, address)?;
        if location.bucket == OWN {
            return Err(BlockError::InvalidAddress {
                address: text.to_owned(),
                reason: "it lies in the store's own working directory".to_owned(),
            });
        }
        Ok(location)
    }

    fn physical_address(&self, location: &Location) -> String {
        if location.bucket.is_empty() {
            return format!("local:///{}", location.key);
        }
        let root = self.root.display().to_string();
        let root = root.trim_end_matches('/');
        format!("local://{root}/{}/{}", location.bucket, location.key)
    }

    async fn put(
        &self,
        location: &Location,
        body: PutBody,
        options: &PutOptions,
    ) -> Result<PutOutcome, BlockError> {
        let target = self.target(location)?;
        write::put(&self.core, &self.journal, target, body, options).await
    }

    async fn put_named_late(
        &self,
        body: PutBody,
        name: LateName,
        options: &PutOptions,
    ) -> Result<PutOutcome, BlockError> {
        let target = async {
            let location = name.await.ok_or_else(BlockError::called_off)?;
            self.target(&location)
        };
        write::put_named_late(&self.core, &self.journal, target, body, options).await
    }

    async fn get(
        &self,
        location: &Location,
        range: Option<ByteRange>,
    ) -> Result<GetOutcome, BlockError> {
        let source = self.source(location)?;
        read::get(&self.core, source, range).await
    }

    async fn head(&self, location: &Location) -> Result<Option<ObjectInfo>, BlockError> {
        let source = self.source(location)?;
        let core = Arc::clone(&self.core);
        spawn_blocking(move || read::head(&core, &source)).await
    }

    async fn delete(&self, location: &Location) -> Result<(), BlockError> {
        let target = self.target(location)?;
        if let Offer::Taken(outcome) = self.journal.remove(location, &target.address).await {
            return outcome;
        }
        let (core, journal) = (Arc::clone(&self.core), Arc::clone(&self.journal));
        spawn_blocking(move || {
            let _claim = journal
                .claim(&target.location)
                .map_err(|error| io_error("delete", &target.address, error))?;
            publish::remove(&core, &target.place)
                .map_err(|error| io_error("delete", &target.address, error))
        })
        .await
    }

    async fn copy(&self, source: &Location, target: &Location) -> Result<(), BlockError> {
        let (source, target) = (self.source(source)?, self.target(target)?);
        let (core, journal) = (Arc::clone(&self.core), Arc::clone(&self.journal));
        spawn_blocking(move || copy::copy(&core, &journal, &source, &target)).await
    }

    async fn presign(
        &self,
        _location: &Location,
        _what: &Presign,
        _valid: Duration,
    ) -> Result<PresignedUrl, BlockError> {
        Err(BlockError::Unsupported {
            operation: "presign",
        })
    }

    fn multipart(&self) -> Option<&dyn MultipartStore> {
        Some(self)
    }

    async fn settle(&self) -> Result<(), BlockError> {
        let (journal, root) = (Arc::clone(&self.journal), self.root.clone());
        spawn_blocking(move || journal.settle())
            .await
            .map_err(|error| io_error("settle", &root.display().to_string(), error))
    }

    fn local_file(&self, location: &Location) -> Option<PathBuf> {
        if location.bucket.is_empty() {
            return None;
        }
        self.core
            .fs
            .real_path(Place::of(location).ordinary.as_deref()?)
    }
}
