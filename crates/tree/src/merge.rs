//! Three-way merge of metaranges: what the source changed since the base, applied to the destination.
//!
//! The walk decides range by range where it can (docs/design/0001-tables.md, "Merge"); which ranges are
//! copied and which entered follows lakeFS, so that both make the same tables. One thing differs on
//! purpose: a record is compared with the base record of the same key only. lakeFS compares with the
//! next base record whatever its key, and drops or keeps the wrong side when the two happen to have the
//! same content.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;
use lakefs_types::{MetaRangeId, StorageNamespace};

use crate::cursor::TableCursor;
use crate::diff::{DiffKind, decide};
use crate::fingerprint::Spot;
use crate::pair::Pair;
use crate::shared::Shared;
use crate::walk::{Pacer, Position, Walk};
use crate::writer::{MetaRangeWriter, WriterOptions};
use crate::{RangeInfo, Result};

/// What to do about a key that both sides changed differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MergeStrategy {
    /// Answer [`MergeOutcome::Conflict`].
    #[default]
    Fail,
    /// Keep what the destination has.
    DestinationWins,
    /// Take what the source has.
    SourceWins,
}

/// How to merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MergeOptions {
    /// What to do about conflicts.
    pub strategy: MergeStrategy,
}

/// What became of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeOutcome {
    /// The merged content is stored. It may be the destination's own metarange: then nothing changed.
    Merged(MetaRangeId),
    /// Both sides changed these keys differently; nothing refers to anything that was written.
    Conflict {
        /// The first such keys; at least one.
        keys: Vec<Bytes>,
    },
}

/// Which side's record or range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Source,
    Destination,
}

/// What to do with a range that only one side has here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lone {
    Copy,
    Skip,
    Enter,
}

#[derive(Debug)]
struct Merge {
    shared: Arc<Shared>,
    base: Walk,
    source: Walk,
    destination: Walk,
    pair: Pair,
    writer: MetaRangeWriter,
    strategy: MergeStrategy,
    pacer: Pacer,
    conflict: Option<Bytes>,
}

pub(crate) async fn merge(
    shared: &Arc<Shared>,
    namespace: &StorageNamespace,
    [base, source, destination]: [&MetaRangeId; 3],
    options: &MergeOptions,
) -> Result<MergeOutcome> {
    let mut writer = MetaRangeWriter::new(
        Arc::clone(shared),
        namespace.clone(),
        WriterOptions::default(),
    );
    let source = Walk::open(shared, namespace, source).await?;
    let destination = Walk::open(shared, namespace, destination).await?;
    writer.know(source.ranges());
    writer.know(destination.ranges());
    let mut merge = Merge {
        shared: Arc::clone(shared),
        base: Walk::open(shared, namespace, base).await?,
        source,
        destination,
        pair: Pair::default(),
        writer,
        strategy: options.strategy,
        pacer: Pacer::default(),
        conflict: None,
    };
    while merge.conflict.is_none() && merge.step().await? {}
    match merge.conflict {
        Some(key) => Ok(MergeOutcome::Conflict { keys: vec![key] }),
        None => merge.writer.finish().await.map(MergeOutcome::Merged),
    }
}

impl Merge {
    /// Goes on by a range or within ranges; false at the end.
    async fn step(&mut self) -> Result<bool> {
        match (self.source.position(), self.destination.position()) {
            (Position::End, Position::End) => return Ok(false),
            (Position::Record, Position::Record) => self.both_records().await?,
            (Position::Header, Position::Header) => self.both_headers().await?,
            (Position::Record, Position::End) => self.lone_record(Side::Source).await?,
            (Position::End, Position::Record) => self.lone_record(Side::Destination).await?,
            (Position::Header, Position::End) => self.lone_range(Side::Source).await?,
            (Position::End, Position::Header) => self.lone_range(Side::Destination).await?,
            (Position::Record, Position::Header) => self.record_and_range(Side::Source).await?,
            (Position::Header, Position::Record) => {
                self.record_and_range(Side::Destination).await?;
            }
        }
        Ok(true)
    }

