//! A position in an open table. Moving it never waits for a store.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::fingerprint::Spot;
use crate::record::decode_value;
use crate::shared::Shared;
use crate::sst::block::{BlockCursor, RawEntry, decode_stored};
use crate::sst::index::ReadAt as _;
use crate::sst::writer::StoredBlock;
use crate::table::{Table, TableBytes, stored_length};
use crate::{RecordRef, Result, TreeError, ValueRef};

/// How blocks that are read are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reads that others are likely to repeat: blocks stay in memory.
    Point,
    /// A walk over much of a table: blocks in memory are used, others pass through a buffer, so that a
    /// commit does not push out what listings use.
    Bulk,
}

/// A place between records of one data block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    table: u64,
    block: usize,
    offset: usize,
}

/// Bytes read from a file at a time when walking.
const READ_AHEAD_BYTES: usize = 256 << 10;

/// A position in an open table: before the first record, on one, or after the last.
#[derive(Debug)]
pub(crate) struct TableCursor {
    shared: Arc<Shared>,
    table: Arc<Table>,
    access: Access,
    /// The block after the current one.
    next_block: usize,
    block: Block,
    /// The current block when it is not in memory; keeps its allocation from block to block.
    own: Vec<u8>,
    entry: BlockCursor,
    /// Whether the current record is the first of its block.
    first: bool,
    stored: Stored,
    snappy: snap::raw::Decoder,
}

#[derive(Debug)]
enum Block {
    /// Shared with the cache.
    Kept(Bytes),
    /// In [`TableCursor::own`].
    Own,
}

/// The current block as stored (bulk access only).
#[derive(Debug, Default)]
struct Stored {
    /// A piece of the file.
    ahead: Vec<u8>,
    ahead_start: u64,
    /// The block: in `ahead` for a file, in the file itself for a table in memory.
    range: Range<usize>,
}

impl Stored {
    fn load(&mut self, table: &Table, at: usize) -> Result<()> {
        let handle = table.handle(at)?;
        let length = stored_length(handle);
        match &table.bytes {
            TableBytes::Memory(_) => {
                let start = usize::try_from(handle.offset).unwrap_or(usize::MAX);
                self.range = start..start.saturating_add(length);
            }
            TableBytes::File { size, .. } => {
                let ahead_end = self.ahead_start + self.ahead.len() as u64;
                let end = handle.offset.saturating_add(length as u64);
                if handle.offset < self.ahead_start || end > ahead_end {
                    let left =
                        usize::try_from(size.saturating_sub(handle.offset)).unwrap_or(usize::MAX);
                    let wanted = READ_AHEAD_BYTES.max(length).min(left);
                    let mut buffer = std::mem::take(&mut self.ahead);
                    let read = table
                        .bytes
                        .read_at(handle.offset, wanted, &mut buffer)
                        .map(drop);
                    read.map_err(|failure| failure.of(&table.object))?;
                    self.ahead = buffer;
                    self.ahead_start = handle.offset;
                }
                let start = usize::try_from(handle.offset - self.ahead_start).unwrap_or(usize::MAX);
                self.range = start..start.saturating_add(length);
            }
        }
        Ok(())
    }

    fn bytes<'a>(&'a self, table: &'a Table) -> &'a [u8] {
        let from = match &table.bytes {
            TableBytes::Memory(bytes) => bytes,
            TableBytes::File { .. } => &self.ahead[..],
        };
        from.get(self.range.clone()).unwrap_or_default()
    }
}

impl TableCursor {
    /// Stands before the first record.
    pub(crate) fn new(shared: Arc<Shared>, table: Arc<Table>, access: Access) -> Self {
        Self {
            shared,
            table,
            access,
            next_block: 0,
            block: Block::Kept(Bytes::new()),
            own: Vec::new(),
            entry: BlockCursor::new(true),
            first: false,
            stored: Stored::default(),
            snappy: snap::raw::Decoder::new(),
        }
    }

    /// Stands before the first record of another table, keeping buffers.
    pub(crate) fn reopen(&mut self, table: Arc<Table>) {
        self.table = table;
        self.next_block = 0;
        self.block = Block::Kept(Bytes::new());
        self.entry = BlockCursor::new(true);
        self.first = false;
        self.stored.ahead.clear();
    }

    /// Moves to the next record; false at the end.
    #[inline]
    pub(crate) fn advance(&mut self) -> Result<bool> {
        self.first = false;
        let block = match &self.block {
            Block::Kept(block) => block,
            Block::Own => &self.own[..],
        };
        match self.entry.advance(block) {
            Ok(true) => Ok(true),
            Ok(false) => self.advance_block(),
            Err(reason) => Err(self.table.damaged(reason)),
        }
    }

