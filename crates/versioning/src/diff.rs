//! Differences: between references, and of uncommitted changes.

use std::cmp::Ordering;
use std::sync::Arc;

use lakefs_tree::{DiffIter, DiffKind};
use lakefs_types::{BranchId, MetaRangeId, RefExpr};

use crate::page::Placement;
use crate::refs::RefKind;
use crate::staged::{Staged, StagedCursor, end_of_prefix};
use crate::{Commit, Engine, EntryView, Error, ListObjects, Repository, Result};

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiffType {
    /// Only the right side has it.
    Added,
    /// Only the left side has it.
    Removed,
    /// Both have it, differently.
    Changed,
    /// Both changed it since their common ancestor (three dots only).
    Conflict,
    /// Something below the prefix happened.
    PrefixChanged,
}

/// Which differences between two references.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RefDiff {
    /// All of them.
    TwoDot,
    /// What the right side changed since the common ancestor: what merging it would do.
    #[default]
    ThreeDot,
}

/// A difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiffEntry<'a> {
    /// The path, or a common prefix.
    pub path: &'a [u8],
    /// What happened to it.
    pub kind: DiffType,
    /// The entry on the right, or on the left where the right has none; an empty one for an uncommitted
    /// deletion (lakeFS answers size 0 there); none for a prefix.
    pub entry: Option<EntryView<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    start: u32,
    path: u32,
    data: u32,
    kind: DiffType,
}

/// A page of differences.
#[derive(Debug, Clone, Default)]
pub struct DiffPage {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
    has_more: bool,
}

impl DiffPage {
    /// Number of differences.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether there are more after the last one.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// The `index`-th difference.
    pub fn get(&self, index: usize) -> Option<DiffEntry<'_>> {
        let slot = self.slots.get(index)?;
        let rest = self.bytes.get(slot.start as usize..)?;
        let (path, rest) = rest.split_at_checked(slot.path as usize)?;
        let data = rest.get(..slot.data as usize)?;
        let entry = match slot.kind {
            DiffType::PrefixChanged => None,
            _ => EntryView::parse(data).ok(),
        };
        Some(DiffEntry {
            path,
            kind: slot.kind,
            entry,
        })
    }

    /// The differences, in order.
    pub fn iter(&self) -> impl Iterator<Item = DiffEntry<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl DiffPage {
    fn push(&mut self, path: &[u8], kind: DiffType, data: &[u8]) {
        let length = |length: usize| u32::try_from(length).expect("a page is far below 4 GiB");
        self.slots.push(Slot {
            start: length(self.bytes.len()),
            path: length(path.len()),
            data: length(data.len()),
            kind,
        });
        self.bytes.extend_from_slice(path);
        self.bytes.extend_from_slice(data);
    }

    /// Puts a difference where it belongs.
    fn offer(
        &mut self,
        list: &ListObjects,
        path: &[u8],
        kind: DiffType,
        data: &[u8],
    ) -> Result<Next> {
        match list.place(path, self.len()) {
            Placement::Outside => Ok(Next::End),
            Placement::Full => {
                self.has_more = true;
                Ok(Next::End)
            }
            Placement::Item => {
                EntryView::parse(data).map_err(|error| {
                    Error::corrupt(format!("entry {}", String::from_utf8_lossy(path)), error)
                })?;
                self.push(path, kind, data);
                Ok(Next::Advance)
            }
            Placement::Prefix(prefix) => {
                self.push(prefix, DiffType::PrefixChanged, b"");
                Ok(end_of_prefix(prefix).map_or(Next::End, Next::Seek))
            }
        }
    }
}

/// How a walk goes on.
enum Next {
    Advance,
    Seek(Vec<u8>),
    End,
}

/// What the common ancestor of two sides says about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base<I> {
    /// It does not matter (two dots).
    Ignored,
    /// The path had this content, or none.
    Had(Option<I>),
}

/// What a path means between a left (destination) and a right (source) side; with a base, what the
/// right side changed since then. `None`: nothing to tell.
fn classify<I: PartialEq + Copy>(
    base: Base<I>,
    left: Option<I>,
    right: Option<I>,
) -> Option<DiffType> {
    let plain = between(left, right)?;
    match base {
        Base::Ignored => Some(plain),
        // Only the left side changed it.
        Base::Had(base) if base == right => None,
        Base::Had(base) if base == left => Some(plain),
        Base::Had(_) => Some(DiffType::Conflict),
    }
}

