//! From reference expressions to commits.

use std::sync::Arc;

use lakefs_types::{CommitId, RefExpr};

use crate::{Branch, Commit, Engine, Error, Repository, Result, Tag};

/// What the base of a reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefKind {
    /// A branch; reading it without modifiers includes uncommitted changes.
    Branch(Branch),
    /// A tag.
    Tag(Tag),
    /// A commit, by its whole identifier or the beginning of it.
    Commit,
}

/// A resolved reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// What its base names.
    pub kind: RefKind,
    /// The commit it leads to.
    pub commit_id: CommitId,
    /// Whether reading it includes the branch's uncommitted changes.
    pub staged: bool,
    /// Whether it ends in `$` and so names uncommitted changes rather than a commit.
    pub dollar: bool,
}

impl Engine {
    /// What a reference names.
    pub async fn resolve(&self, repository: &Repository, reference: &RefExpr) -> Result<Resolved> {
        let _ = repository;
        Err(Error::RefNotFound {
            reference: reference.to_string(),
        })
    }

    /// The commit a reference names; `$` names none.
    pub async fn commit_of(
        &self,
        repository: &Repository,
        reference: &RefExpr,
    ) -> Result<Arc<Commit>> {
        let _ = repository;
        Err(Error::RefNotFound {
            reference: reference.to_string(),
        })
    }

    /// A commit by its whole identifier; from memory when it was read before.
    pub async fn commit_by_id(
        &self,
        repository: &Repository,
        id: &CommitId,
    ) -> Result<Arc<Commit>> {
        let _ = repository;
        Err(Error::CommitNotFound { id: id.to_string() })
    }
}
