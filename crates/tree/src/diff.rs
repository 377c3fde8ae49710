//! Differences between two metaranges.

use crate::{Result, ValueRef};

/// What happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiffKind {
    /// Only the right side has it.
    Added,
    /// Only the left side has it.
    Removed,
    /// Both sides have it, with different identities.
    Changed,
    /// Both sides changed it since their base, differently (three dots only).
    Conflict,
}

/// One difference, borrowed from the iterator that stands on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiffRef<'a> {
    /// The key.
    pub key: &'a [u8],
    /// What happened to it.
    pub kind: DiffKind,
    /// The record on the left (in a comparison: on the destination).
    pub left: Option<ValueRef<'a>>,
    /// The record on the right (in a comparison: on the source).
    pub right: Option<ValueRef<'a>>,
}

/// Walks differences in key order, skipping what is the same on both sides.
#[derive(Debug)]
pub struct DiffIter {}

impl DiffIter {
    /// Moves so that [`DiffIter::next`] gives the first difference whose key is at or after `key`.
    pub async fn seek(&mut self, _key: &[u8]) -> Result<()> {
        todo!()
    }

    /// Moves to the next difference and gives it; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<DiffRef<'_>>> {
        todo!()
    }

    /// The difference that the last [`DiffIter::next`] gave.
    pub fn current(&self) -> Option<DiffRef<'_>> {
        todo!()
    }
}
