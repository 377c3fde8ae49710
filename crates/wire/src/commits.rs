//! Commits and the requests that make them.

use serde::{Deserialize, Serialize};

use crate::{Metadata, Pagination, is_false};

/// A commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Who committed.
    pub committer: String,
    /// When, in Unix seconds.
    pub creation_date: i64,
    /// Distance from the root; absent on records of very old installations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// Its address.
    pub id: String,
    /// The message.
    pub message: String,
    /// The tree it names; empty for the first commit.
    pub meta_range_id: String,
    /// Metadata; always sent.
    #[serde(default)]
    pub metadata: Metadata,
    /// Its parents, first parent first.
    pub parents: Vec<String>,
    /// Version of the commit record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// A page of commits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitList {
    /// Where the page stands.
    pub pagination: Pagination,
    /// The commits, newest first.
    pub results: Vec<Commit>,
}

/// A commit to make from what is staged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitCreation {
    /// Commit even when nothing changed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_empty: bool,
    /// Date to record instead of now, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<i64>,
    /// Write even to a read-only repository.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force: bool,
    /// The message.
    pub message: String,
    /// Metadata.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// What a revert or cherry-pick says instead of its defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitOverrides {
    /// Message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Metadata.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// A commit to undo.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevertCreation {
    /// Commit even when nothing changed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub allow_empty: bool,
    /// Message and metadata to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_overrides: Option<CommitOverrides>,
    /// Write even to a read-only repository.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force: bool,
    /// Which parent of a merge to go back to, counted from 1; 0 for an ordinary commit.
    pub parent_number: i64,
    /// The commit to undo.
    #[serde(rename = "ref")]
    pub reference: String,
}

/// A commit to repeat on a branch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CherryPickCreation {
    /// Message and metadata to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_overrides: Option<CommitOverrides>,
    /// Write even to a read-only repository.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force: bool,
    /// Which parent of a merge to compare with, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_number: Option<i64>,
    /// The commit to repeat.
    #[serde(rename = "ref")]
    pub reference: String,
}

/// A commit record brought over from another installation, byte for byte.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitRecordCreation {
    /// The address the record must hash to.
    pub commit_id: String,
    /// Who committed.
    pub committer: String,
    /// When, in Unix seconds.
    pub creation_date: i64,
    /// Write even to a read-only repository.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force: bool,
    /// Distance from the root.
    pub generation: i64,
    /// The message.
    pub message: String,
    /// Metadata.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// The tree it names.
    pub metarange_id: String,
    /// Its parents.
    pub parents: Vec<String>,
    /// Version of the commit record.
    pub version: i64,
}
