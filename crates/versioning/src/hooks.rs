//! Where others take part in the engine's operations: before one is carried out, with a veto, and
//! after it.

use async_trait::async_trait;
use lakefs_types::CommitId;

use crate::{Commit, Engine, Repository, Result};

/// The moment of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookPoint {
    /// Before uncommitted changes are set aside for a commit.
    PrepareCommit,
    /// The commit is computed, nothing refers to it yet.
    PreCommit,
    /// The branch is at the new commit.
    PostCommit,
    /// The merge is computed, nothing refers to it yet.
    PreMerge,
    /// The branch is at the merge.
    PostMerge,
    /// The revert is computed, nothing refers to it yet.
    PreRevert,
    /// The branch is at the revert.
    PostRevert,
    /// The cherry-pick is computed, nothing refers to it yet.
    PreCherryPick,
    /// The branch is at the cherry-pick.
    PostCherryPick,
    /// Before a branch is created.
    PreCreateBranch,
    /// The branch exists.
    PostCreateBranch,
    /// Before a branch is deleted.
    PreDeleteBranch,
    /// The branch is gone.
    PostDeleteBranch,
    /// Before a tag is created.
    PreCreateTag,
    /// The tag exists.
    PostCreateTag,
    /// Before a tag is deleted.
    PreDeleteTag,
    /// The tag is gone.
    PostDeleteTag,
}

/// What is happening.
#[derive(Debug, Clone, Copy)]
pub struct HookEvent<'a> {
    /// The moment.
    pub point: HookPoint,
    /// The repository.
    pub repository: &'a Repository,
    /// The branch or tag that changes.
    pub reference: &'a str,
    /// What the change comes from, as given: a source branch, a reverted reference.
    pub source: &'a str,
    /// The commit the reference points to, or is about to.
    pub commit_id: Option<&'a CommitId>,
    /// The new commit's record, where there is one.
    pub commit: Option<&'a Commit>,
}

/// Takes part in operations. Never called for read-only repositories.
#[async_trait]
pub trait Hooks: Send + Sync + std::fmt::Debug + 'static {
    /// Called at a `Pre…` point (and `PrepareCommit`); an error, usually
    /// [`Refused`](crate::Error::Refused), ends the operation before anything changed. May be called
    /// again for one operation when the branch moved meanwhile.
    async fn before(&self, event: HookEvent<'_>) -> Result<()>;

    /// Called at a `Post…` point, after the change is durable.
    async fn after(&self, event: HookEvent<'_>);
}

/// No hooks.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHooks;

#[async_trait]
impl Hooks for NoHooks {
    async fn before(&self, _event: HookEvent<'_>) -> Result<()> {
        Ok(())
    }

    async fn after(&self, _event: HookEvent<'_>) {}
}

impl Engine {
    /// Asks the hooks whether an operation may go on.
    pub(crate) async fn before(&self, event: HookEvent<'_>) -> Result<()> {
        if event.repository.read_only {
            return Ok(());
        }
        self.0.parts.hooks.before(event).await
    }

    /// Tells the hooks that an operation is done.
    pub(crate) async fn after(&self, event: HookEvent<'_>) {
        if !event.repository.read_only {
            self.0.parts.hooks.after(event).await;
        }
    }
}
