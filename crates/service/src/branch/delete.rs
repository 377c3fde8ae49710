//! Deleting a branch.

use crate::{Caller, Result, Service};

impl Service {
    /// `DELETE /repositories/{repository}/branches/{branch}`.
    pub async fn delete_branch(
        &self,
        caller: &Caller,
        repository: &str,
        branch: &str,
        force: bool,
    ) -> Result<()> {
        let _ = (caller, repository, branch, force);
        Err(crate::Error::not_implemented())
    }
}
