//! Differences between references, and merges.

use serde::{Deserialize, Serialize};

use crate::{Metadata, Pagination, PathType, is_false};

/// How a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiffType {
    /// Only on the right.
    Added,
    /// Only on the left.
    Removed,
    /// On both, not equal.
    Changed,
    /// Changed differently on both sides since their common ancestor.
    Conflict,
    /// Something below this prefix differs.
    PrefixChanged,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The path or prefix.
    pub path: String,
    /// Object or prefix.
    pub path_type: PathType,
    /// The object on the right side, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right: Option<DiffObjectStat>,
    /// Size of the object; absent for a prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<i64>,
    /// How it differs.
    #[serde(rename = "type")]
    pub diff_type: DiffType,
}

/// The object on one side of a difference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffObjectStat {
    /// Checksum.
    pub checksum: String,
    /// Content type.
    pub content_type: String,
    /// User metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Modification time, in Unix seconds.
    pub mtime: i64,
}

/// A page of differences.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffList {
    /// Where the page stands.
    pub pagination: Pagination,
    /// The differences, in path order.
    pub results: Vec<Diff>,
}

/// How to merge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// Commit even when nothing changed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_empty: bool,
    /// Write even to a read-only repository.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force: bool,
    /// Message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Metadata.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// Record one parent only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub squash_merge: bool,
    /// `dest-wins`, `source-wins` or empty: who wins a conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
}

/// The commit that a merge made; empty when it found conflicts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeResult {
    /// Its id.
    pub reference: String,
}

/// The commits a merge would compare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindMergeBaseResult {
    /// The common ancestor.
    pub base_commit_id: String,
    /// The destination.
    pub destination_commit_id: String,
    /// The source.
    pub source_commit_id: String,
}
