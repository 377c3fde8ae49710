//! Commit: uncommitted changes become history. And the plumbing that stores ready-made commits.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakefs_runtime::Timestamp;
use lakefs_tree::{CommitOutcome, TreeError};
use lakefs_types::{BranchId, CommitId, MetaRangeId, StagingToken};

use crate::branch::BranchRecord;
use crate::head::{HeadMove, Tries};
use crate::protection::ProtectedAction;
use crate::staged::StagedCursor;
use crate::{Branch, Commit, CommitDraft, Engine, Error, HookEvent, HookPoint, Repository, Result};

/// Staged entries read at a time.
const COMMIT_SCAN: usize = 2000;

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

/// Tables written for a commit that is not made yet.
struct TableWork {
    /// The content it was applied to.
    base: MetaRangeId,
    /// The uncommitted changes it holds, newest first.
    tokens: Vec<StagingToken>,
    /// The new content; `None` when the changes change nothing.
    metarange: Option<MetaRangeId>,
}

impl TableWork {
    /// Whether it is still what committing the branch gives: same content below, same oldest changes.
    /// Newer ones that another server set aside meanwhile are left for its commit.
    fn holds_for(&self, head: &Commit, branch: &Branch) -> bool {
        head.metarange == self.base && branch.sealed_tokens.ends_with(&self.tokens)
    }
}

impl Engine {
    /// Commits the uncommitted changes of a branch. Staging on the branch goes on meanwhile; what is
    /// staged after the beginning is not part of the commit.
    pub async fn commit(
        &self,
        repository: &Repository,
        branch: &BranchId,
        request: &CommitRequest,
    ) -> Result<Arc<Commit>> {
        repository.ensure_writable(request.force)?;
        self.ensure_unprotected(repository, branch, ProtectedAction::Commit)
            .await?;
        let _turn = self.turn(repository, branch).await;
        self.before(HookEvent {
            point: HookPoint::PrepareCommit,
            repository,
            reference: branch.as_str(),
            source: branch.as_str(),
            commit_id: None,
            commit: None,
        })
        .await?;
        match &request.source_metarange {
            Some(metarange) => {
                self.commit_metarange(repository, branch, request, metarange)
                    .await
            }
            None => self.commit_staged(repository, branch, request).await,
        }
    }

    async fn commit_staged(
        &self,
        repository: &Repository,
        id: &BranchId,
        request: &CommitRequest,
    ) -> Result<Arc<Commit>> {
        let mut record = self.set_aside(repository, id).await?;
        let mut done: Option<TableWork> = None;
        let mut tries = Tries::new(self, id);
        loop {
            let head = self
                .commit_by_id(repository, &record.branch.commit_id)
                .await?;
            let work = match done
                .take()
                .filter(|work| work.holds_for(&head, &record.branch))
            {
                Some(work) => work,
                None => {
                    self.write_tables(repository, &head, &record.branch, request.allow_empty)
                        .await?
                }
            };
            let keep = record.branch.sealed_tokens.len() - work.tokens.len();
            let keep_sealed = record
                .branch
                .sealed_tokens
                .iter()
                .take(keep)
                .cloned()
                .collect();
            let Some(metarange) = work.metarange.clone() else {
                self.forget_sealed(repository, &record, keep_sealed).await?;
                return Err(Error::NoChanges);
            };
            let head_move = HeadMove {
                repository,
                draft: self.draft(request, metarange, &head),
                keep_sealed,
                points: (HookPoint::PreCommit, HookPoint::PostCommit),
                source: id.as_str(),
            };
            if let Some(commit) = self.move_head(&record, head_move).await? {
                return Ok(commit);
            }
            tries.again().await?;
            record = self.branch_record(repository, id).await?;
            done = Some(work);
        }
    }

    /// Commits content that is stored already.
    async fn commit_metarange(
        &self,
        repository: &Repository,
        id: &BranchId,
        request: &CommitRequest,
        metarange: &MetaRangeId,
    ) -> Result<Arc<Commit>> {
        self.ensure_stored(repository, metarange).await?;
        let mut tries = Tries::new(self, id);
        loop {
            let record = self
                .clean_branch(repository, id)
                .await
                .map_err(|error| match error {
                    Error::DirtyBranch { branch } => Error::MetaRangeDirtyBranch { branch },
                    error => error,
                })?;
            let head = self
                .commit_by_id(repository, &record.branch.commit_id)
                .await?;
            let head_move = HeadMove {
                repository,
                draft: self.draft(request, metarange.clone(), &head),
                keep_sealed: Vec::new(),
                points: (HookPoint::PreCommit, HookPoint::PostCommit),
                source: id.as_str(),
            };
            if let Some(commit) = self.move_head(&record, head_move).await? {
                return Ok(commit);
            }
            tries.again().await?;
        }
    }

