//! Differences: between two references, and between a branch and its last commit.

use std::collections::BTreeMap;

use crate::{Caller, Page, PageRequest, Result, Service};

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// Only the right side has it.
    Added,
    /// Only the left side has it.
    Removed,
    /// The sides have different content.
    Changed,
    /// Both sides changed it since they parted.
    Conflict,
    /// Something below this prefix differs.
    PrefixChanged,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// How it differs.
    pub kind: DifferenceKind,
    /// Path, or prefix up to and including a delimiter.
    pub path: String,
    /// Whether `path` is a prefix.
    pub is_prefix: bool,
    /// Size in bytes; `None` for a prefix.
    pub size_bytes: Option<i64>,
    /// The right side's object, when asked for.
    pub right: Option<DifferenceRight>,
}

/// The right side of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferenceRight {
    /// Checksum.
    pub checksum: String,
    /// When it was written, Unix seconds.
    pub mtime: i64,
    /// Content type.
    pub content_type: String,
    /// User metadata.
    pub metadata: BTreeMap<String, String>,
}

/// Which differences of two references.
#[derive(Debug, Clone, Copy)]
pub struct DiffRefs<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Left reference expression.
    pub left: &'a str,
    /// Right reference expression.
    pub right: &'a str,
    /// Compare the two as they are, rather than what the right one changed since they parted.
    pub two_dot: bool,
    /// Page.
    pub page: PageRequest<'a>,
    /// Where to fold paths into prefixes; empty for nowhere.
    pub delimiter: &'a str,
    /// Whether to tell about the right side's objects.
    pub include_right_stats: bool,
}

impl Service {
    /// `GET /repositories/{repository}/refs/{leftRef}/diff/{rightRef}`.
    pub async fn diff_refs(
        &self,
        caller: &Caller,
        request: DiffRefs<'_>,
    ) -> Result<Page<Difference>> {
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }

    /// `GET /repositories/{repository}/branches/{branch}/diff`: uncommitted changes.
    pub async fn diff_branch(
        &self,
        caller: &Caller,
        repository: &str,
        branch: &str,
        page: PageRequest<'_>,
        delimiter: &str,
    ) -> Result<Page<Difference>> {
        let _ = (caller, repository, branch, page, delimiter);
        Err(crate::Error::not_implemented())
    }
}
