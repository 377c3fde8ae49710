//! A commit as clients see one.

use std::sync::Arc;

/// A commit. Clones are cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit(Arc<lakefs_versioning::Commit>);

impl Commit {
    pub(crate) fn of(commit: Arc<lakefs_versioning::Commit>) -> Self {
        Self(commit)
    }

    /// Identifier.
    pub fn id(&self) -> &str {
        self.0.id.as_str()
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
        self.0.created.seconds
    }

    /// Table of its content; empty for the first commit of a repository.
    pub fn meta_range_id(&self) -> &str {
        self.0.metarange.as_str()
    }

    /// Key-value pairs people attached.
    pub fn metadata(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0
            .metadata
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Parents, in order.
    pub fn parents(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.parents.iter().map(AsRef::as_ref)
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
