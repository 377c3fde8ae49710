//! Uncommitted changes that change something: a branch's staged records held against its commit.

use std::sync::Arc;

use lakefs_tree::{MetaRangeIter, RecordRef};
use lakefs_types::{MetaRangeId, StagingToken};

use crate::diff::between;
use crate::staged::{Staged, StagedCursor, encode_staged, encode_tombstone};
use crate::{DiffType, Engine, Error, Repository, Result};

/// A path, what happened to it, and its new entry: empty for a deletion.
pub(crate) type Change<'a> = (&'a [u8], DiffType, &'a [u8]);

impl Engine {
    /// Whether a branch has uncommitted changes that would change anything, in these tokens.
    pub(crate) async fn has_changes<'a>(
        &self,
        repository: &Repository,
        metarange: &MetaRangeId,
        tokens: impl Iterator<Item = &'a StagingToken>,
    ) -> Result<bool> {
        let mut changes = self
            .uncommitted(repository, metarange, tokens, b"", 16)
            .await?;
        Ok(changes.next().await?.is_some())
    }

    /// A walk over uncommitted changes that change something, from `start`.
    pub(crate) async fn uncommitted<'a>(
        &self,
        repository: &Repository,
        metarange: &MetaRangeId,
        tokens: impl Iterator<Item = &'a StagingToken>,
        start: &[u8],
        expected: usize,
    ) -> Result<UncommittedDiff> {
        let kv = Arc::clone(&self.0.parts.kv);
        let staged = StagedCursor::new(kv, tokens, start, expected);
        Ok(UncommittedDiff {
            staged,
            committed: self.walk(repository, metarange, start).await?,
        })
    }
}

/// Uncommitted changes that change something, in key order.
pub(crate) struct UncommittedDiff {
    staged: StagedCursor,
    committed: Option<MetaRangeIter>,
}

impl UncommittedDiff {
    /// The first change at or after where the staged cursor stands that is one: not a tombstone of
    /// nothing, not the same content again. Stays there until the cursor is moved.
    pub(crate) async fn next(&mut self) -> Result<Option<Change<'_>>> {
        loop {
            self.staged.load().await?;
            let Some(key) = self.staged.key() else {
                return Ok(None);
            };
            if let Some(committed) = &mut self.committed
                && committed.current_key().is_some_and(|at| at < key)
            {
                committed.seek(key).await.map_err(Error::Tree)?;
                committed.step().await.map_err(Error::Tree)?;
            }
            if self.judge()?.is_some() {
                return self.judge();
            }
            self.staged.advance();
        }
    }

    /// Moves past the change that was given.
    pub(crate) fn advance(&mut self) {
        self.staged.advance();
    }

    /// Moves to the first change at or after `key`, which is not before where the walk stands.
    pub(crate) fn seek(&mut self, key: &[u8]) {
        self.staged.seek(key);
    }

    /// The staging record that says what the commit says about the path that was given.
    pub(crate) fn committed_record(&self, path: &[u8]) -> Result<Vec<u8>> {
        Ok(match self.committed_at(path)? {
            Some(record) => encode_staged(path, record.identity, record.data),
            None => encode_tombstone(path),
        })
    }

    /// The commit's record of a path, if the walk over it stands there.
    fn committed_at(&self, path: &[u8]) -> Result<Option<RecordRef<'_>>> {
        match &self.committed {
            Some(committed) if committed.current_key() == Some(path) => {
                committed.current().map_err(Error::Tree)
            }
            _ => Ok(None),
        }
    }

    fn judge(&self) -> Result<Option<Change<'_>>> {
        let Some((key, staged)) = self.staged.current()? else {
            return Ok(None);
        };
        let committed = self.committed_at(key)?;
        let kind = between(committed.map(|record| record.identity), staged.identity());
        Ok(kind.map(|kind| {
            let data = match staged {
                Staged::Entry { data, .. } => data,
                Staged::Tombstone => &b""[..],
            };
            (key, kind, data)
        }))
    }
}
