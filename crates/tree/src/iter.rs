//! Iteration over the records of a metarange.

use std::sync::Arc;

use lakefs_types::StorageNamespace;

use crate::cursor::{Access, TableCursor};
use crate::metarange::MetaRange;
use crate::shared::Shared;
use crate::{RecordRef, Result};

/// Walks the records of a metarange in key order. Holds one open range and one of its data blocks.
///
/// Records are borrowed: nothing is allocated or copied per record besides the part of the key that
/// differs from the one before. Only entering another range can wait.
#[derive(Debug)]
pub struct MetaRangeIter {
    shared: Arc<Shared>,
    namespace: StorageNamespace,
    metarange: Arc<MetaRange>,
    /// The range after the one the cursor is in.
    next_range: usize,
    cursor: Option<TableCursor>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The cursor stands before the next record.
    Before,
    /// The cursor stands on the record that the next move leads to.
    Pending,
    /// The cursor stands on the record it moved to last.
    On,
    End,
}

impl MetaRangeIter {
    pub(crate) fn new(
        shared: Arc<Shared>,
        namespace: StorageNamespace,
        metarange: Arc<MetaRange>,
    ) -> Self {
        Self {
            shared,
            namespace,
            metarange,
            next_range: 0,
            cursor: None,
            state: State::Before,
        }
    }

    /// Moves so that [`MetaRangeIter::next`] gives the first record whose key is at or after `key`.
    pub async fn seek(&mut self, key: &[u8]) -> Result<()> {
        let at = self.metarange.seek(key);
        if at + 1 != self.next_range || self.cursor.is_none() {
            self.next_range = at;
            if !self.enter().await? {
                self.state = State::End;
                return Ok(());
            }
        }
        let stands = match &mut self.cursor {
            Some(cursor) => cursor.seek(key)?,
            None => false,
        };
        // A range's description may promise a key that its table does not have: go on after it.
        self.state = if stands {
            State::Pending
        } else {
            State::Before
        };
        Ok(())
    }

    /// Moves to the next record and gives it; `None` at the end.
    #[inline]
    pub async fn next(&mut self) -> Result<Option<RecordRef<'_>>> {
        self.step().await?;
        self.current()
    }

    /// Moves to the next record without reading more of it than its key; false at the end.
    #[inline]
    pub async fn step(&mut self) -> Result<bool> {
        let stands = match self.state {
            State::Pending => true,
            State::End => false,
            State::Before | State::On => {
                let inside = match &mut self.cursor {
                    Some(cursor) => cursor.advance()?,
                    None => false,
                };
                inside || Box::pin(self.advance_range()).await?
            }
        };
        self.state = if stands { State::On } else { State::End };
        Ok(stands)
    }

    /// The record that it moved to last; `None` before the first, after a seek and at the end.
    #[inline]
    pub fn current(&self) -> Result<Option<RecordRef<'_>>> {
        match (self.state, &self.cursor) {
            (State::On, Some(cursor)) => cursor.record().map(Some),
            _ => Ok(None),
        }
    }

    /// The key of [`MetaRangeIter::current`].
    #[inline]
    pub fn current_key(&self) -> Option<&[u8]> {
        match (self.state, &self.cursor) {
            (State::On, Some(cursor)) => Some(cursor.key()),
            _ => None,
        }
    }

    /// Stands on the first record after the current range.
    async fn advance_range(&mut self) -> Result<bool> {
        while self.enter().await? {
            if let Some(cursor) = &mut self.cursor
                && cursor.advance()?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Stands before the first record of the next range; false when there is none.
    async fn enter(&mut self) -> Result<bool> {
        // Dropped in the middle, this leaves an iterator that is at its end.
        self.state = State::End;
        let Some(range) = self.metarange.ranges.get(self.next_range) else {
            self.cursor = None;
            return Ok(false);
        };
        let table = self.shared.range(&self.namespace, &range.id).await?;
        match &mut self.cursor {
            Some(cursor) => cursor.reopen(table),
            None => {
                self.cursor = Some(TableCursor::new(
                    Arc::clone(&self.shared),
                    table,
                    Access::Point,
                ));
            }
        }
        self.next_range += 1;
        self.state = State::Before;
        Ok(true)
    }
}
