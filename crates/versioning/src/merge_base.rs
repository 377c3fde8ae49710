//! The best common ancestor of two commits.

use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use lakefs_runtime::Timestamp;
use lakefs_types::{CommitId, RefExpr};

use crate::{Commit, Engine, Repository, Result};

/// Two commits and where their histories part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeBase {
    /// The source.
    pub source: Arc<Commit>,
    /// The destination.
    pub destination: Arc<Commit>,
    /// Their best common ancestor, if they have one.
    pub base: Option<Arc<Commit>>,
}

const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const BOTH: u8 = LEFT | RIGHT;

/// A commit to look at: children before their parents, newer before older.
#[derive(Debug, PartialEq, Eq)]
struct Queued(Arc<Commit>);

impl Queued {
    /// The identifier only settles ties, so that the answer is the same every time.
    fn rank(&self) -> (i32, Timestamp, &CommitId) {
        (self.0.generation, self.0.created, &self.0.id)
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Engine {
    /// The commits of two references and where their histories part.
    pub async fn merge_base(
        &self,
        repository: &Repository,
        source: &RefExpr,
        destination: &RefExpr,
    ) -> Result<MergeBase> {
        let source = self.commit_of(repository, source).await?;
        let destination = self.commit_of(repository, destination).await?;
        let base = self
            .common_ancestor(repository, &source, &destination)
            .await?;
        Ok(MergeBase {
            source,
            destination,
            base,
        })
    }

    /// The first commit, walking back from both, that both have in their history.
    pub(crate) async fn common_ancestor(
        &self,
        repository: &Repository,
        left: &Arc<Commit>,
        right: &Arc<Commit>,
    ) -> Result<Option<Arc<Commit>>> {
        if left.id == right.id {
            return Ok(Some(Arc::clone(left)));
        }
        let mut reached = HashMap::from([(left.id.clone(), LEFT), (right.id.clone(), RIGHT)]);
        let mut queue = BinaryHeap::from([Queued(Arc::clone(left)), Queued(Arc::clone(right))]);
        while let Some(Queued(commit)) = queue.pop() {
            let from = reached.get(&commit.id).copied().unwrap_or(0);
            for parent in &commit.parents {
                let sides = reached.entry(parent.clone()).or_insert(0);
                let first_seen = *sides == 0;
                *sides |= from;
                if *sides == BOTH {
                    return self.commit_by_id(repository, parent).await.map(Some);
                }
                if first_seen {
                    queue.push(Queued(self.commit_by_id(repository, parent).await?));
                }
            }
        }
        Ok(None)
    }
}
