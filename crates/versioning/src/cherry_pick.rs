//! Cherry-pick: what one commit changed, applied to another branch.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakefs_types::{BranchId, MetaRangeId, RefExpr};

use crate::head::{HeadMove, Tries};
use crate::merge::Strategy;
use crate::{Commit, CommitDraft, Engine, Error, HookPoint, Repository, Result};

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

/// Key of the metadata that records which commit was picked.
const ORIGIN_KEY: &str = "cherry-pick-origin";
/// Key of the metadata that records who made that commit.
const COMMITTER_KEY: &str = "cherry-pick-committer";

impl Engine {
    /// Applies a commit's changes to a branch without uncommitted changes. Answers the new commit.
    pub async fn cherry_pick(
        &self,
        repository: &Repository,
        branch: &BranchId,
        request: &CherryPick,
    ) -> Result<Arc<Commit>> {
        repository.ensure_writable(request.force)?;
        let picked = self.commit_of(repository, &request.reference).await?;
        let number = match request.parent_number.unwrap_or(0) {
            0 if picked.parents.len() > 1 => {
                return Err(Error::ParentRequired {
                    operation: "cherry-picking",
                });
            }
            0 => 1,
            number => number,
        };
        let parent = picked
            .parent(number)
            .ok_or(Error::ParentOutOfRange { number })?;
        let before = self.commit_by_id(repository, parent).await?;
        let _turn = self.turn(repository, branch).await;
        let mut tries = Tries::new(self, branch);
        let mut done = None;
        loop {
            let record = self.clean_branch(repository, branch).await?;
            let head = self
                .commit_by_id(repository, &record.branch.commit_id)
                .await?;
            // A pick of nothing is a commit all the same.
            let contents = [&before.metarange, &picked.metarange, &head.metarange];
            let how = (Strategy::Default, true);
            let metarange = self
                .merge_content(repository, contents, how, &mut done)
                .await?;
            let head_move = HeadMove {
                repository,
                draft: self.pick_draft(request, metarange, &picked, &head),
                keep_sealed: Vec::new(),
                points: (HookPoint::PreCherryPick, HookPoint::PostCherryPick),
                source: picked.id.as_str(),
            };
            if let Some(commit) = self.move_head(&record, head_move).await? {
                return Ok(commit);
            }
            tries.again().await?;
        }
    }

    fn pick_draft(
        &self,
        request: &CherryPick,
        metarange: MetaRangeId,
        picked: &Commit,
        head: &Commit,
    ) -> CommitDraft {
        let mut metadata = request
            .metadata
            .clone()
            .unwrap_or_else(|| picked.metadata.clone());
        metadata.insert(ORIGIN_KEY.to_owned(), picked.id.to_string());
        metadata.insert(COMMITTER_KEY.to_owned(), picked.committer.clone());
        CommitDraft {
            committer: request.committer.clone(),
            message: request
                .message
                .clone()
                .unwrap_or_else(|| picked.message.clone()),
            created: self.0.parts.clock.now(),
            metarange,
            metadata,
            parents: vec![head.id.clone()],
            version: 1,
            generation: head.generation.saturating_add(1),
        }
    }
}
