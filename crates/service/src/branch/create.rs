//! Creating a branch.

use lakefs_versioning::Error as EngineError;

use crate::audit::Call;
use crate::failure::engine_failure;
use crate::{Caller, Error, Result, Service, names};

/// A new branch.
#[derive(Debug, Clone, Copy)]
pub struct CreateBranch<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Name.
    pub name: &'a str,
    /// Reference expression it starts from.
    pub source: &'a str,
    /// Whether listings leave it out.
    pub hidden: bool,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

/// Whether the engine did not find what a reference expression names.
pub(crate) fn is_missing_reference(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::RefNotFound { .. }
            | EngineError::RefAmbiguous { .. }
            | EngineError::CommitNotFound { .. }
    )
}

impl Service {
    /// `POST /repositories/{repository}/branches`: answers the commit id.
    pub async fn create_branch(
        &self,
        caller: &Caller,
        request: CreateBranch<'_>,
    ) -> Result<String> {
        let call = Call::at("createBranch", request.repository, request.name);
        self.audited(caller, call, async {
            self.may_create_branch(caller, request.repository, request.name)
                .await?;
            let repository = self.repository(request.repository).await?;
            let id = names::new_branch(request.name)?;
            let source = names::reference(request.source)?;
            let options = lakefs_versioning::CreateBranch {
                hidden: request.hidden,
                force: request.force,
            };
            let made = self
                .engine()
                .create_branch(&repository, &id, &source, &options)
                .await;
            match made {
                Ok(branch) => Ok(branch.commit_id.to_string()),
                Err(error) if is_missing_reference(&error) => Err(Error::not_found(format!(
                    "source reference '{}': not found",
                    request.source
                ))
                .caused_by(error)),
                Err(error) => Err(engine_failure(error)),
            }
        })
        .await
    }
}
