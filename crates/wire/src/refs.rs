//! Branches and tags.

use serde::{Deserialize, Serialize};

use crate::{Pagination, is_false};

/// A branch or a tag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ref {
    /// The commit it names.
    pub commit_id: String,
    /// Its name.
    pub id: String,
}

/// A page of branches or tags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefList {
    /// Where the page stands.
    pub pagination: Pagination,
    /// The references, in name order.
    pub results: Vec<Ref>,
}

/// A branch to create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchCreation {
    /// Write even to a read-only repository.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force: bool,
    /// Leave it out of listings unless asked for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hidden: bool,
    /// Its name.
    pub name: String,
    /// The reference it starts at.
    pub source: String,
}

/// A tag to create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagCreation {
    /// Write even to a read-only repository.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force: bool,
    /// Its name.
    pub id: String,
    /// The reference it names.
    #[serde(rename = "ref")]
    pub reference: String,
}

/// How much of a branch's uncommitted changes to drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetType {
    /// One object.
    Object,
    /// Everything below a prefix.
    CommonPrefix,
    /// Everything.
    Reset,
}

/// Uncommitted changes to drop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetCreation {
    /// Write even to a read-only repository.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force: bool,
    /// The object or prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How much.
    #[serde(rename = "type")]
    pub reset_type: ResetType,
}
