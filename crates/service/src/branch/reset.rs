//! Throwing away uncommitted changes, and moving a branch.

use crate::{Caller, Result, Service};

/// Which uncommitted changes to throw away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetScope<'a> {
    /// All of them.
    All,
    /// Those below a prefix.
    Prefix(&'a str),
    /// That of one object.
    Object(&'a str),
}

impl Service {
    /// `PUT /repositories/{repository}/branches/{branch}`.
    pub async fn reset_branch(
        &self,
        caller: &Caller,
        repository: &str,
        branch: &str,
        scope: ResetScope<'_>,
        force: bool,
    ) -> Result<()> {
        let _ = (caller, repository, branch, scope, force);
        Err(crate::Error::not_implemented())
    }

    /// `PUT /repositories/{repository}/branches/{branch}/hard_reset`: points the branch at another
    /// commit.
    pub async fn hard_reset_branch(
        &self,
        caller: &Caller,
        repository: &str,
        branch: &str,
        reference: &str,
        force: bool,
    ) -> Result<()> {
        let _ = (caller, repository, branch, reference, force);
        Err(crate::Error::not_implemented())
    }
}