    fn walk(&self, side: Side) -> &Walk {
        match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        }
    }

    fn walk_mut(&mut self, side: Side) -> &mut Walk {
        match side {
            Side::Source => &mut self.source,
            Side::Destination => &mut self.destination,
        }
    }

    async fn copy_range(&mut self, side: Side) -> Result<()> {
        let walk = match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        };
        if let Some(range) = walk.range() {
            self.writer.write_range(range).await?;
        }
        Ok(())
    }

    /// The first base range that shares keys with a range.
    fn base_of(&self, range: &RangeInfo) -> Option<&RangeInfo> {
        self.base.overlapping(&range.min_key, &range.max_key)
    }

    async fn both_headers(&mut self) -> Result<()> {
        let (Some(s), Some(d)) = (self.source.range(), self.destination.range()) else {
            return Ok(());
        };
        if s.id == d.id {
            self.copy_range(Side::Source).await?;
        } else if s.min_key == d.min_key && s.max_key == d.max_key {
            let base = self.base_of(s).map(|range| &range.id);
            if base == Some(&s.id) {
                self.copy_range(Side::Destination).await?;
            } else if base == Some(&d.id) {
                self.copy_range(Side::Source).await?;
            } else {
                self.source.enter().await?;
                return self.destination.enter().await;
            }
        } else {
            let before = if s.max_key < d.min_key {
                Some((Side::Source, s))
            } else if d.max_key < s.min_key {
                Some((Side::Destination, d))
            } else {
                None
            };
            if let Some((side, range)) = before {
                let what = self.decide_lone(range);
                if what != Lone::Enter {
                    return self.apply_lone(side, what).await;
                }
            }
            self.source.enter().await?;
            return self.destination.enter().await;
        }
        self.source.skip_range();
        self.destination.skip_range();
        Ok(())
    }

    /// A range that only one side has: new there, or deleted by the other, or changed by both.
    fn decide_lone(&self, range: &RangeInfo) -> Lone {
        match self.base_of(range) {
            None => Lone::Copy,
            Some(base) if base.id == range.id => Lone::Skip,
            Some(_) => Lone::Enter,
        }
    }

    async fn apply_lone(&mut self, side: Side, what: Lone) -> Result<()> {
        match what {
            Lone::Enter => return self.walk_mut(side).enter().await,
            Lone::Copy => self.copy_range(side).await?,
            Lone::Skip => {}
        }
        self.walk_mut(side).skip_range();
        Ok(())
    }

    async fn lone_range(&mut self, side: Side) -> Result<()> {
        let Some(range) = self.walk(side).range() else {
            return Ok(());
        };
        let what = self.decide_lone(range);
        self.apply_lone(side, what).await
    }

    /// One side stands on a record, the other before a range.
    async fn record_and_range(&mut self, record: Side) -> Result<()> {
        let other = match record {
            Side::Source => Side::Destination,
            Side::Destination => Side::Source,
        };
        let key = self.walk(record).key();
        let Some(range) = self.walk(other).range() else {
            return Ok(());
        };
        if key < &range.min_key[..] {
            self.lone_record(record).await
        } else if &range.max_key[..] < key {
            self.lone_range(other).await
        } else {
            self.walk_mut(other).enter().await
        }
    }

    /// A record whose key only one side has.
    async fn lone_record(&mut self, side: Side) -> Result<()> {
        let walk = match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        };
        let Some(cursor) = walk.cursor() else {
            return Ok(());
        };
        let identity = cursor.value()?.identity;
        let base = self
            .base
            .find(cursor.key())
            .await?
            .map(|value| value.identity);
        let keep = match base {
            // Added here.
            None => true,
            // Deleted by the other side.
            Some(base) if base == identity => false,
            // Changed here and deleted there.
            Some(_) => match (self.strategy, side) {
                (MergeStrategy::Fail, _) => {
                    self.conflict = Some(Bytes::copy_from_slice(cursor.key()));
                    return Ok(());
                }
                (MergeStrategy::SourceWins, Side::Source)
                | (MergeStrategy::DestinationWins, Side::Destination) => true,
                _ => false,
            },
        };
        if keep {
            self.write(side).await?;
        }
        self.walk_mut(side).advance()?;
        self.pause().await;
        Ok(())
    }

    async fn both_records(&mut self) -> Result<()> {
        if self.pair.is_stale(&self.source, &self.destination) {
            self.pair
                .prepare(&self.shared, &self.source, &self.destination)
                .await?;
        }
        while let (Some(s), Some(d)) = (self.source.cursor(), self.destination.cursor()) {
            if let Some(jump) = self.pair.jump(&self.source, &self.destination) {
                self.destination.go(jump.right)?;
                self.write_until(jump.left).await?;
                continue;
            }
            match s.key().cmp(d.key()) {
                Ordering::Less => return self.lone_record(Side::Source).await,
                Ordering::Greater => return self.lone_record(Side::Destination).await,
                Ordering::Equal => {}
            }
            let (source, destination) = (s.value()?.identity, d.value()?.identity);
            let side = if source == destination {
                Side::Source
            } else {
                let base = self.base.find(s.key()).await?.map(|value| value.identity);
                match (decide(base, Some(source), Some(destination)), self.strategy) {
                    (None, _) | (Some(DiffKind::Conflict), MergeStrategy::DestinationWins) => {
                        Side::Destination
                    }
                    (Some(DiffKind::Conflict), MergeStrategy::Fail) => {
                        self.conflict = Some(Bytes::copy_from_slice(s.key()));
                        return Ok(());
                    }
                    (Some(_), _) => Side::Source,
                }
            };
            self.write(side).await?;
            self.source.advance()?;
            self.destination.advance()?;
            self.pause().await;
        }
        Ok(())
    }

    /// Writes the source's records up to a spot, where both sides are known to hold the same.
    async fn write_until(&mut self, end: Spot) -> Result<()> {
        let before = |cursor: &TableCursor| cursor.spot() < end;
        self.writer
            .copy_while(&mut self.source, &mut self.pacer, before)
            .await
    }

    #[inline]
    async fn write(&mut self, side: Side) -> Result<()> {
        let walk = match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        };
        if let Some(cursor) = walk.cursor()
            && self.writer.push_current(cursor)?
        {
            self.writer.end_range().await?;
        }
        Ok(())
    }

    #[inline]
    async fn pause(&mut self) {
        if self.pacer.due() {
            tokio::task::yield_now().await;
        }
    }
}
