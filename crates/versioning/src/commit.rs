//! Commit: uncommitted changes become history. And the plumbing that stores ready-made commits.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakefs_types::{BranchId, CommitId, MetaRangeId};

use crate::{Commit, CommitDraft, Engine, Error, Repository, Result};

/// A commit to make.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommitRequest {
    /// Who makes it.
    pub committer: String,
    /// Why.
    pub message: String,
    /// What its maker adds.
    pub metadata: BTreeMap<String, String>,
    /// Date to record, in seconds, instead of now.
    pub date: Option<i64>,
    /// Also without changes.
    pub allow_empty: bool,
    /// Also in a read-only repository.
    pub force: bool,
    /// Stored content to commit instead of the branch's uncommitted changes, of which there must be
    /// none.
    pub source_metarange: Option<MetaRangeId>,
}

/// A ready-made commit on one parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCommit {
    /// The commit; its generation is computed from its parent.
    pub draft: CommitDraft,
    /// Also in a read-only repository.
    pub force: bool,
}

impl Engine {
    /// Commits the uncommitted changes of a branch.
    pub async fn commit(
        &self,
        repository: &Repository,
        branch: &BranchId,
        request: &CommitRequest,
    ) -> Result<Arc<Commit>> {
        let _ = (repository, request);
        Err(Error::BranchNotFound {
            branch: branch.to_string(),
        })
    }

    /// Stores a commit on an existing parent and of existing content; no branch moves.
    pub async fn add_commit(
        &self,
        repository: &Repository,
        request: AddCommit,
    ) -> Result<CommitId> {
        let _ = (repository, request);
        Err(Error::NoChanges)
    }

    /// Stores a commit record as given, for copies of repositories; `id` must be the draft's own.
    pub async fn create_commit_record(
        &self,
        repository: &Repository,
        id: &CommitId,
        draft: CommitDraft,
        force: bool,
    ) -> Result<()> {
        let _ = (repository, id, draft, force);
        Err(Error::NoChanges)
    }
}
