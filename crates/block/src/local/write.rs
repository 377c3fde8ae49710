//! Writing files: temporary file, sync, rename, sync of the directory. Safe to drop at any await: the
//! temporary file goes with its guard, and a publication that was not yet begun is called off.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use lakefs_runtime::spawn_blocking;
use md5::{Digest as _, Md5};
use tokio::task::JoinHandle;

use super::journal::{Journal, Offer};
use super::path::{Place, split_parent};
use super::temp_file::TempFile;
use super::{Core, Target, io_error, is_absent};
use crate::{BlockError, BodyReader, PutBody, PutOptions, PutOutcome};

/// Bytes collected before a trip to the blocking pool; a smaller object makes one trip in all.
const BATCH: usize = 1 << 20;
/// Bytes of a large body after which its file is synced while more arrives.
const SYNC_AHEAD: usize = 16 << 20;
/// The same where the caller makes the bytes meanwhile and waits for the disk at the end: a table of a few
/// megabytes. Each sync costs a write of the file system's own journal, so they are few.
const SYNC_AHEAD_LATE: usize = 2 << 20;

/// Moves a synced file to where the key may lie.
pub(super) fn publish_place(core: &Core, from: &str, place: &Place) -> io::Result<()> {
    let Some(ordinary) = &place.ordinary else {
        return publish_name(core, from, &place.odd);
    };
    match publish_name(core, from, ordinary) {
        // Another key is in the way: a file where a directory is needed, or the other way round.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
            ) =>
        {
            publish_name(core, from, &place.odd)
        }
        Err(error) => Err(error),
        // What was stored under the odd name, while another key was in the way, is outdated now.
        Ok(()) => remove_one(core, &place.odd),
    }
}

/// Moves a synced file to a name, and makes name and directories durable.
fn publish_name(core: &Core, from: &str, to: &str) -> io::Result<()> {
    let parent = split_parent(to).0;
    core.ensure_dir(parent)?;
    let moved = match core.fs.rename(from, to) {
        // A directory known to exist is gone: somebody cleaned up. Once more, from the start.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            core.forget_dirs();
            core.ensure_dir(parent)?;
            core.fs.rename(from, to)
        }
        moved => moved,
    };
    moved.map_err(|error| match error.kind() {
        io::ErrorKind::CrossesDevices => io::Error::new(
            error.kind(),
            "the store's directory must lie on one file system",
        ),
        _ => error,
    })?;
    core.sync_dir(parent)
}

/// Stores a body under a key.
pub(super) async fn put(
    core: &Arc<Core>,
    journal: &Arc<Journal>,
    target: Target,
    body: PutBody,
    options: &PutOptions,
) -> Result<PutOutcome, BlockError> {
    let body = Begun::read(body).await?;
    if let Some(outcome) = put_small(journal, &target, body.whole(), options).await {
        return outcome;
    }
    let (journal, address) = (Arc::clone(journal), target.address.clone());
    write_body(core, address, body, options, move |file| {
        file.publish(&journal, &target)
    })
    .await
}

/// A body of which the first batch has come.
pub(super) struct Begun {
    reader: BodyReader,
    batch: Vec<Bytes>,
    size: usize,
}

impl Begun {
    pub(super) async fn read(body: PutBody) -> Result<Self, BlockError> {
        let mut reader = BodyReader::new(body);
        let batch = reader.batch(BATCH).await?;
        Ok(Self {
            size: batch.iter().map(Bytes::len).sum(),
            reader,
            batch,
        })
    }

    /// The chunks, if that was all. A longer body fills its first batch.
    fn whole(&self) -> Option<&[Bytes]> {
        (self.size < BATCH).then_some(&self.batch)
    }
}

/// Stores a small body through the journal; `None` where it has to go the long way.
async fn put_small(
    journal: &Journal,
    target: &Target,
    chunks: Option<&[Bytes]>,
    options: &PutOptions,
) -> Option<Result<PutOutcome, BlockError>> {
    let size = chunks?.iter().map(Bytes::len).sum();
    if !journal.takes(size) {
        return None;
    }
    let bytes = joined(chunks?, size);
    let md5 = options.hashed().then(|| Md5::digest(&bytes).into());
    if let Some(md5) = md5
        && let Err(error) = options.check_md5(md5)
    {
        return Some(Err(error));
    }
    match journal.put(&target.location, &target.address, bytes).await {
        Offer::Declined => None,
        Offer::Taken(outcome) => Some(outcome.map(|()| PutOutcome {
            size: size as u64,
            md5: md5.map(hex::encode).unwrap_or_default(),
        })),
    }
}

/// Chunks as one.
fn joined(chunks: &[Bytes], size: usize) -> Bytes {
    if let [only] = chunks {
        return only.clone();
    }
    let mut all = Vec::with_capacity(size);
    for chunk in chunks {
        all.extend_from_slice(chunk);
    }
    all.into()
}

/// Stores a body under a key that is known only when the body has ended. What has come is synced while
/// the rest is still being made, so that little is left to wait for at the end.
pub(super) async fn put_named_late(
    core: &Arc<Core>,
    journal: &Arc<Journal>,
    target: impl Future<Output = Result<Target, BlockError>>,
    body: PutBody,
    options: &PutOptions,
) -> Result<PutOutcome, BlockError> {
    let body = Begun::read(body).await?;
    let address = "an object without a name yet";
    let (target, written) = if body.whole().is_some() {
        let target = target.await?;
        if let Some(outcome) = put_small(journal, &target, body.whole(), options).await {
            return outcome;
        }
        let written = fill(core, address, body, options, SYNC_AHEAD).await?;
        (target, written)
    } else {
        let written = fill(core, address, body, options, SYNC_AHEAD_LATE).await?;
        (target.await?, written)
    };
    let (journal, address) = (Arc::clone(journal), target.address.clone());
    written
        .publish(address, options, move |file| {
            file.publish(&journal, &target)
        })
        .await
}

