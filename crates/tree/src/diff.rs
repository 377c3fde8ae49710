//! Differences between two metaranges, and what a merge would change (docs/design/0001-tables.md,
//! "Diff").

use std::cmp::Ordering;
use std::sync::Arc;

use lakefs_types::{MetaRangeId, StorageNamespace};

use crate::pair::Pair;
use crate::shared::Shared;
use crate::walk::{Pacer, Position, Walk};
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

/// Which sides have the key the walks stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Left,
    Right,
    Both,
}

/// Walks differences in key order, skipping what is the same on both sides.
#[derive(Debug)]
pub struct DiffIter {
    shared: Arc<Shared>,
    left: Walk,
    right: Walk,
    /// The common ancestor, for three dots.
    base: Option<Walk>,
    pair: Pair,
    /// The difference the walks stand on.
    current: Option<(Found, DiffKind)>,
    pacer: Pacer,
}

impl DiffIter {
    pub(crate) async fn two_dot(
        shared: &Arc<Shared>,
        namespace: &StorageNamespace,
        left: &MetaRangeId,
        right: &MetaRangeId,
    ) -> Result<Self> {
        let left = Walk::open(shared, namespace, left).await?;
        let right = Walk::open(shared, namespace, right).await?;
        Ok(Self::new(shared, left, right, None))
    }

    pub(crate) async fn three_dot(
        shared: &Arc<Shared>,
        namespace: &StorageNamespace,
        base: &MetaRangeId,
        source: &MetaRangeId,
        destination: &MetaRangeId,
    ) -> Result<Self> {
        let left = Walk::open(shared, namespace, destination).await?;
        let right = Walk::open(shared, namespace, source).await?;
        let base = Walk::open(shared, namespace, base).await?;
        Ok(Self::new(shared, left, right, Some(base)))
    }

    fn new(shared: &Arc<Shared>, left: Walk, right: Walk, base: Option<Walk>) -> Self {
        Self {
            shared: Arc::clone(shared),
            left,
            right,
            base,
            pair: Pair::default(),
            current: None,
            pacer: Pacer::default(),
        }
    }

    /// Moves so that [`DiffIter::next`] gives the first difference whose key is at or after `key`.
    pub async fn seek(&mut self, key: &[u8]) -> Result<()> {
        self.current = None;
        self.pair.reset();
        if let Some(base) = &mut self.base {
            base.rewind();
        }
        self.left.seek(key).await?;
        self.right.seek(key).await
    }

