//! Commits: their records and identifiers.

use std::collections::BTreeMap;

use lakefs_runtime::Timestamp;
use lakefs_types::identity::IdentityHasher;
use lakefs_types::{CommitId, MetaRangeId};

/// A commit that has no identifier yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommitDraft {
    /// Who made it.
    pub committer: String,
    /// Why.
    pub message: String,
    /// When.
    pub created: Timestamp,
    /// Its content.
    pub metarange: MetaRangeId,
    /// What its maker adds.
    pub metadata: BTreeMap<String, String>,
    /// The commits it follows; the first is the branch it was made on.
    pub parents: Vec<CommitId>,
    /// 1; in records older than that rule parents are stored last-first.
    pub version: i32,
    /// One more than the greatest of its parents.
    pub generation: i32,
}

impl CommitDraft {
    /// The identifier: a hash of everything but version, generation and fractions of a second.
    pub fn id(&self) -> CommitId {
        let mut parents = IdentityHasher::new();
        parents.strings(&self.parents);
        let mut hasher = IdentityHasher::new();
        hasher
            .string("commit:v1")
            .string(&self.committer)
            .string(&self.message)
            .string(self.metarange.as_str())
            .int64(self.created.seconds)
            .map(&self.metadata)
            .embed(&parents.finish());
        CommitId::from_digest(&hasher.finish())
    }
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its identifier.
    pub id: CommitId,
    /// Who made it.
    pub committer: String,
    /// Why.
    pub message: String,
    /// When.
    pub created: Timestamp,
    /// Its content.
    pub metarange: MetaRangeId,
    /// What its maker added.
    pub metadata: BTreeMap<String, String>,
    /// The commits it follows.
    pub parents: Vec<CommitId>,
    /// Version of the record.
    pub version: i32,
    /// One more than the greatest of its parents.
    pub generation: i32,
}