/// Writes a body to a temporary file and publishes it, unless the caller went away meanwhile.
pub(super) async fn write_body(
    core: &Arc<Core>,
    address: String,
    body: Begun,
    options: &PutOptions,
    publish: impl FnOnce(&mut TempFile) -> io::Result<()> + Send + 'static,
) -> Result<PutOutcome, BlockError> {
    let written = fill(core, &address, body, options, SYNC_AHEAD).await?;
    written.publish(address, options, publish).await
}

/// A body all of which has come; its last batch is not written yet.
struct Filled {
    core: Arc<Core>,
    file: Option<TempFile>,
    batch: Vec<Bytes>,
}

/// Writes a body to a temporary file, up to its last batch, and syncs it after every `sync_ahead` bytes.
async fn fill(
    core: &Arc<Core>,
    address: &str,
    body: Begun,
    options: &PutOptions,
    sync_ahead: usize,
) -> Result<Filled, BlockError> {
    let hashed = options.hashed();
    let Begun {
        mut reader,
        mut batch,
        ..
    } = body;
    let mut file: Option<TempFile> = None;
    let (mut unsynced, mut syncing) = (0, None::<JoinHandle<io::Result<()>>>);
    let fail = |error| io_error("put", address, error);
    loop {
        let full = batch.iter().map(Bytes::len).sum::<usize>() == BATCH;
        if !full {
            break;
        }
        // Write one batch while the next arrives; never more than two are in memory.
        let work = {
            let (core, address) = (Arc::clone(core), address.to_owned());
            tokio::task::spawn_blocking(move || {
                append(&core, file, &batch, hashed)
                    .map_err(|error| io_error("put", &address, error))
            })
        };
        let (written, next) = tokio::join!(work, reader.batch(BATCH));
        let written = written.map_err(|error| BlockError::Unavailable {
            operation: "put",
            address: address.to_owned(),
            source: Box::new(error),
        })?;
        let written = written?;
        unsynced += BATCH;
        // The disk works while the rest arrives, so that little is left for the last sync. One at a
        // time; a failure is told once, so it must not be missed.
        if unsynced >= sync_ahead {
            let idle = match syncing.take() {
                Some(task) if !task.is_finished() => {
                    syncing = Some(task);
                    false
                }
                Some(task) => {
                    joined_sync(task).await.map_err(fail)?;
                    true
                }
                None => true,
            };
            if idle {
                let file = Arc::clone(&written.file);
                syncing = Some(tokio::task::spawn_blocking(move || file.sync()));
                unsynced = 0;
            }
        }
        file = Some(written);
        batch = next?;
    }
    if let Some(task) = syncing {
        joined_sync(task).await.map_err(fail)?;
    }
    Ok(Filled {
        core: Arc::clone(core),
        file,
        batch,
    })
}

async fn joined_sync(task: JoinHandle<io::Result<()>>) -> io::Result<()> {
    task.await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

impl Filled {
    async fn publish(
        self,
        address: String,
        options: &PutOptions,
        publish: impl FnOnce(&mut TempFile) -> io::Result<()> + Send + 'static,
    ) -> Result<PutOutcome, BlockError> {
        let Self { core, file, batch } = self;
        let hashed = options.hashed();
        let call = Caller::default();
        let gone = Arc::clone(&call.gone);
        let options = options.clone();
        let outcome = spawn_blocking(move || {
            let mut written = append(&core, file, &batch, hashed)
                .map_err(|error| io_error("put", &address, error))?;
            if gone.load(Ordering::SeqCst) {
                return Err(BlockError::Body("the caller went away".into()));
            }
            if let Some(md5) = written.md5() {
                options.check_md5(md5)?;
            }
            publish(&mut written).map_err(|error| match io_error("put", &address, error) {
                // Nothing was asked to be there, so its absence is not what the caller did wrong.
                BlockError::NotFound { address } => BlockError::Unavailable {
                    operation: "put",
                    address,
                    source: "a directory vanished while the object was written".into(),
                },
                error => error,
            })?;
            Ok(written.outcome())
        })
        .await;
        drop(call);
        outcome
    }
}

fn append(
    core: &Arc<Core>,
    file: Option<TempFile>,
    batch: &[Bytes],
    hashed: bool,
) -> io::Result<TempFile> {
    let mut file = match file {
        Some(file) => file,
        None => TempFile::create(core)?,
    };
    if !hashed {
        file.without_md5();
    }
    file.append(batch)?;
    Ok(file)
}

/// Tells blocking work that nobody waits for it any more.
#[derive(Debug, Default)]
struct Caller {
    gone: Arc<AtomicBool>,
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
    }
}

/// Removes an object from wherever it may lie, durably.
pub(super) fn remove(core: &Core, place: &Place) -> io::Result<()> {
    // The odd one first: after a crash in between the newer one must not give way to it.
    remove_one(core, &place.odd)?;
    place
        .ordinary
        .as_deref()
        .map_or(Ok(()), |path| remove_one(core, path))
}

fn remove_one(core: &Core, path: &str) -> io::Result<()> {
    // Opening first keeps `unlink` from directories, whose error differs between systems.
    match core.fs.stat(path).and_then(|_| core.fs.remove_file(path)) {
        Ok(()) => core.sync_dir(split_parent(path).0),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(error),
    }
}
