//! A commit as clients see one.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A commit. Clones are cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit(Arc<Inner>);

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    id: String,
    committer: String,
    message: String,
    creation_date: i64,
    meta_range_id: String,
    metadata: BTreeMap<String, String>,
    parents: Vec<String>,
    version: i32,
    generation: i32,
}

impl Commit {
    /// Identifier.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Who made it.
    pub fn committer(&self) -> &str {
        &self.0.committer
    }

    /// Message.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// When it was made, Unix seconds.
    pub fn creation_date(&self) -> i64 {
        self.0.creation_date
    }

    /// Table of its content; empty for the first commit of a repository.
    pub fn meta_range_id(&self) -> &str {
        &self.0.meta_range_id
    }

    /// Key-value pairs people attached.
    pub fn metadata(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0
            .metadata
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Parents, in order.
    pub fn parents(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.parents.iter().map(String::as_str)
    }

    /// Version of the record.
    pub fn version(&self) -> i32 {
        self.0.version
    }

    /// Longest distance from a root, from 1.
    pub fn generation(&self) -> i32 {
        self.0.generation
    }
}
