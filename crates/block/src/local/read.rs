//! Reading files: a little that is in memory at once; else the first megabyte in one trip to the
//! blocking pool, and the rest chunk by chunk, read ahead. What was written past the page cache and never
//! read is read past it.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use lakefs_runtime::spawn_blocking;
use tokio::task::JoinHandle;

use super::chunk::{CHUNK, Chunks};
use super::direct::DIRECT_FROM;
use super::disk::DiskFs;
use super::fs::{DIRECT_ALIGNMENT, Fs, FsFile};
use super::{Core, Source, io_error, is_absent};
use crate::{BlockError, ByteRange, ByteStream, GetOutcome, ObjectInfo, PutBody, range};

/// Chunks that are being read past the page cache, which would read ahead by itself.
const DIRECT_AHEAD: usize = 4;
/// What is read right here when it is in memory: copying more takes longer than a trip to the pool.
const INLINE: usize = 128 << 10;

pub(super) async fn get(
    core: &Arc<Core>,
    source: Source,
    range: Option<ByteRange>,
) -> Result<GetOutcome, BlockError> {
    if let Some(outcome) = get_cached(core, &source, range) {
        return outcome;
    }
    let core = Arc::clone(core);
    spawn_blocking(move || start(&core, &source, range)).await
}

/// Reads a little that is in memory already, without a trip to the pool, which costs more than the
/// reading. `None` where the disk may have to be waited for.
fn get_cached(
    core: &Core,
    source: &Source,
    range: Option<ByteRange>,
) -> Option<Result<GetOutcome, BlockError>> {
    if source.fs.is_some() {
        return None;
    }
    let file = core.fs.open_cached(source.paths.first()?)?;
    let size = file.stat().ok()?.size;
    let Some((start, length)) = range::resolve(range, size) else {
        return Some(Err(BlockError::RangeNotSatisfiable {
            address: source.address.clone(),
            size,
        }));
    };
    let short = usize::try_from(length)
        .ok()
        .filter(|length| *length <= INLINE)?;
    let bytes = file.read_cached(start, short)?;
    Some(Ok(GetOutcome {
        size,
        start,
        length,
        stream: PutBody::from_bytes(bytes).stream,
    }))
}

fn start(core: &Core, source: &Source, range: Option<ByteRange>) -> Result<GetOutcome, BlockError> {
    let fail = |error| io_error("get", &source.address, error);
    let file = open(core, source).map_err(fail)?;
    let size = file.stat().map_err(fail)?.size;
    let (start, length) =
        range::resolve(range, size).ok_or_else(|| BlockError::RangeNotSatisfiable {
            address: source.address.clone(),
            size,
        })?;
    let direct = source.fs.is_none() && length >= DIRECT_FROM && core.unread.take(&source.address);
    let reader = Reader {
        file,
        chunks: Arc::clone(&core.chunks),
        direct,
    };
    // A whole object, if it is no longer, costs one trip to the pool.
    let now = usize::try_from(length).map_or(CHUNK, |length| length.min(CHUNK));
    let first = reader.read(start, now).map_err(fail)?;
    let stream = if first.len() as u64 == length {
        PutBody::from_bytes(first).stream
    } else {
        Tail {
            position: start + first.len() as u64,
            end: start + length,
            reader: Arc::new(reader),
            address: source.address.clone(),
            ahead: VecDeque::new(),
        }
        .stream(first)
    };
    Ok(GetOutcome {
        size,
        start,
        length,
        stream,
    })
}

pub(super) fn head(core: &Core, source: &Source) -> Result<Option<ObjectInfo>, BlockError> {
    match first_of(core, source, Fs::stat) {
        Ok(stat) => Ok(Some(ObjectInfo {
            size: stat.size,
            modified: stat.modified,
            etag: None,
            storage_class: None,
        })),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(io_error("head", &source.address, error)),
    }
}

pub(super) fn open(core: &Core, source: &Source) -> io::Result<Arc<dyn FsFile>> {
    first_of(core, source, Fs::open)
}

/// Does something with the first place of an object that holds it.
pub(super) fn first_of<T>(
    core: &Core,
    source: &Source,
    work: impl Fn(&dyn Fs, &str) -> io::Result<T>,
) -> io::Result<T> {
    let outside = source.fs.as_deref().map(DiskFs::open).transpose()?;
    let fs = outside
        .as_ref()
        .map_or(core.fs.as_ref(), |disk| disk as &dyn Fs);
    let mut outcome = Err(io::ErrorKind::NotFound.into());
    for path in &source.paths {
        outcome = work(fs, path);
        match &outcome {
            Err(error) if is_absent(error) => {}
            _ => break,
        }
    }
    outcome
}

/// An open file, and how to read it.
struct Reader {
    file: Arc<dyn FsFile>,
    chunks: Arc<Chunks>,
    direct: bool,
}

impl Reader {
    /// All of up to [`CHUNK`] bytes.
    fn read(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let bytes = if self.direct {
            let before = offset % DIRECT_ALIGNMENT as u64;
            let skip = usize::try_from(before).unwrap_or(0);
            let aligned = (skip + length).next_multiple_of(DIRECT_ALIGNMENT);
            self.read_chunk(aligned, skip, length, |buffer| {
                self.file.read_direct(offset - before, buffer)
            })?
        } else if length > INLINE {
            self.read_chunk(length, 0, length, |buffer| {
                self.file.read_into(offset, buffer)
            })?
        } else {
            self.file.read_at(offset, length)?
        };
        if bytes.len() < length {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file became shorter while it was read",
            ));
        }
        Ok(bytes)
    }

    /// Fills a part of a chunk, and returns so many bytes of it, or fewer where the file ends.
    fn read_chunk(
        &self,
        room: usize,
        skip: usize,
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<Bytes> {
        let mut chunk = self.chunks.take()?;
        let buffer = chunk.memory().get_mut(..room).unwrap_or_default();
        let read = fill(buffer)?;
        let end = read.min(skip + length);
        Ok(chunk.freeze().slice(skip.min(end)..end))
    }
}

/// What is left to read of an open file.
struct Tail {
    reader: Arc<Reader>,
    address: String,
    position: u64,
    end: u64,
    ahead: VecDeque<JoinHandle<io::Result<Bytes>>>,
}

impl Tail {
    fn stream(mut self, first: Bytes) -> ByteStream {
        self.read_ahead();
        let state = (self, Some(first));
        Box::pin(futures_util::stream::try_unfold(
            state,
            |(mut tail, first)| async move {
                if let Some(first) = first {
                    return Ok(Some((first, (tail, None))));
                }
                let Some(ahead) = tail.ahead.pop_front() else {
                    return Ok(None);
                };
                let chunk = ahead
                    .await
                    .unwrap_or_else(|error| Err(io::Error::other(error)))
                    .map_err(|error| io_error("get", &tail.address, error))?;
                tail.read_ahead();
                Ok(Some((chunk, (tail, None))))
            },
        ))
    }

    fn read_ahead(&mut self) {
        let depth = if self.reader.direct { DIRECT_AHEAD } else { 1 };
        while self.position < self.end && self.ahead.len() < depth {
            let left = usize::try_from(self.end - self.position);
            let length = left.map_or(CHUNK, |left| left.min(CHUNK));
            let (reader, offset) = (Arc::clone(&self.reader), self.position);
            self.position += length as u64;
            self.ahead.push_back(tokio::task::spawn_blocking(move || {
                reader.read(offset, length)
            }));
        }
    }
}
