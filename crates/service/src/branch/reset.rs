//! Throwing away uncommitted changes, and moving a branch.

use crate::audit::Call;
use crate::branch::create::is_missing_reference;
use crate::failure::engine_failure;
use crate::{Caller, Error, Result, Service, names};

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
        let call = Call::at("resetBranch", repository, branch);
        self.audited(caller, call, async {
            self.may_revert_branch(caller, repository, branch).await?;
            let repository = self.repository(repository).await?;
            let branch = names::branch(branch)?;
            let engine = self.engine();
            match scope {
                ResetScope::All => engine.reset_branch(&repository, &branch, force).await,
                ResetScope::Prefix(prefix) => {
                    engine
                        .reset_prefix(&repository, &branch, prefix, force)
                        .await
                }
                ResetScope::Object(path) => {
                    let path = names::path(path)?;
                    engine
                        .reset_object(&repository, &branch, &path, force)
                        .await
                }
            }
            .map_err(engine_failure)
        })
        .await
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
        let call = Call::at("hardResetBranch", repository, branch);
        self.audited(caller, call, async {
            self.may_revert_branch(caller, repository, branch).await?;
            let stored = self.repository(repository).await?;
            let id = names::branch(branch)?;
            let target = names::reference(reference)?;
            match self.engine().hard_reset(&stored, &id, &target, force).await {
                Ok(_) => Ok(()),
                Err(error) if is_missing_reference(&error) => Err(Error::not_found(format!(
                    "hard-reset {branch} to {reference}: not found"
                ))
                .caused_by(error)),
                Err(error) => Err(engine_failure(error)),
            }
        })
        .await
    }
}
