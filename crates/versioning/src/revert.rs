//! Revert: a new commit that takes back what an old one changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakefs_types::{BranchId, MetaRangeId, RefExpr};

use crate::head::{HeadMove, Tries, same_content};
use crate::merge::Strategy;
use crate::{Commit, CommitDraft, Engine, Error, HookPoint, Repository, Result};

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
        repository.ensure_writable(request.force)?;
        let reverted = self.commit_of(repository, &request.reference).await?;
        let parent = match (request.parent_number, reverted.parents.len()) {
            (0, 0) => None,
            (0, 1) => reverted.parent(1),
            (0, _) => {
                return Err(Error::ParentRequired {
                    operation: "reverting",
                });
            }
            (number, _) => Some(
                reverted
                    .parent(number)
                    .ok_or(Error::ParentOutOfRange { number })?,
            ),
        };
        let back_to = match parent {
            Some(parent) => self
                .commit_by_id(repository, parent)
                .await?
                .metarange
                .clone(),
            None => MetaRangeId::EMPTY,
        };
        let _turn = self.turn(repository, branch).await;
        let mut tries = Tries::new(self, branch);
        let mut done = None;
        loop {
            let record = self.clean_branch(repository, branch).await?;
            let head = self
                .commit_by_id(repository, &record.branch.commit_id)
                .await?;
            let contents = [&reverted.metarange, &back_to, &head.metarange];
            let how = (Strategy::Default, request.allow_empty);
            let metarange = self
                .merge_content(repository, contents, how, &mut done)
                .await?;
            if same_content(&metarange, &head.metarange) && !request.allow_empty {
                return Err(Error::NoChanges);
            }
            let message = || format!("Revert {}", request.reference);
            let head_move = HeadMove {
                repository,
                draft: CommitDraft {
                    committer: request.committer.clone(),
                    message: request.message.clone().unwrap_or_else(message),
                    created: self.0.parts.clock.now(),
                    metarange,
                    metadata: request.metadata.clone(),
                    parents: vec![head.id.clone()],
                    version: 1,
                    generation: head.generation.saturating_add(1),
                },
                keep_sealed: Vec::new(),
                points: (HookPoint::PreRevert, HookPoint::PostRevert),
                source: reverted.id.as_str(),
            };
            if let Some(commit) = self.move_head(&record, head_move).await? {
                return Ok(commit);
            }
            tries.again().await?;
        }
    }
}
