//! Deleting a branch.

use crate::audit::Call;
use crate::failure::engine_failure;
use crate::{Caller, Result, Service, names};

impl Service {
    /// `DELETE /repositories/{repository}/branches/{branch}`.
    pub async fn delete_branch(
        &self,
        caller: &Caller,
        repository: &str,
        branch: &str,
        force: bool,
    ) -> Result<()> {
        let call = Call::at("deleteBranch", repository, branch);
        self.audited(caller, call, async {
            self.may_delete_branch(caller, repository, branch).await?;
            let repository = self.repository(repository).await?;
            let branch = names::branch(branch)?;
            let outcome = self
                .engine()
                .delete_branch(&repository, &branch, force)
                .await;
            outcome.map_err(engine_failure)
        })
        .await
    }
}
