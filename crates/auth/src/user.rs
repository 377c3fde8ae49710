//! Who a caller is.

use lakefs_runtime::Timestamp;

/// A user, as the rest of the server sees one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Unique name.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// Name for people, if any.
    pub friendly_name: String,
    /// Electronic mail address, if any.
    pub email: String,
    /// Where the user comes from, such as `internal`.
    pub source: String,
}

impl User {
    /// What commits record as their committer.
    pub fn committer(&self) -> &str {
        if self.email.is_empty() {
            &self.name
        } else {
            &self.email
        }
    }
}
