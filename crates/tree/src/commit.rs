//! Applying changes to a metarange: ranges without changes are taken over, others are rewritten.

use std::sync::Arc;

use lakefs_types::{MetaRangeId, StorageNamespace};

use crate::changes::{Change, ChangePage, ChangeSource};
use crate::cursor::TableCursor;
use crate::shared::Shared;
use crate::walk::{Pacer, Position, Walk};
use crate::writer::{MetaRangeWriter, WriterOptions};
use crate::{Result, TreeError};

/// How to commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommitOptions {
    /// Write a metarange even when nothing changes.
    pub allow_empty: bool,
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitOutcome {
    /// The changes change nothing; nothing refers to anything that was written.
    NoChanges,
    /// The new content is stored.
    Written {
        /// The new metarange.
        metarange: MetaRangeId,
        /// Keys that are new.
        added: u64,
        /// Keys that are gone.
        removed: u64,
        /// Keys whose identity is another.
        changed: u64,
    },
}

#[derive(Debug, Default)]
struct Tally {
    added: u64,
    removed: u64,
    changed: u64,
}

/// The changes still to come, a page at a time, checked to ascend.
struct Pending<'s> {
    source: &'s mut dyn ChangeSource,
    page: ChangePage,
    at: usize,
    more: bool,
    last_key: Vec<u8>,
    started: bool,
}

impl<'s> Pending<'s> {
    async fn begin(source: &'s mut dyn ChangeSource) -> Result<Self> {
        let mut pending = Self {
            source,
            page: ChangePage::new(),
            at: 0,
            more: true,
            last_key: Vec::new(),
            started: false,
        };
        pending.fill().await?;
        Ok(pending)
    }

    #[inline]
    fn current(&self) -> Option<Change<'_>> {
        self.page.get(self.at)
    }

    /// Leaves the current change behind; true when [`Pending::fill`] is due.
    #[inline]
    fn step(&mut self) -> Result<bool> {
        self.at += 1;
        if self.at >= self.page.len() {
            return Ok(self.more);
        }
        self.check_order()?;
        Ok(false)
    }

    async fn advance(&mut self) -> Result<()> {
        if self.step()? {
            self.fill().await
        } else {
            Ok(())
        }
    }

    async fn fill(&mut self) -> Result<()> {
        while self.more && self.at >= self.page.len() {
            if let Some(last) = self
                .page
                .len()
                .checked_sub(1)
                .and_then(|at| self.page.get(at))
            {
                self.last_key.clear();
                self.last_key.extend_from_slice(last.key);
                self.started = true;
            }
            self.page.clear();
            self.at = 0;
            self.more = self
                .source
                .next_page(&mut self.page)
                .await
                .map_err(TreeError::Changes)?;
        }
        self.check_order()
    }

    #[inline]
    fn check_order(&self) -> Result<()> {
        let Some(now) = self.current() else {
            return Ok(());
        };
        let before = match self.at.checked_sub(1) {
            Some(before) => self.page.get(before).map(|change| change.key),
            None => self.started.then_some(&self.last_key[..]),
        };
        match before {
            Some(before) if before >= now.key => Err(TreeError::order(now.key)),
            _ => Ok(()),
        }
    }
}

pub(crate) async fn commit(
    shared: Arc<Shared>,
    namespace: &StorageNamespace,
    base: &MetaRangeId,
    changes: &mut dyn ChangeSource,
    options: &CommitOptions,
) -> Result<CommitOutcome> {
    let metarange = shared.metarange(namespace, base).await?;
    let mut writer = MetaRangeWriter::new(
        Arc::clone(&shared),
        namespace.clone(),
        WriterOptions::default(),
    );
    writer.know(&metarange.ranges);
    let mut base = Walk::new(shared, namespace.clone(), metarange);
    let mut changes = Pending::begin(changes).await?;
    let mut tally = Tally::default();
    let mut pacer = Pacer::default();
    loop {
        match (base.position(), changes.current()) {
            (Position::End, None) => break,
            (Position::End, Some(change)) => {
                if let Some((identity, data)) = change.record {
                    tally.added += 1;
                    writer.write_record(change.key, identity, data).await?;
                }
                changes.advance().await?;
                if pacer.due() {
                    tokio::task::yield_now().await;
                }
            }
            (Position::Header, change) => {
                let Some(range) = base.range() else { break };
                if change.is_some_and(|change| range.max_key[..] >= *change.key) {
                    base.enter().await?;
                } else {
                    writer.write_range(range).await?;
                    base.skip_range();
                }
            }
            (Position::Record, _) => {
                rewrite_range(&mut base, &mut changes, &mut writer, &mut tally, &mut pacer).await?;
            }
        }
    }
    if tally.added + tally.removed + tally.changed == 0 && !options.allow_empty {
        return Ok(CommitOutcome::NoChanges);
    }
    let metarange = writer.finish().await?;
    Ok(CommitOutcome::Written {
        metarange,
        added: tally.added,
        removed: tally.removed,
        changed: tally.changed,
    })
}

/// Merges the rest of the range that `base` is in with the changes that come before its end.
async fn rewrite_range(
    base: &mut Walk,
    changes: &mut Pending<'_>,
    writer: &mut MetaRangeWriter,
    tally: &mut Tally,
    pacer: &mut Pacer,
) -> Result<()> {
    loop {
        let Some(change) = changes.current() else {
            return writer.copy_while(base, pacer, |_| true).await;
        };
        let below = |cursor: &TableCursor| cursor.key() < change.key;
        writer.copy_while(base, pacer, below).await?;
        let Some(cursor) = base.cursor() else {
            return Ok(());
        };
        let there = cursor.key() == change.key;
        let mut full = false;
        match (there, change.record) {
            (true, None) => tally.removed += 1,
            // The record as it is; the one given with an equal identity may differ in what does not count.
            (true, Some((identity, _))) if identity == cursor.value()?.identity => {
                full = writer.push_current(cursor)?;
            }
            (true, Some((identity, data))) => {
                tally.changed += 1;
                writer.write_record(change.key, identity, data).await?;
            }
            // A deletion of a key that is not there.
            (false, None) => {}
            (false, Some((identity, data))) => {
                tally.added += 1;
                writer.write_record(change.key, identity, data).await?;
            }
        }
        if full {
            writer.end_range().await?;
        }
        if there {
            base.advance()?;
        }
        if changes.step()? {
            changes.fill().await?;
        }
        if pacer.due() {
            tokio::task::yield_now().await;
        }
    }
}
