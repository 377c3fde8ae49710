//! A metarange read whole. It has one record for some tens of thousands of objects, so that all
//! descriptions of a lake of a billion objects fit a few megabytes; everything above walks
//! an array instead of a table.

use crate::sst::block::{BlockCursor, decode_stored};
use crate::sst::index::{ReadAt as _, TableIndex};
use crate::table::{ReadFailure, TableBytes, stored_length};
use crate::{RangeInfo, Result, TreeError, record};

/// The ranges of a metarange, in key order.
#[derive(Debug, Default)]
pub(crate) struct MetaRange {
    pub(crate) ranges: Vec<RangeInfo>,
    memory: usize,
}

impl MetaRange {
    /// Reads a metarange from its table file.
    pub(crate) fn read(object: &str, bytes: &TableBytes) -> Result<Self> {
        let mut ranges = Vec::new();
        let failed = |failure: ReadFailure| failure.of(object);
        let index = TableIndex::read(bytes).map_err(failed)?;
        let (mut buffer, mut block) = (Vec::new(), Vec::new());
        let mut snappy = snap::raw::Decoder::new();
        let mut cursor = BlockCursor::new(true);
        for handle in (0..index.len()).filter_map(|at| index.block(at)) {
            let stored = bytes
                .read_at(handle.offset, stored_length(handle), &mut buffer)
                .map_err(failed)?;
            decode_stored(stored, &mut snappy, &mut block)
                .map_err(|r| TreeError::corrupt(object, r))?;
            cursor
                .reset(&block)
                .map_err(|r| TreeError::corrupt(object, r))?;
            while cursor
                .advance(&block)
                .map_err(|r| TreeError::corrupt(object, r))?
            {
                let range = record::decode_value(cursor.value(&block))
                    .and_then(|value| RangeInfo::decode(value.identity, value.data))
                    .ok_or_else(|| {
                        TreeError::corrupt(object, "not a metarange: its record is not a range")
                    })?;
                let after = ranges
                    .last()
                    .is_none_or(|last: &RangeInfo| last.max_key < range.min_key);
                if range.max_key != cursor.key() || range.min_key > range.max_key || !after {
                    return Err(TreeError::corrupt(object, "ranges out of order"));
                }
                ranges.push(range);
            }
        }
        Ok(Self::new(ranges))
    }

    pub(crate) fn new(mut ranges: Vec<RangeInfo>) -> Self {
        ranges.shrink_to_fit();
        let held = |range: &RangeInfo| {
            // Both keys and the id, each its own allocation.
            size_of::<RangeInfo>() + range.min_key.len() + range.max_key.len() + 64 + 3 * 24
        };
        let memory = size_of::<Self>() + ranges.iter().map(held).sum::<usize>();
        Self { ranges, memory }
    }

    /// The first range that may hold `key` or a later one.
    #[inline]
    pub(crate) fn seek(&self, key: &[u8]) -> usize {
        self.ranges.partition_point(|range| range.max_key < key)
    }

    pub(crate) fn memory(&self) -> usize {
        self.memory
    }
}