    /// Sets a branch's uncommitted changes aside, if there are any.
    async fn set_aside(&self, repository: &Repository, id: &BranchId) -> Result<BranchRecord> {
        let mut tries = Tries::new(self, id);
        loop {
            let record = self.branch_record(repository, id).await?;
            if self.nothing_staged(&record.branch).await? {
                return Ok(record);
            }
            if let Some(record) = self.seal(repository, &record).await? {
                return Ok(record);
            }
            tries.again().await?;
        }
    }

    /// Writes the content of a commit of everything that was set aside.
    async fn write_tables(
        &self,
        repository: &Repository,
        head: &Commit,
        branch: &Branch,
        allow_empty: bool,
    ) -> Result<TableWork> {
        let tokens = branch.sealed_tokens.clone();
        let base = head.metarange.clone();
        if tokens.is_empty() && !allow_empty {
            return Ok(TableWork {
                base,
                tokens,
                metarange: None,
            });
        }
        let kv = Arc::clone(&self.0.parts.kv);
        let mut changes = StagedCursor::new(kv, tokens.iter(), b"", COMMIT_SCAN);
        let options = lakefs_tree::CommitOptions { allow_empty };
        let tree = &self.0.parts.tree;
        let outcome = tree
            .commit(&repository.namespace, &base, &mut changes, &options)
            .await;
        let metarange = match outcome.map_err(unwrap_changes)? {
            CommitOutcome::NoChanges => None,
            CommitOutcome::Written { metarange, .. } => Some(metarange),
        };
        Ok(TableWork {
            base,
            tokens,
            metarange,
        })
    }

    /// Takes changes that change nothing off the branch, so that they do not pile up.
    async fn forget_sealed(
        &self,
        repository: &Repository,
        record: &BranchRecord,
        keep_sealed: Vec<StagingToken>,
    ) -> Result<()> {
        let mut branch = record.branch.clone();
        let kept = keep_sealed.len();
        branch.sealed_tokens = keep_sealed;
        if branch == record.branch {
            return Ok(());
        }
        // Nothing is lost if another change came first, or nobody can tell: they stay set aside.
        if self
            .swap_branch(repository, record, branch, |_| async { Ok(false) })
            .await?
            .is_some()
        {
            self.drop_tokens(
                record
                    .branch
                    .sealed_tokens
                    .iter()
                    .skip(kept)
                    .cloned()
                    .collect(),
            );
        }
        Ok(())
    }

    fn draft(&self, request: &CommitRequest, metarange: MetaRangeId, head: &Commit) -> CommitDraft {
        CommitDraft {
            committer: request.committer.clone(),
            message: request.message.clone(),
            created: request
                .date
                .map_or_else(|| self.0.parts.clock.now(), Timestamp::from_seconds),
            metarange,
            metadata: request.metadata.clone(),
            parents: vec![head.id.clone()],
            version: 1,
            generation: head.generation.saturating_add(1),
        }
    }

    async fn ensure_stored(&self, repository: &Repository, metarange: &MetaRangeId) -> Result<()> {
        let tree = &self.0.parts.tree;
        if tree
            .exists(&repository.namespace, metarange)
            .await
            .map_err(Error::Tree)?
        {
            return Ok(());
        }
        Err(Error::MetaRangeNotFound {
            id: metarange.clone(),
        })
    }

    /// Stores a commit on an existing parent and of existing content; no branch moves.
    pub async fn add_commit(
        &self,
        repository: &Repository,
        request: AddCommit,
    ) -> Result<CommitId> {
        repository.ensure_writable(request.force)?;
        let mut draft = request.draft;
        let [parent] = draft.parents.as_slice() else {
            return Err(Error::InvalidCommit {
                reason: "it needs exactly one parent".to_owned(),
            });
        };
        let parent = self.commit_by_id(repository, parent).await?;
        self.ensure_stored(repository, &draft.metarange).await?;
        draft.generation = parent.generation.saturating_add(1);
        Ok(self.store_commit(repository, draft).await?.id.clone())
    }

    /// Stores a commit record as given, for copies of repositories; `id` must be the draft's own.
    pub async fn create_commit_record(
        &self,
        repository: &Repository,
        id: &CommitId,
        draft: CommitDraft,
        force: bool,
    ) -> Result<()> {
        repository.ensure_writable(force)?;
        let computed = draft.id();
        if computed != *id {
            return Err(Error::InvalidCommit {
                reason: format!("its identifier is {computed}, not {id}"),
            });
        }
        self.store_commit(repository, draft).await.map(drop)
    }
}

/// The engine's own error where reading the changes failed.
fn unwrap_changes(error: TreeError) -> Error {
    match error {
        TreeError::Changes(cause) => match cause.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(cause) => Error::Tree(TreeError::Changes(cause)),
        },
        error => Error::Tree(error),
    }
}
