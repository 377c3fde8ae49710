//! Log: the history that leads to a reference, newest first by date and then by identifier.

use std::collections::{BinaryHeap, HashSet};
use std::sync::Arc;

use lakefs_runtime::Timestamp;
use lakefs_types::{CommitId, RefExpr};

use crate::{Commit, Engine, Error, Repository, Result};

/// Which history to show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogRequest {
    /// At most this many commits.
    pub amount: usize,
    /// Only commits that come after this one in the same order.
    pub after: Option<RefExpr>,
    /// Only commits that changed one of these paths (or something below `prefixes`).
    pub objects: Vec<String>,
    /// Only commits that changed a path that begins with one of these (or one of `objects`).
    pub prefixes: Vec<String>,
    /// Do not look for one more once `amount` were found.
    pub limit: bool,
    /// Follow first parents only.
    pub first_parent: bool,
    /// Stop at commits older than this.
    pub since: Option<Timestamp>,
    /// Stop after this commit.
    pub stop_at: Option<RefExpr>,
}

/// A part of a history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogPage {
    /// The commits, newest first.
    pub commits: Vec<Arc<Commit>>,
    /// Whether there are more.
    pub has_more: bool,
}

/// A commit to show, newest first.
#[derive(Debug, PartialEq, Eq)]
struct Queued(Arc<Commit>);

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let (a, b) = (&self.0, &other.0);
        a.created.cmp(&b.created).then_with(|| a.id.cmp(&b.id))
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Walks a history.
struct Walk {
    queue: BinaryHeap<Queued>,
    seen: HashSet<CommitId>,
    first_parent: bool,
    since: Option<Timestamp>,
}

impl Walk {
    async fn next(
        &mut self,
        engine: &Engine,
        repository: &Repository,
    ) -> Result<Option<Arc<Commit>>> {
        while let Some(Queued(commit)) = self.queue.pop() {
            if self.since.is_some_and(|since| commit.created < since) {
                continue;
            }
            let follow = if self.first_parent { 1 } else { usize::MAX };
            for parent in commit.parents.iter().take(follow) {
                if self.seen.insert(parent.clone()) {
                    self.queue
                        .push(Queued(engine.commit_by_id(repository, parent).await?));
                }
            }
            return Ok(Some(commit));
        }
        Ok(None)
    }
}

impl Engine {
    /// The history that leads to a reference.
    pub async fn log(
        &self,
        repository: &Repository,
        reference: &RefExpr,
        request: &LogRequest,
    ) -> Result<LogPage> {
        let head = self.commit_of(repository, reference).await?;
        let mut after = match &request.after {
            Some(after) => Some(self.commit_id_of(repository, after).await?),
            None => None,
        };
        let stop_at = match &request.stop_at {
            Some(stop_at) => Some(self.commit_id_of(repository, stop_at).await?),
            None => None,
        };
        let mut walk = Walk {
            seen: HashSet::from([head.id.clone()]),
            queue: BinaryHeap::from([Queued(head)]),
            first_parent: request.first_parent,
            since: request.since,
        };
        let mut page = LogPage::default();
        while let Some(commit) = walk.next(self, repository).await? {
            let last = stop_at.as_ref() == Some(&commit.id);
            if after.is_some() {
                if after.as_ref() == Some(&commit.id) {
                    after = None;
                }
            } else if self.touches(repository, &commit, request).await? {
                if page.commits.len() >= request.amount {
                    page.has_more = true;
                    break;
                }
                page.commits.push(commit);
                if request.limit && page.commits.len() >= request.amount {
                    break;
                }
            }
            if last {
                break;
            }
        }
        Ok(page)
    }

    /// Whether a commit changed one of the paths asked for. Merges and first commits never do: what
    /// a merge changed, a commit of one of its sides did.
    async fn touches(
        &self,
        repository: &Repository,
        commit: &Commit,
        request: &LogRequest,
    ) -> Result<bool> {
        if request.objects.is_empty() && request.prefixes.is_empty() {
            return Ok(true);
        }
        let [parent] = commit.parents.as_slice() else {
            return Ok(false);
        };
        let parent = self.commit_by_id(repository, parent).await?;
        if parent.metarange == commit.metarange {
            return Ok(false);
        }
        let tree = &self.0.parts.tree;
        let namespace = &repository.namespace;
        let mut diff = tree
            .diff(namespace, &parent.metarange, &commit.metarange)
            .await
            .map_err(Error::Tree)?;
        // In key order, so that the walk only goes forward.
        let mut wanted: Vec<(&[u8], bool)> = request
            .objects
            .iter()
            .map(|path| (path.as_bytes(), false))
            .chain(
                request
                    .prefixes
                    .iter()
                    .map(|prefix| (prefix.as_bytes(), true)),
            )
            .collect();
        wanted.sort_unstable();
        for (key, is_prefix) in wanted {
            diff.seek(key).await.map_err(Error::Tree)?;
            let found = diff.next().await.map_err(Error::Tree)?;
            let Some(found) = found else { return Ok(false) };
            if found.key == key || (is_prefix && found.key.starts_with(key)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