/// What a path means between two sides.
pub(crate) fn between<I: PartialEq>(left: Option<I>, right: Option<I>) -> Option<DiffType> {
    match (left, right) {
        (None, None) => None,
        (None, Some(_)) => Some(DiffType::Added),
        (Some(_), None) => Some(DiffType::Removed),
        (Some(left), Some(right)) => (left != right).then_some(DiffType::Changed),
    }
}

/// Uncommitted changes on the right side of a difference.
struct StagedSide {
    cursor: StagedCursor,
    left: MetaRangeId,
    /// The common ancestor's content, where only what the right side changed counts.
    base: Option<MetaRangeId>,
}

/// What a walk over committed and uncommitted differences stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Committed,
    Staged,
    /// An uncommitted change of a path that differs in the commit, too: the uncommitted one counts.
    Both,
}

/// Differences of commits with uncommitted changes laid over the right side.
struct RefWalk {
    diff: DiffIter,
    staged: StagedSide,
}

impl RefWalk {
    async fn load(&mut self) -> Result<Option<At>> {
        self.staged.cursor.load().await?;
        let committed = self.diff.current().map(|found| found.key);
        Ok(match (self.staged.cursor.key(), committed) {
            (None, None) => None,
            (Some(_), None) => Some(At::Staged),
            (None, Some(_)) => Some(At::Committed),
            (Some(staged), Some(committed)) => Some(match staged.cmp(committed) {
                Ordering::Less => At::Staged,
                Ordering::Equal => At::Both,
                Ordering::Greater => At::Committed,
            }),
        })
    }

    async fn advance(&mut self, at: At) -> Result<()> {
        if at != At::Committed {
            self.staged.cursor.advance();
        }
        if at != At::Staged {
            self.diff.next().await.map_err(Error::Tree)?;
        }
        Ok(())
    }

    async fn seek(&mut self, key: &[u8]) -> Result<()> {
        self.staged.cursor.seek(key);
        if self.diff.current().is_some_and(|found| found.key < key) {
            self.diff.seek(key).await.map_err(Error::Tree)?;
            self.diff.next().await.map_err(Error::Tree)?;
        }
        Ok(())
    }
}

impl Engine {
    /// Uncommitted changes of a branch.
    pub async fn diff_uncommitted(
        &self,
        repository: &Repository,
        branch: &BranchId,
        list: &ListObjects,
    ) -> Result<DiffPage> {
        let _reading = self.0.readers.begin();
        let branch = self.branch_record(repository, branch).await?.branch;
        let head = self.commit_by_id(repository, &branch.commit_id).await?;
        let mut page = DiffPage::default();
        let Some(start) = list.start() else {
            return Ok(page);
        };
        let mut changes = self
            .uncommitted(
                repository,
                &head.metarange,
                branch.tokens(),
                &start,
                list.expected(),
            )
            .await?;
        while let Some((path, kind, data)) = changes.next().await? {
            match page.offer(list, path, kind, data)? {
                Next::Advance => changes.advance(),
                Next::Seek(end) => changes.seek(&end),
                Next::End => break,
            }
        }
        Ok(page)
    }

