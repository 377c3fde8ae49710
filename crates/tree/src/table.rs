//! An open table: where its bytes are, and its parsed index. Opening may wait for a store; reading a
//! block of an open table never does.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;

use crate::sst::block::decode_stored;
use crate::sst::format::BlockHandle;
use crate::sst::index::{ReadAt, TableIndex};
use crate::{Result, TreeError};

/// Files up to this size are read whole when opened.
const SMALL_FILE_BYTES: u64 = 16 << 10;
/// What an open file counts for in the bound on open tables: it keeps the number of open files to
/// hundreds where tables are small.
const FILE_WEIGHT: usize = 16 << 10;

/// Bytes of a table file.
#[derive(Debug)]
pub(crate) enum TableBytes {
    /// In memory.
    Memory(Bytes),
    /// In a file of this machine: the object itself, or its copy in the disk cache.
    File {
        /// The open file.
        file: File,
        /// Its size when opened; tables do not change.
        size: u64,
    },
}

impl TableBytes {
    /// The bytes of an open file. Blocking.
    pub(crate) fn of_file(file: File, size: u64) -> std::io::Result<Self> {
        if size > SMALL_FILE_BYTES {
            return Ok(Self::File { file, size });
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(Self::Memory(bytes.into()))
    }
}

/// Why bytes of a table could not be had.
#[derive(Debug)]
pub(crate) enum ReadFailure {
    /// They are damaged.
    Damaged(&'static str),
    /// The operating system failed.
    Io(std::io::Error),
}

impl From<&'static str> for ReadFailure {
    fn from(reason: &'static str) -> Self {
        Self::Damaged(reason)
    }
}

impl ReadFailure {
    pub(crate) fn of(self, object: &str) -> TreeError {
        match self {
            Self::Damaged(reason) => TreeError::corrupt(object, reason),
            // A file shorter than its own index says is a truncated table, not a failing disk.
            Self::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                TreeError::corrupt(object, "file ends early")
            }
            Self::Io(source) => TreeError::File {
                operation: "read",
                object: object.to_owned(),
                source,
            },
        }
    }
}

impl ReadAt for TableBytes {
    type Error = ReadFailure;

    fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { size, .. } => *size,
        }
    }

    fn read_at<'a>(
        &'a self,
        offset: u64,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], ReadFailure> {
        match self {
            Self::Memory(bytes) => usize::try_from(offset)
                .ok()
                .and_then(|start| bytes.get(start..start.checked_add(length)?))
                .ok_or(ReadFailure::Damaged("file ends early")),
            Self::File { file, .. } => {
                buffer.resize(length, 0);
                file.read_exact_at(buffer, offset)
                    .map_err(ReadFailure::Io)?;
                Ok(buffer)
            }
        }
    }
}

/// An open table.
#[derive(Debug)]
pub(crate) struct Table {
    /// Names the table in the block cache: never reused, so that a table opened again is another one.
    pub(crate) number: u64,
    /// Its physical address, for messages.
    pub(crate) object: Arc<str>,
    pub(crate) bytes: TableBytes,
    pub(crate) index: TableIndex,
    /// Bytes of memory it accounts for.
    memory: usize,
}

impl Table {
    /// Reads and checks footer and index. Blocking where the bytes are a file.
    pub(crate) fn open(
        number: u64,
        object: Arc<str>,
        bytes: TableBytes,
        owns_memory: bool,
    ) -> Result<Self> {
        let index = TableIndex::read(&bytes).map_err(|failure| failure.of(&object))?;
        let held = match &bytes {
            TableBytes::Memory(bytes) if owns_memory => bytes.len(),
            TableBytes::Memory(_) => 0,
            TableBytes::File { .. } => FILE_WEIGHT,
        };
        let memory = index.memory() + held + size_of::<Self>() + object.len();
        Ok(Self {
            number,
            object,
            bytes,
            index,
            memory,
        })
    }

    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// The place of a data block.
    #[inline]
    pub(crate) fn handle(&self, at: usize) -> Result<BlockHandle> {
        self.index
            .block(at)
            .ok_or_else(|| self.damaged("no such data block"))
    }

    /// Reads and decodes a data block.
    pub(crate) fn read_block(&self, at: usize) -> Result<(Bytes, u64)> {
        let handle = self.handle(at)?;
        let length = stored_length(handle);
        let mut buffer = Vec::new();
        let read = || -> Result<Vec<u8>, ReadFailure> {
            let stored = self.bytes.read_at(handle.offset, length, &mut buffer)?;
            let mut block = Vec::new();
            decode_stored(stored, &mut snap::raw::Decoder::new(), &mut block)?;
            Ok(block)
        };
        let block = { read }().map_err(|failure| failure.of(&self.object))?;
        // Boxed to its exact size: what the cache counts is what it takes.
        Ok((Bytes::from(block.into_boxed_slice()), length as u64))
    }

    /// Reads every data block and checks it.
    pub(crate) fn verify(&self) -> Result<()> {
        (0..self.index.len()).try_for_each(|at| self.read_block(at).map(drop))
    }

    pub(crate) fn damaged(&self, reason: &str) -> TreeError {
        TreeError::corrupt(&*self.object, reason)
    }
}

/// Length of a block with its trailer. Handles were checked against the file when the index was read.
#[inline]
pub(crate) fn stored_length(handle: BlockHandle) -> usize {
    usize::try_from(handle.length)
        .unwrap_or(usize::MAX)
        .saturating_add(crate::sst::format::BLOCK_TRAILER_BYTES)
}
