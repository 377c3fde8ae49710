//! A name of a commit, as clients see one.

/// A branch or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ref {
    /// Name.
    pub id: String,
    /// Commit it points to.
    pub commit_id: String,
}
