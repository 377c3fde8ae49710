//! Three-way merge of metaranges.

use bytes::Bytes;
use lakefs_types::MetaRangeId;

/// What to do about a key that both sides changed differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MergeStrategy {
    /// Answer [`MergeOutcome::Conflict`].
    #[default]
    Fail,
    /// Keep what the destination has.
    DestinationWins,
    /// Take what the source has.
    SourceWins,
}

/// How to merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MergeOptions {
    /// What to do about conflicts.
    pub strategy: MergeStrategy,
}

/// What became of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeOutcome {
    /// The merged content is stored. It may be the destination's own metarange: then nothing changed.
    Merged(MetaRangeId),
    /// Both sides changed these keys differently; nothing refers to anything that was written.
    Conflict {
        /// The first such keys; at least one.
        keys: Vec<Bytes>,
    },
}