    /// Differences from `left` to `right`. `right` may be a branch's uncommitted state (`main$`).
    pub async fn diff_refs(
        &self,
        repository: &Repository,
        left: &RefExpr,
        right: &RefExpr,
        which: RefDiff,
        list: &ListObjects,
    ) -> Result<DiffPage> {
        let _reading = self.0.readers.begin();
        let left = self.commit_of(repository, left).await?;
        let resolved = self.resolve(repository, right).await?;
        let right = self.commit_by_id(repository, &resolved.commit_id).await?;
        let mut page = DiffPage::default();
        let Some(start) = list.start() else {
            return Ok(page);
        };
        let base = match which {
            RefDiff::TwoDot => None,
            RefDiff::ThreeDot => Some(
                self.required_base(repository, &right, &left)
                    .await?
                    .metarange
                    .clone(),
            ),
        };
        let (tree, namespace) = (&self.0.parts.tree, &repository.namespace);
        let diff = match &base {
            None => {
                tree.diff(namespace, &left.metarange, &right.metarange)
                    .await
            }
            Some(base) => {
                tree.compare(namespace, base, &right.metarange, &left.metarange)
                    .await
            }
        };
        let kv = Arc::clone(&self.0.parts.kv);
        let cursor = match (&resolved.kind, resolved.dollar) {
            (RefKind::Branch(branch), true) => {
                StagedCursor::of_branch(kv, branch, &start, list.expected())
            }
            _ => StagedCursor::empty(kv),
        };
        let staged = StagedSide {
            cursor,
            left: left.metarange.clone(),
            base,
        };
        let mut walk = RefWalk {
            diff: diff.map_err(Error::Tree)?,
            staged,
        };
        walk.diff.seek(&start).await.map_err(Error::Tree)?;
        walk.diff.next().await.map_err(Error::Tree)?;
        while let Some(at) = walk.load().await? {
            let next = match (at, walk.diff.current()) {
                (At::Committed, Some(found)) => {
                    let value = found.right.or(found.left);
                    let data = value.map_or(&b""[..], |value| value.data);
                    page.offer(list, found.key, found.kind.into(), data)?
                }
                _ => {
                    self.offer_staged(repository, &walk.staged, list, &mut page)
                        .await?
                }
            };
            match next {
                Next::End => break,
                Next::Advance => walk.advance(at).await?,
                Next::Seek(end) => walk.seek(&end).await?,
            }
        }
        Ok(page)
    }

    /// Offers the uncommitted change the cursor stands on.
    async fn offer_staged(
        &self,
        repository: &Repository,
        staged: &StagedSide,
        list: &ListObjects,
        page: &mut DiffPage,
    ) -> Result<Next> {
        let Some((path, change)) = staged.cursor.current()? else {
            return Ok(Next::End);
        };
        let (tree, namespace) = (&self.0.parts.tree, &repository.namespace);
        let left = tree
            .get(namespace, &staged.left, path)
            .await
            .map_err(Error::Tree)?;
        let ancestor = match &staged.base {
            None => None,
            Some(base) => tree.get(namespace, base, path).await.map_err(Error::Tree)?,
        };
        let base = match &staged.base {
            None => Base::Ignored,
            Some(_) => Base::Had(ancestor.as_ref().map(|record| &*record.identity)),
        };
        let left_identity = left.as_ref().map(|record| &*record.identity);
        let Some(kind) = classify(base, left_identity, change.identity()) else {
            return Ok(Next::Advance);
        };
        let data = match (change, &left) {
            (Staged::Entry { data, .. }, _) => data,
            (Staged::Tombstone, Some(left)) => &left.data,
            (Staged::Tombstone, None) => &[],
        };
        page.offer(list, path, kind, data)
    }

    /// The best common ancestor of two commits that must have one.
    pub(crate) async fn required_base(
        &self,
        repository: &Repository,
        source: &Arc<Commit>,
        destination: &Arc<Commit>,
    ) -> Result<Arc<Commit>> {
        let base = self
            .common_ancestor(repository, source, destination)
            .await?;
        base.ok_or_else(|| Error::NoMergeBase {
            left: source.id.to_string(),
            right: destination.id.to_string(),
        })
    }
}

impl From<DiffKind> for DiffType {
    fn from(kind: DiffKind) -> Self {
        match kind {
            DiffKind::Added => Self::Added,
            DiffKind::Removed => Self::Removed,
            DiffKind::Changed => Self::Changed,
            DiffKind::Conflict => Self::Conflict,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_dots_tell_what_the_right_side_changed() {
        use DiffType::{Added, Changed, Conflict, Removed};
        let three = |base, left, right| classify(Base::Had(base), left, right);
        let (none, a, b, c) = (None, Some(1), Some(2), Some(3));
        assert_eq!(three(none, none, a), Some(Added));
        assert_eq!(three(a, none, a), None);
        assert_eq!(three(b, none, a), Some(Conflict));
        assert_eq!(three(none, a, b), Some(Conflict));
        assert_eq!(three(b, a, b), None);
        assert_eq!(three(a, a, b), Some(Changed));
        assert_eq!(three(c, a, b), Some(Conflict));
        assert_eq!(three(a, a, none), Some(Removed));
        assert_eq!(three(b, a, none), Some(Conflict));
        assert_eq!(three(none, a, none), None);
        assert_eq!(three(c, a, a), None);
        assert_eq!(classify(Base::Ignored, a, b), Some(Changed));
    }
}
