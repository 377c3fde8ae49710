//! Undoing a commit by a new one.

use crate::{Caller, Result, Service};

use std::collections::BTreeMap;

/// Replacements for what a new commit would otherwise say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitOverrides {
    /// Message.
    pub message: Option<String>,
    /// Metadata.
    pub metadata: Option<BTreeMap<String, String>>,
}

/// What to undo.
#[derive(Debug, Clone)]
pub struct RevertBranch<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch the new commit goes to.
    pub branch: &'a str,
    /// Reference expression of the commit to undo.
    pub reference: &'a str,
    /// Parent to return to, from 1; 0 for a commit with one parent.
    pub parent_number: i64,
    /// Replacements for the new commit.
    pub overrides: CommitOverrides,
    /// Whether a commit that changes nothing is fine.
    pub allow_empty: bool,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

impl Service {
    /// `POST /repositories/{repository}/branches/{branch}/revert`.
    pub async fn revert_branch(&self, caller: &Caller, request: RevertBranch<'_>) -> Result<()> {
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }
}