    /// Moves to the next difference and gives it; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<DiffRef<'_>>> {
        self.leave()?;
        while let Some(found) = self.find().await? {
            let kind = match &mut self.base {
                None => Some(match found {
                    Found::Left => DiffKind::Removed,
                    Found::Right => DiffKind::Added,
                    Found::Both => DiffKind::Changed,
                }),
                Some(base) => classify(base, &self.left, &self.right, found).await?,
            };
            self.current = Some((found, kind.unwrap_or(DiffKind::Changed)));
            if kind.is_some() {
                break;
            }
            self.leave()?;
            if self.pacer.due() {
                tokio::task::yield_now().await;
            }
        }
        Ok(self.current())
    }

    /// The difference that the last [`DiffIter::next`] gave.
    pub fn current(&self) -> Option<DiffRef<'_>> {
        let (found, kind) = self.current?;
        // Values were readable when the difference was found.
        let (key, left, right) = match found {
            Found::Left => (self.left.key(), self.left.cursor()?.value().ok(), None),
            Found::Right => (self.right.key(), None, self.right.cursor()?.value().ok()),
            Found::Both => (
                self.left.key(),
                self.left.cursor()?.value().ok(),
                self.right.cursor()?.value().ok(),
            ),
        };
        Some(DiffRef {
            key,
            kind,
            left,
            right,
        })
    }

    /// Moves off the difference the walks stand on.
    fn leave(&mut self) -> Result<()> {
        if let Some((found, _)) = self.current.take() {
            if found != Found::Right {
                self.left.advance()?;
            }
            if found != Found::Left {
                self.right.advance()?;
            }
        }
        Ok(())
    }

    /// Moves both walks to the next key on which they differ.
    async fn find(&mut self) -> Result<Option<Found>> {
        loop {
            let (left, right) = (&mut self.left, &mut self.right);
            match (left.position(), right.position()) {
                (Position::End, Position::End) => return Ok(None),
                (Position::Record, Position::Record) => {
                    if let Some(found) = self.find_in_ranges().await? {
                        return Ok(Some(found));
                    }
                }
                (Position::Record, Position::End) => return readable(left, Found::Left),
                (Position::End, Position::Record) => return readable(right, Found::Right),
                (Position::Header, Position::End) => left.enter().await?,
                (Position::End, Position::Header) => right.enter().await?,
                (Position::Header, Position::Header) => self.meet().await?,
                (Position::Record, Position::Header) => {
                    if right
                        .range()
                        .is_some_and(|range| left.key() < &range.min_key[..])
                    {
                        return readable(left, Found::Left);
                    }
                    right.enter().await?;
                }
                (Position::Header, Position::Record) => {
                    if left
                        .range()
                        .is_some_and(|range| right.key() < &range.min_key[..])
                    {
                        return readable(right, Found::Right);
                    }
                    left.enter().await?;
                }
            }
        }
    }

    /// Both walks stand before a range.
    async fn meet(&mut self) -> Result<()> {
        let (Some(l), Some(r)) = (self.left.range(), self.right.range()) else {
            return Ok(());
        };
        // On both sides the same, or unchanged on the source: nothing for a merge to do here.
        let unchanged_source = || {
            l.min_key == r.min_key
                && l.max_key == r.max_key
                && self.base.as_ref().is_some_and(|base| {
                    base.overlapping(&r.min_key, &r.max_key)
                        .is_some_and(|range| range.id == r.id)
                })
        };
        if l.id == r.id || unchanged_source() {
            self.left.skip_range();
            self.right.skip_range();
        } else if l.max_key < r.min_key {
            // Only the destination has something here: no change of the source's unless the base has it.
            let only_destination = self
                .base
                .as_ref()
                .is_some_and(|base| base.overlapping(&l.min_key, &l.max_key).is_none());
            if only_destination {
                self.left.skip_range();
            } else {
                self.left.enter().await?;
            }
        } else if r.max_key < l.min_key {
            let deleted_by_destination = self.base.as_ref().is_some_and(|base| {
                base.overlapping(&r.min_key, &r.max_key)
                    .is_some_and(|range| range.id == r.id)
            });
            if deleted_by_destination {
                self.right.skip_range();
            } else {
                self.right.enter().await?;
            }
        } else {
            self.left.enter().await?;
            self.right.enter().await?;
        }
        Ok(())
    }

    /// Both walks stand on records: goes on until they differ or one leaves its range.
    async fn find_in_ranges(&mut self) -> Result<Option<Found>> {
        if self.pair.is_stale(&self.left, &self.right) {
            self.pair
                .prepare(&self.shared, &self.left, &self.right)
                .await?;
        }
        loop {
            if let Some(jump) = self.pair.jump(&self.left, &self.right) {
                self.left.go(jump.left)?;
                self.right.go(jump.right)?;
            }
            let (Some(l), Some(r)) = (self.left.cursor(), self.right.cursor()) else {
                return Ok(None);
            };
            match l.key().cmp(r.key()) {
                Ordering::Less => return readable(&self.left, Found::Left),
                Ordering::Greater => return readable(&self.right, Found::Right),
                Ordering::Equal if l.value()?.identity != r.value()?.identity => {
                    return Ok(Some(Found::Both));
                }
                Ordering::Equal => {}
            }
            self.left.advance()?;
            self.right.advance()?;
            if self.pacer.due() {
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Answers `found` if the record can be read.
fn readable(walk: &Walk, found: Found) -> Result<Option<Found>> {
    if let Some(cursor) = walk.cursor() {
        cursor.value()?;
    }
    Ok(Some(found))
}

/// What a difference between destination (left) and source (right) means to a merge; `None` when the
/// source did not change the key.
async fn classify(
    base: &mut Walk,
    left: &Walk,
    right: &Walk,
    found: Found,
) -> Result<Option<DiffKind>> {
    let value = |walk: &Walk| {
        walk.cursor()
            .map(|cursor| cursor.value().map(|v| v.identity.to_vec()))
            .transpose()
    };
    let key = if found == Found::Right {
        right.key()
    } else {
        left.key()
    };
    let base = base.find(key).await?.map(|value| value.identity);
    let destination = if found == Found::Right {
        None
    } else {
        value(left)?
    };
    let source = if found == Found::Left {
        None
    } else {
        value(right)?
    };
    Ok(decide(base, source.as_deref(), destination.as_deref()))
}

/// What a merge makes of a key, given its identity in base, source and destination where source and
/// destination differ.
pub(crate) fn decide(
    base: Option<&[u8]>,
    source: Option<&[u8]>,
    destination: Option<&[u8]>,
) -> Option<DiffKind> {
    if base == source {
        return None;
    }
    if base != destination {
        return Some(DiffKind::Conflict);
    }
    Some(match (source, destination) {
        (None, _) => DiffKind::Removed,
        (Some(_), None) => DiffKind::Added,
        (Some(_), Some(_)) => DiffKind::Changed,
    })
}