    /// Moves to the first record of the next block.
    fn advance_block(&mut self) -> Result<bool> {
        while self.next_block < self.table.index.len() {
            self.load(self.next_block)?;
            let block = match &self.block {
                Block::Kept(block) => block,
                Block::Own => &self.own[..],
            };
            let stands = self
                .entry
                .reset(block)
                .and_then(|()| self.entry.advance(block));
            if stands.map_err(|reason| self.table.damaged(reason))? {
                self.first = true;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Stands on the first record at or after `key`; false when there is none.
    pub(crate) fn seek(&mut self, key: &[u8]) -> Result<bool> {
        let at = self.table.index.seek(key);
        self.first = false;
        if at >= self.table.index.len() {
            self.next_block = at;
            self.block = Block::Kept(Bytes::new());
            self.entry = BlockCursor::new(true);
            return Ok(false);
        }
        self.load(at)?;
        let block = match &self.block {
            Block::Kept(block) => block,
            Block::Own => &self.own[..],
        };
        match self.entry.seek(block, key) {
            Ok(true) => Ok(true),
            // The block's index key lies after its last record.
            Ok(false) => self.advance_block(),
            Err(reason) => Err(self.table.damaged(reason)),
        }
    }

    fn load(&mut self, at: usize) -> Result<()> {
        self.next_block = at + 1;
        if self.access == Access::Point {
            self.block = Block::Kept(self.shared.block(&self.table, at)?);
            return Ok(());
        }
        self.stored.load(&self.table, at)?;
        if let Some(block) = self.shared.cached_block(&self.table, at) {
            self.block = Block::Kept(block);
            return Ok(());
        }
        let stored = self.stored.bytes(&self.table);
        decode_stored(stored, &mut self.snappy, &mut self.own)
            .map_err(|reason| self.table.damaged(reason))?;
        self.shared.count_block(stored.len() as u64);
        self.block = Block::Own;
        Ok(())
    }

    fn block(&self) -> &[u8] {
        match &self.block {
            Block::Kept(block) => block,
            Block::Own => &self.own,
        }
    }

    /// The current key.
    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        self.entry.key()
    }

    /// The current stored value.
    #[inline]
    pub(crate) fn stored_value(&self) -> &[u8] {
        self.entry.value(self.block())
    }

    /// The current identity and data.
    #[inline]
    pub(crate) fn value(&self) -> Result<ValueRef<'_>> {
        decode_value(self.stored_value()).ok_or_else(|| self.bad_value())
    }

    /// The current record.
    #[inline]
    pub(crate) fn record(&self) -> Result<RecordRef<'_>> {
        let ValueRef { identity, data } = self.value()?;
        Ok(RecordRef {
            key: self.key(),
            identity,
            data,
        })
    }

    /// The current identity and data, sharing the block's memory (point access only).
    pub(crate) fn shared_value(&self) -> Result<crate::Record> {
        let value = self.value()?;
        Ok(match &self.block {
            Block::Kept(block) => crate::Record {
                identity: block.slice_ref(value.identity),
                data: block.slice_ref(value.data),
            },
            Block::Own => crate::Record {
                identity: Bytes::copy_from_slice(value.identity),
                data: Bytes::copy_from_slice(value.data),
            },
        })
    }

    /// The current block as stored, when standing on its first record in bulk access.
    #[inline]
    pub(crate) fn origin(&self) -> Option<StoredBlock<'_>> {
        (self.first && self.access == Access::Bulk).then(|| StoredBlock {
            raw: self.block(),
            stored: self.stored.bytes(&self.table),
        })
    }

    /// The current entry as stored, where it can be copied.
    #[inline]
    pub(crate) fn raw(&self) -> Option<RawEntry<'_>> {
        self.entry.raw(self.block())
    }

    /// The places before and after the current record.
    #[inline]
    pub(crate) fn bounds(&self) -> (Place, Place) {
        let (start, end) = self.entry.bounds();
        let place = |offset| Place {
            table: self.table.number,
            block: self.next_block,
            offset,
        };
        (place(start), place(end))
    }

    /// Where the current record is.
    #[inline]
    pub(crate) fn spot(&self) -> Spot {
        Spot {
            block: self
                .next_block
                .wrapping_sub(1)
                .try_into()
                .unwrap_or(u32::MAX),
            entry: self.entry.ordinal(),
        }
    }

    /// Stands on the record at a spot; false when that is the end.
    pub(crate) fn go(&mut self, spot: Spot) -> Result<bool> {
        let at = spot.block as usize;
        if at >= self.table.index.len() {
            self.next_block = at;
            return Ok(false);
        }
        if self.next_block != at + 1 || self.entry.ordinal() > spot.entry {
            self.next_block = at;
            if !self.advance_block()? {
                return Ok(false);
            }
        }
        while self.entry.ordinal() < spot.entry {
            if !self.advance()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(crate) fn table(&self) -> &Arc<Table> {
        &self.table
    }

    fn bad_value(&self) -> TreeError {
        self.table.damaged("record without identity and data")
    }
}
