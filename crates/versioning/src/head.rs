//! Moving a branch's head: what commit, merge, revert, cherry-pick and hard reset share.
//!
//! Inside this server operations on one branch take turns; between servers the branch record is swapped only if
//! it is still the one that was read, and otherwise the operation looks again. What was computed for
//! the old record is kept and used again where it still holds.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use lakefs_runtime::Backoff;
use lakefs_tree::MergeOutcome;
use lakefs_types::{BranchId, CommitId, MetaRangeId, StagingToken};

use crate::branch::BranchRecord;
use crate::merge::Strategy;
use crate::{Branch, Commit, CommitDraft, Engine, Error, HookEvent, HookPoint, Repository, Result};

/// How long to wait when another server came first.
const BACKOFF: Backoff = Backoff {
    initial: Duration::from_millis(20),
    factor: 1.5,
    max: Duration::from_secs(2),
    jitter: 0.5,
};

/// Tries of one operation against other servers.
pub(crate) struct Tries<'a> {
    engine: &'a Engine,
    branch: &'a BranchId,
    made: u32,
}

impl<'a> Tries<'a> {
    pub(crate) fn new(engine: &'a Engine, branch: &'a BranchId) -> Self {
        Self {
            engine,
            branch,
            made: 0,
        }
    }

    /// Waits before the next try, or gives up.
    pub(crate) async fn again(&mut self) -> Result<()> {
        self.made += 1;
        if self.made >= self.engine.0.options.max_branch_tries {
            return Err(Error::TooManyTries {
                branch: self.branch.clone(),
            });
        }
        BACKOFF.sleep(self.made - 1, &self.engine.0.parts.ids).await;
        Ok(())
    }
}

/// A head about to move: everything but the record it moves from.
pub(crate) struct HeadMove<'a> {
    pub(crate) repository: &'a Repository,
    /// The commit to be made.
    pub(crate) draft: CommitDraft,
    /// Uncommitted changes that were set aside and stay, because the commit does not have them.
    pub(crate) keep_sealed: Vec<StagingToken>,
    /// The hooks before and after.
    pub(crate) points: (HookPoint, HookPoint),
    /// What the change comes from.
    pub(crate) source: &'a str,
}

impl Engine {
    /// Whether nothing at all was written to a branch's staging token.
    pub(crate) async fn nothing_staged(&self, branch: &Branch) -> Result<bool> {
        let token = branch.staging_token.as_str().as_bytes();
        let page = self
            .0
            .parts
            .kv
            .scan(token, b"", 1)
            .await
            .map_err(Error::Kv)?;
        Ok(page.is_empty())
    }

    /// Sets a branch's uncommitted changes aside: its staging token becomes the newest sealed one.
    /// `None` when another change came first.
    pub(crate) async fn seal(
        &self,
        repository: &Repository,
        record: &BranchRecord,
    ) -> Result<Option<BranchRecord>> {
        let mut branch = record.branch.clone();
        let fresh = self.0.new_token(repository, &branch.id);
        let sealed = std::mem::replace(&mut branch.staging_token, fresh.clone());
        branch.sealed_tokens.insert(0, sealed);
        let happened = |now: Branch| async move { Ok(now.tokens().any(|token| *token == fresh)) };
        self.swap_branch(repository, record, branch, happened).await
    }

    /// The record of a branch that has no uncommitted changes. What its sealed tokens hold changes nothing and
    /// may be dropped with the next change of the record.
    pub(crate) async fn clean_branch(
        &self,
        repository: &Repository,
        id: &BranchId,
    ) -> Result<BranchRecord> {
        let mut tries = Tries::new(self, id);
        loop {
            let record = self.branch_record(repository, id).await?;
            let nothing_staged = self.nothing_staged(&record.branch).await?;
            if nothing_staged && record.branch.sealed_tokens.is_empty() {
                return Ok(record);
            }
            let head = self
                .commit_by_id(repository, &record.branch.commit_id)
                .await?;
            let dirty = || Error::DirtyBranch { branch: id.clone() };
            if self
                .has_changes(repository, &head.metarange, record.branch.tokens())
                .await?
            {
                return Err(dirty());
            }
            if nothing_staged {
                return Ok(record);
            }
            let Some(record) = self.seal(repository, &record).await? else {
                tries.again().await?;
                continue;
            };
            // A write may have been acknowledged between the look and the seal.
            if self
                .has_changes(
                    repository,
                    &head.metarange,
                    record.branch.sealed_tokens.iter(),
                )
                .await?
            {
                return Err(dirty());
            }
            return Ok(record);
        }
    }

