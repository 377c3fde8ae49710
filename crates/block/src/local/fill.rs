//! The bytes of a body on their way into a temporary file: batch by batch, the next one arriving while one
//! is written and hashed, the disk at work meanwhile. Safe to drop at any await: the file goes with its
//! guard, and a publication that was not yet begun is called off.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use lakefs_runtime::spawn_blocking;
use tokio::task::JoinHandle;

use super::temp_file::{TempFile, hash};
use super::{Core, io_error};
use crate::{BlockError, BodyReader, PutBody, PutOptions, PutOutcome};

/// Bytes collected before a trip to the blocking pool; a smaller object makes one trip in all.
const BATCH: usize = 1 << 20;

/// How the bytes of a large body get to the disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Bytes in the page cache after which the file is synced while more arrives.
    sync_ahead: usize,
    /// Whether the end of a large body passes the page cache by.
    past_cache: bool,
}

impl Manner {
    /// An object of any size.
    pub(super) const OBJECT: Self = Self {
        sync_ahead: 16 << 20,
        past_cache: true,
    };
    /// A part is read again when the upload is completed.
    pub(super) const PART: Self = Self {
        past_cache: false,
        ..Self::OBJECT
    };
    /// A table of a few megabytes, which the caller makes meanwhile, waits for at the end, and reads soon.
    /// Each sync costs a write of the file system's own journal, so they are few.
    pub(super) const TABLE: Self = Self {
        sync_ahead: 2 << 20,
        past_cache: false,
    };
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
    pub(super) fn whole(&self) -> Option<&[Bytes]> {
        (self.size < BATCH).then_some(&self.batch)
    }
}

/// A body all of which has come; its last batch is not written yet.
pub(super) struct Filled {
    core: Arc<Core>,
    file: Option<TempFile>,
    batch: Vec<Bytes>,
    manner: Manner,
}

/// Writes a body to a temporary file, up to its last batch, and brings it to the disk meanwhile, so that
/// little is left to wait for at the end.
pub(super) async fn fill(
    core: &Arc<Core>,
    address: &str,
    body: Begun,
    options: &PutOptions,
    manner: Manner,
) -> Result<Filled, BlockError> {
    let Begun {
        mut reader,
        mut batch,
        ..
    } = body;
    let mut file: Option<TempFile> = None;
    let mut ahead = SyncAhead::default();
    let fail = |error| io_error("put", address, error);
    while batch.iter().map(Bytes::len).sum::<usize>() == BATCH {
        // Write and hash one batch while the next arrives; never more than two are in memory.
        let work = write_batch(core, file.take(), batch, options, manner);
        let (written, next) = tokio::join!(work, reader.batch(BATCH));
        let (written, on_disk) = written.map_err(fail)?;
        if !on_disk {
            ahead
                .wrote(&written, manner.sync_ahead)
                .await
                .map_err(fail)?;
        }
        file = Some(written);
        batch = next?;
    }
    ahead.finish().await.map_err(fail)?;
    Ok(Filled {
        core: Arc::clone(core),
        file,
        batch,
        manner,
    })
}

/// Writes a whole batch and hashes it. Whether it is on the disk already.
async fn write_batch(
    core: &Arc<Core>,
    file: Option<TempFile>,
    batch: Vec<Bytes>,
    options: &PutOptions,
    manner: Manner,
) -> io::Result<(TempFile, bool)> {
    let Some(mut file) = file else {
        let (core, hashed) = (Arc::clone(core), options.hashed());
        return in_pool(move || Ok((append(&core, None, &batch, hashed, manner)?, false))).await;
    };
    let md5 = file.take_md5();
    let same = batch.clone();
    let hashing = in_pool(move || {
        Ok(md5.map(|mut md5| {
            hash(&mut md5, &same);
            md5
        }))
    });
    let writing = in_pool(move || {
        let on_disk = file.write(&batch)?;
        Ok((file, on_disk))
    });
    // At the same time: the disk may have to be waited for.
    let (written, md5) = tokio::join!(writing, hashing);
    let (mut file, on_disk) = written?;
    file.return_md5(md5?);
    Ok((file, on_disk))
}

/// Syncs of a file that is still being written: the disk works while the rest arrives. One at a time; a
/// failure is told once, so it must not be missed.
#[derive(Default)]
struct SyncAhead {
    unsynced: usize,
    running: Option<JoinHandle<io::Result<()>>>,
}

impl SyncAhead {
    /// A batch was written; begins a sync where enough bytes wait for one.
    async fn wrote(&mut self, file: &TempFile, enough: usize) -> io::Result<()> {
        self.unsynced += BATCH;
        let busy = self
            .running
            .as_ref()
            .is_some_and(|sync| !sync.is_finished());
        if self.unsynced >= enough && !busy {
            self.finish().await?;
            let file = Arc::clone(&file.file);
            self.running = Some(tokio::task::spawn_blocking(move || file.sync()));
            self.unsynced = 0;
        }
        Ok(())
    }

    async fn finish(&mut self) -> io::Result<()> {
        match self.running.take() {
            Some(sync) => joined(sync).await,
            None => Ok(()),
        }
    }
}

async fn in_pool<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    joined(tokio::task::spawn_blocking(work)).await
}

async fn joined<T>(task: JoinHandle<io::Result<T>>) -> io::Result<T> {
    task.await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

impl Filled {
    /// Writes what is left and publishes the file, unless the caller went away meanwhile.
    pub(super) async fn publish(
        self,
        address: String,
        options: &PutOptions,
        publish: impl FnOnce(&mut TempFile) -> io::Result<()> + Send + 'static,
    ) -> Result<PutOutcome, BlockError> {
        let Self {
            core,
            file,
            batch,
            manner,
        } = self;
        let hashed = options.hashed();
        let call = Caller::default();
        let gone = Arc::clone(&call.gone);
        let options = options.clone();
        let outcome = spawn_blocking(move || {
            let mut written = append(&core, file, &batch, hashed, manner)
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
    manner: Manner,
) -> io::Result<TempFile> {
    let mut file = if let Some(file) = file {
        file
    } else {
        let mut file = TempFile::create(core)?;
        if !hashed {
            file.without_md5();
        }
        if manner.past_cache {
            file.past_cache();
        }
        file
    };
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
