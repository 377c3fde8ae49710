//! The commit's side of a listing. It stands on a key; whether that was read from the tables or is remembered
//! from an earlier listing shows only when somebody wants the record.

use std::sync::Arc;

use lakefs_tree::{MetaRangeIter, RecordRef, SkipKey, Skips, TreeStore};
use lakefs_types::{MetaRangeId, StorageNamespace};

use crate::{Error, ListObjects, Result};

/// Skips in a row that are worth remembering.
const WORTH: usize = 2;

/// Where it stands.
enum At {
    /// Where the walk does.
    Walk,
    /// On a key of a remembered run, or after its last one when that is the end.
    Known(Arc<Skips>, usize),
}

/// A walk over a commit's content that remembers what follows common prefixes.
pub(crate) struct Committed<'a> {
    tree: &'a TreeStore,
    namespace: &'a StorageNamespace,
    metarange: &'a MetaRangeId,
    list: &'a ListObjects,
    walk: MetaRangeIter,
    at: At,
    /// The skips made last, one after the other.
    made: Option<(SkipKey, Skips)>,
}

impl<'a> Committed<'a> {
    /// Stands where `walk` does.
    pub(crate) fn new(
        tree: &'a TreeStore,
        namespace: &'a StorageNamespace,
        metarange: &'a MetaRangeId,
        list: &'a ListObjects,
        walk: MetaRangeIter,
    ) -> Self {
        Self {
            tree,
            namespace,
            metarange,
            list,
            walk,
            at: At::Walk,
            made: None,
        }
    }

    /// The key it stands on; `None` at the end.
    pub(crate) fn key(&self) -> Option<&[u8]> {
        match &self.at {
            At::Walk => self.walk.current_key(),
            At::Known(run, at) => run.get(*at),
        }
    }

    /// Whether the record it stands on was read.
    #[inline]
    pub(crate) fn is_read(&self) -> bool {
        matches!(self.at, At::Walk)
    }

    /// Reads the record it stands on.
    pub(crate) async fn read(&mut self) -> Result<()> {
        if let At::Known(run, at) = &self.at
            && let Some(key) = run.get(*at)
        {
            seek(&mut self.walk, key).await?;
            self.at = At::Walk;
        }
        Ok(())
    }

    /// The record it stands on, if it was read.
    #[inline]
    pub(crate) fn record(&self) -> Result<Option<RecordRef<'_>>> {
        if self.is_read() {
            self.walk.current().map_err(Error::Tree)
        } else {
            Ok(None)
        }
    }

    /// Moves to the next record, from one that was read.
    #[inline]
    pub(crate) fn advance(&mut self) -> impl Future<Output = lakefs_tree::Result<bool>> {
        if self.made.is_some() {
            // What follows a record is no skip.
            self.remember();
        }
        self.walk.step()
    }

    /// Moves past everything that begins with a common prefix, all of which lies before `end`.
    pub(crate) async fn skip(&mut self, prefix: &[u8], end: &[u8]) -> Result<()> {
        if self.key().is_none_or(|at| at >= end) {
            return Ok(());
        }
        if let At::Known(run, at) = &mut self.at {
            *at += 1;
            if *at < run.len() || run.is_ended() {
                return Ok(());
            }
        }
        if self.made.is_none() {
            let key = SkipKey {
                namespace: self.namespace.clone(),
                metarange: self.metarange.clone(),
                prefix: prefix.into(),
                from: self.list.prefix.len(),
                delimiter: self.list.delimiter.as_str().into(),
            };
            if let Some(run) = self.tree.skips(&key) {
                self.at = At::Known(run, 0);
                return Ok(());
            }
            self.made = Some((key, Skips::default()));
        }
        seek(&mut self.walk, end).await?;
        self.at = At::Walk;
        if let Some((_, run)) = &mut self.made {
            run.push(self.walk.current_key());
            if run.is_full() {
                self.remember();
            }
        }
        Ok(())
    }

    /// Keeps the skips made last for the next listing.
    pub(crate) fn remember(&mut self) {
        if let Some((key, run)) = self.made.take()
            && run.len() >= WORTH
        {
            self.tree.keep_skips(key, run);
        }
    }
}

async fn seek(walk: &mut MetaRangeIter, key: &[u8]) -> Result<()> {
    walk.seek(key).await.map_err(Error::Tree)?;
    walk.step().await.map_err(Error::Tree)?;
    Ok(())
}
