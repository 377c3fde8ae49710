//! Merging a reference into a branch.

use std::collections::BTreeMap;

use crate::{Caller, Result, Service};

/// What to merge.
#[derive(Debug, Clone)]
pub struct Merge<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Reference expression to merge.
    pub source: &'a str,
    /// Branch to merge into.
    pub destination: &'a str,
    /// Message of the merge commit.
    pub message: &'a str,
    /// Key-value pairs to attach to it.
    pub metadata: BTreeMap<String, String>,
    /// Empty, `source-wins` or `dest-wins`.
    pub strategy: &'a str,
    /// Whether a merge that changes nothing is fine.
    pub allow_empty: bool,
    /// Whether the merge commit forgets the source's history.
    pub squash: bool,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

/// Where two histories part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeBase {
    /// As the contract names it; lakeFS answers the destination's commit here, and so does this.
    pub source_commit_id: String,
    /// As the contract names it; lakeFS answers the source's commit here, and so does this.
    pub destination_commit_id: String,
    /// Best common ancestor.
    pub base_commit_id: String,
}

impl Service {
    /// `POST /repositories/{repository}/refs/{sourceRef}/merge/{destinationBranch}`: answers the new
    /// commit id.
    pub async fn merge_into_branch(&self, caller: &Caller, request: Merge<'_>) -> Result<String> {
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }

    /// `GET /repositories/{repository}/refs/{sourceRef}/merge/{destinationBranch}`.
    pub async fn find_merge_base(
        &self,
        caller: &Caller,
        repository: &str,
        source: &str,
        destination: &str,
    ) -> Result<MergeBase> {
        let _ = (caller, repository, source, destination);
        Err(crate::Error::not_implemented())
    }
}
