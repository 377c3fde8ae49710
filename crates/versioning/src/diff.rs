//! Differences: between references, and of uncommitted changes.

use lakefs_types::{BranchId, RefExpr};

use crate::{Engine, EntryView, Error, ListObjects, Repository, Result};

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
    /// The entry on the right, or on the left where the right has none; none for a prefix.
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
        let entry = match slot.kind {
            DiffType::PrefixChanged => None,
            _ => EntryView::parse(rest.get(..slot.data as usize)?).ok(),
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

impl Engine {
    /// Uncommitted changes of a branch.
    pub async fn diff_uncommitted(
        &self,
        repository: &Repository,
        branch: &BranchId,
        list: &ListObjects,
    ) -> Result<DiffPage> {
        let _ = (repository, list);
        Err(Error::BranchNotFound {
            branch: branch.to_string(),
        })
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
        let _ = (repository, right, which, list);
        Err(Error::RefNotFound {
            reference: left.to_string(),
        })
    }
}
