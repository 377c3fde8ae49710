//! Merge: what a source changed since the common ancestor, applied to a branch.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakefs_tree::MergeStrategy;
use lakefs_types::{BranchId, MetaRangeId, RefExpr};

use crate::head::{HeadMove, Tries};
use crate::{Commit, CommitDraft, Engine, HookPoint, Repository, Result};

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

impl From<Strategy> for MergeStrategy {
    fn from(strategy: Strategy) -> Self {
        match strategy {
            Strategy::Default => Self::Fail,
            Strategy::DestinationWins => Self::DestinationWins,
            Strategy::SourceWins => Self::SourceWins,
        }
    }
}

/// Key of a merge's metadata that records its strategy.
const STRATEGY_KEY: &str = ".lakefs.merge.strategy";

impl Engine {
    /// Merges a reference into a branch without uncommitted changes. Answers the merge commit.
    pub async fn merge(
        &self,
        repository: &Repository,
        destination: &BranchId,
        request: &MergeRequest,
    ) -> Result<Arc<Commit>> {
        repository.ensure_writable(request.force)?;
        let _turn = self.turn(repository, destination).await;
        let allow_empty = request.allow_empty || request.force;
        let mut tries = Tries::new(self, destination);
        let mut done = None;
        loop {
            let record = self.clean_branch(repository, destination).await?;
            let head = self
                .commit_by_id(repository, &record.branch.commit_id)
                .await?;
            let source = self.commit_of(repository, &request.source).await?;
            let base = self.required_base(repository, &source, &head).await?;
            let contents = [&base, &source, &head].map(|commit| &commit.metarange);
            let how = (request.strategy, allow_empty);
            let metarange = self
                .merge_content(repository, contents, how, &mut done)
                .await?;
            let head_move = HeadMove {
                repository,
                draft: self.merge_draft(request, destination, metarange, &source, &head),
                keep_sealed: Vec::new(),
                points: (HookPoint::PreMerge, HookPoint::PostMerge),
                source: source.id.as_str(),
            };
            if let Some(commit) = self.move_head(&record, head_move).await? {
                return Ok(commit);
            }
            tries.again().await?;
        }
    }

    fn merge_draft(
        &self,
        request: &MergeRequest,
        destination: &BranchId,
        metarange: MetaRangeId,
        source: &Commit,
        head: &Commit,
    ) -> CommitDraft {
        let mut metadata = request.metadata.clone();
        metadata.insert(
            STRATEGY_KEY.to_owned(),
            request.strategy.as_str().to_owned(),
        );
        let mut parents = vec![head.id.clone()];
        if !request.squash {
            parents.push(source.id.clone());
        }
        CommitDraft {
            committer: request.committer.clone(),
            message: if request.message.is_empty() {
                format!("Merge '{}' into '{destination}'", request.source)
            } else {
                request.message.clone()
            },
            created: self.0.parts.clock.now(),
            metarange,
            metadata,
            parents,
            version: 1,
            generation: head.generation.max(source.generation).saturating_add(1),
        }
    }
}
