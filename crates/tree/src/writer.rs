//! Writing metaranges.

use std::collections::BTreeMap;

use lakefs_types::MetaRangeId;

use crate::{RangeInfo, Result};

/// What to write into new tables besides their records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriterOptions {
    /// Properties of every table written, part of its identity (dumps of references have some).
    pub metadata: BTreeMap<String, String>,
}

/// Writes a metarange from records and whole ranges, given in ascending key order.
#[derive(Debug)]
pub struct MetaRangeWriter {}

impl MetaRangeWriter {
    /// Appends a record.
    pub async fn write_record(
        &mut self,
        _key: &[u8],
        _identity: &[u8],
        _data: &[u8],
    ) -> Result<()> {
        todo!()
    }

    /// Appends a stored range as it is.
    pub async fn write_range(&mut self, _range: &RangeInfo) -> Result<()> {
        todo!()
    }

    /// Ends the range being written, so that the next record begins another one.
    pub async fn end_range(&mut self) -> Result<()> {
        todo!()
    }

    /// Stores what is left and the metarange.
    pub async fn finish(self) -> Result<MetaRangeId> {
        todo!()
    }
}
