//! The walk that commit, diff and merge share: over the ranges of a metarange, entering those whose
//! records matter and skipping the rest (docs/design/0001-tables.md, "Walks").

use std::sync::Arc;

use lakefs_types::{MetaRangeId, StorageNamespace};

use crate::cursor::{Access, TableCursor};
use crate::fingerprint::Spot;
use crate::metarange::MetaRange;
use crate::shared::Shared;
use crate::{RangeInfo, Result, ValueRef};

/// Where a walk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// Before a range.
    Header,
    /// On a record of a range.
    Record,
    /// After the last range.
    End,
}

/// A position in a metarange.
#[derive(Debug)]
pub(crate) struct Walk {
    shared: Arc<Shared>,
    namespace: StorageNamespace,
    metarange: Arc<MetaRange>,
    /// The range it stands before or in.
    at: usize,
    inside: bool,
    cursor: Option<TableCursor>,
}

impl Walk {
    /// Stands before the first range.
    pub(crate) fn new(
        shared: Arc<Shared>,
        namespace: StorageNamespace,
        metarange: Arc<MetaRange>,
    ) -> Self {
        Self {
            shared,
            namespace,
            metarange,
            at: 0,
            inside: false,
            cursor: None,
        }
    }

    /// Stands before the first range of a metarange.
    pub(crate) async fn open(
        shared: &Arc<Shared>,
        namespace: &StorageNamespace,
        id: &MetaRangeId,
    ) -> Result<Self> {
        let metarange = shared.metarange(namespace, id).await?;
        Ok(Self::new(Arc::clone(shared), namespace.clone(), metarange))
    }

    #[inline]
    pub(crate) fn position(&self) -> Position {
        if self.inside {
            Position::Record
        } else if self.at < self.metarange.ranges.len() {
            Position::Header
        } else {
            Position::End
        }
    }

    /// The range it stands before or in.
    #[inline]
    pub(crate) fn range(&self) -> Option<&RangeInfo> {
        self.metarange.ranges.get(self.at)
    }

    /// Goes into the range it stands before, onto its first record.
    pub(crate) async fn enter(&mut self) -> Result<()> {
        let Some(range) = self.metarange.ranges.get(self.at) else {
            return Ok(());
        };
        let table = self.shared.range(&self.namespace, &range.id).await?;
        let cursor = match &mut self.cursor {
            Some(cursor) => {
                cursor.reopen(table);
                cursor
            }
            None => self.cursor.insert(TableCursor::new(
                Arc::clone(&self.shared),
                table,
                Access::Bulk,
            )),
        };
        self.inside = true;
        if !cursor.advance()? {
            self.skip_range();
        }
        Ok(())
    }

    /// Goes before the range after the one it stands before or in.
    pub(crate) fn skip_range(&mut self) {
        self.inside = false;
        self.at += 1;
    }

    /// Goes to the next record, or before the next range at the end of this one.
    #[inline]
    pub(crate) fn advance(&mut self) -> Result<()> {
        if let Some(cursor) = &mut self.cursor
            && !cursor.advance()?
        {
            self.skip_range();
        }
        Ok(())
    }

    /// Goes to the first record at or after `key`, or before the first range that may have it if all
    /// of that range is at or after `key`.
    pub(crate) async fn seek(&mut self, key: &[u8]) -> Result<()> {
        self.at = self.metarange.seek(key);
        self.inside = false;
        if self.range().is_some_and(|range| &range.min_key[..] < key) {
            self.enter().await?;
            if let Some(cursor) = &mut self.cursor
                && self.inside
                && !cursor.seek(key)?
            {
                self.skip_range();
            }
        }
        Ok(())
    }

    /// Goes forward to the first record at or after `key` without leaving ranges that end before it
    /// entered; answers its value when its key is `key`. Never goes back.
    pub(crate) async fn find(&mut self, key: &[u8]) -> Result<Option<ValueRef<'_>>> {
        if self.range().is_some_and(|range| &range.max_key[..] < key) {
            self.inside = false;
            self.at = self.metarange.seek(key);
        }
        if !self.inside {
            if self.range().is_none_or(|range| &range.min_key[..] > key) {
                return Ok(None);
            }
            self.enter().await?;
        }
        let Some(cursor) = &mut self.cursor else {
            return Ok(None);
        };
        if !self.inside {
            return Ok(None);
        }
        // Neighbours are common when sides differ in a stretch: step a little before searching.
        for _ in 0..4 {
            if cursor.key() >= key {
                break;
            }
            if !cursor.advance()? {
                self.inside = false;
                self.at += 1;
                return Ok(None);
            }
        }
        if cursor.key() < key && !cursor.seek(key)? {
            self.inside = false;
            self.at += 1;
            return Ok(None);
        }
        if cursor.key() == key {
            cursor.value().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Goes to a record of the range it is in, or before the next range for the end of this one.
    pub(crate) fn go(&mut self, spot: Spot) -> Result<()> {
        if let Some(cursor) = &mut self.cursor
            && self.inside
            && !cursor.go(spot)?
        {
            self.skip_range();
        }
        Ok(())
    }

    /// Goes back before the first range.
    pub(crate) fn rewind(&mut self) {
        self.inside = false;
        self.at = 0;
    }

    /// The place in the metarange of the range it stands before or in.
    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The first range that shares keys with the given bounds.
    pub(crate) fn overlapping(&self, min_key: &[u8], max_key: &[u8]) -> Option<&RangeInfo> {
        self.metarange
            .ranges
            .get(self.metarange.seek(min_key))
            .filter(|range| &range.min_key[..] <= max_key)
    }

    pub(crate) fn namespace(&self) -> &StorageNamespace {
        &self.namespace
    }

    /// The cursor in the range, when standing on a record.
    #[inline]
    pub(crate) fn cursor(&self) -> Option<&TableCursor> {
        if self.inside {
            self.cursor.as_ref()
        } else {
            None
        }
    }

    /// The current key; empty when not on a record.
    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        self.cursor().map_or(&[], TableCursor::key)
    }

    /// All ranges.
    pub(crate) fn ranges(&self) -> &[RangeInfo] {
        &self.metarange.ranges
    }
}

/// Says when a long computation should let others run.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    steps: u32,
}

impl Pacer {
    /// Records handled between two pauses: about two milliseconds of work.
    const STEPS: u32 = 4096;

    /// Counts a record; true when it is time to pause.
    #[inline]
    pub(crate) fn due(&mut self) -> bool {
        self.steps += 1;
        if self.steps < Self::STEPS {
            return false;
        }
        self.steps = 0;
        true
    }
}
