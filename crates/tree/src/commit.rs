//! Applying changes to a metarange.

use lakefs_types::MetaRangeId;

/// How to commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommitOptions {
    /// Write a metarange even when nothing changes.
    pub allow_empty: bool,
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitOutcome {
    /// The changes change nothing; nothing was written.
    NoChanges,
    /// The new content is stored.
    Written {
        /// The new metarange.
        metarange: MetaRangeId,
        /// Keys that are new.
        added: u64,
        /// Keys that are gone.
        removed: u64,
        /// Keys whose identity is another.
        changed: u64,
    },
}