    /// Stores a commit and points the branch at it. `None` when another change came first; the stored
    /// commit is then unreachable and harmless.
    pub(crate) async fn move_head(
        &self,
        record: &BranchRecord,
        HeadMove {
            repository,
            draft,
            keep_sealed,
            points: (pre, post),
            source,
        }: HeadMove<'_>,
    ) -> Result<Option<Arc<Commit>>> {
        let planned = draft.clone().seal();
        let event = |point, commit| HookEvent {
            point,
            repository,
            reference: record.branch.id.as_str(),
            source,
            commit_id: None,
            commit: Some(commit),
        };
        self.before(HookEvent {
            commit_id: Some(&planned.id),
            ..event(pre, &planned)
        })
        .await?;
        let commit = self.store_commit(repository, draft).await?;
        let mut branch = record.branch.clone();
        let dropped: Vec<_> = branch
            .sealed_tokens
            .iter()
            .filter(|token| !keep_sealed.contains(token))
            .cloned()
            .collect();
        branch.commit_id = commit.id.clone();
        branch.sealed_tokens = keep_sealed;
        let happened = |now: Branch| self.is_in_history(repository, &commit, now.commit_id);
        if self
            .swap_branch(repository, record, branch, happened)
            .await?
            .is_none()
        {
            return Ok(None);
        }
        self.drop_tokens(dropped);
        self.after(HookEvent {
            commit_id: Some(&commit.id),
            ..event(post, &commit)
        })
        .await;
        Ok(Some(commit))
    }

    /// Whether `commit` is `head` or one of its ancestors.
    async fn is_in_history(
        &self,
        repository: &Repository,
        commit: &Commit,
        head: CommitId,
    ) -> Result<bool> {
        let mut seen = HashSet::new();
        let mut queue = vec![head];
        while let Some(id) = queue.pop() {
            if id == commit.id {
                return Ok(true);
            }
            if seen.insert(id.clone()) {
                let ancestor = self.commit_by_id(repository, &id).await?;
                if ancestor.generation > commit.generation {
                    queue.extend(ancestor.parents.iter().cloned());
                }
            }
        }
        Ok(false)
    }

    /// The content of `destination` with what `source` changed since `base`;
    /// [`NoChanges`](Error::NoChanges) when that is nothing and `allow_empty` is not given. `done` is
    /// what the last try gave, and is used again where it was of the same three contents.
    pub(crate) async fn merge_content(
        &self,
        repository: &Repository,
        contents: [&MetaRangeId; 3],
        how: (Strategy, bool),
        done: &mut Option<MergedContent>,
    ) -> Result<MetaRangeId> {
        if let Some(done) = done.as_ref().filter(|done| done.of.each_ref() == contents) {
            return Ok(done.metarange.clone());
        }
        let [base, source, destination] = contents;
        let (strategy, allow_empty) = how;
        let nothing_new = same_content(source, base);
        let metarange = if nothing_new && !allow_empty {
            return Err(Error::NoChanges);
        } else if same_content(destination, base) {
            source.clone()
        } else if nothing_new && !destination.is_empty() {
            // An empty branch is merged for real: the result is a stored, empty table.
            destination.clone()
        } else {
            let options = lakefs_tree::MergeOptions {
                strategy: strategy.into(),
            };
            let (tree, namespace) = (&self.0.parts.tree, &repository.namespace);
            let merge = tree.merge(namespace, base, source, destination, &options);
            match Box::pin(merge).await.map_err(Error::Tree)? {
                MergeOutcome::Merged(metarange) => metarange,
                MergeOutcome::Conflict { keys } => {
                    let path = keys
                        .first()
                        .map(|key| String::from_utf8_lossy(key).into_owned());
                    return Err(Error::Conflict {
                        path: path.unwrap_or_default(),
                    });
                }
            }
        };
        *done = Some(MergedContent {
            of: contents.map(Clone::clone),
            metarange: metarange.clone(),
        });
        Ok(metarange)
    }
}

/// Identifier of the stored table that has no records.
const EMPTY_TABLE: &str = "00fb7eff1a97c500eb3ca8d2ef5464131d6b6a5f9512e41eba97843522213b66";

/// Whether two identifiers mean the same content. Nothing has two: no table at all, as in a
/// repository's first commit, and the stored table without records, which the removal of the last object leaves.
pub(crate) fn same_content(one: &MetaRangeId, other: &MetaRangeId) -> bool {
    let is_nothing = |id: &MetaRangeId| id.is_empty() || id.as_str() == EMPTY_TABLE;
    one == other || (is_nothing(one) && is_nothing(other))
}

/// Merged content and what it was merged of: base, source, destination.
pub(crate) struct MergedContent {
    of: [MetaRangeId; 3],
    metarange: MetaRangeId,
}
