//! Repeating the change of one commit on another branch.

use crate::{Caller, Commit, CommitOverrides, Result, Service};

/// What to repeat.
#[derive(Debug, Clone)]
pub struct CherryPick<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch the new commit goes to.
    pub branch: &'a str,
    /// Reference expression of the commit to repeat.
    pub reference: &'a str,
    /// Parent against which its change is taken, from 1; needed for a merge commit.
    pub parent_number: Option<i64>,
    /// Replacements for the new commit.
    pub overrides: CommitOverrides,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

impl Service {
    /// `POST /repositories/{repository}/branches/{branch}/cherry-pick`.
    pub async fn cherry_pick(&self, caller: &Caller, request: CherryPick<'_>) -> Result<Commit> {
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }
}
