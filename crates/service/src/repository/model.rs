//! A repository as clients see one.

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Name.
    pub id: String,
    /// Where its objects live.
    pub storage_namespace: String,
    /// Default branch.
    pub default_branch: String,
    /// When it was created, Unix seconds.
    pub creation_date: i64,
    /// Whether it refuses writes.
    pub read_only: bool,
    /// Identifier of its block store; always empty, as there is one.
    pub storage_id: String,
}
