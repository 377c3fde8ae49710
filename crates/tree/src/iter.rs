//! Iteration over the records of a metarange.

use crate::{RecordRef, Result};

/// Walks the records of a metarange in key order. Holds one data block and one open range at a time.
#[derive(Debug)]
pub struct MetaRangeIter {}

impl MetaRangeIter {
    /// Moves so that [`MetaRangeIter::next`] gives the first record whose key is at or after `key`.
    pub async fn seek(&mut self, _key: &[u8]) -> Result<()> {
        todo!()
    }

    /// Moves to the next record and gives it; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<RecordRef<'_>>> {
        todo!()
    }

    /// The record that the last [`MetaRangeIter::next`] gave; `None` before the first, after a seek and
    /// at the end.
    pub fn current(&self) -> Option<RecordRef<'_>> {
        todo!()
    }
}
