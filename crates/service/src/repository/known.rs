//! Whether there is a repository, for those who may know.

use lakefs_types::RepositoryId;
use lakefs_versioning::Error as EngineError;

use crate::failure::engine_failure;
use crate::{Caller, Result, Service};

impl Service {
    /// Whether there is a repository of this name. That there is none is told only to those who may list
    /// them.
    pub async fn is_repository(&self, caller: &Caller, name: &str) -> Result<bool> {
        if let Ok(id) = RepositoryId::new(name) {
            match self.engine().repository(&id).await {
                Ok(_) => return Ok(true),
                Err(EngineError::RepositoryNotFound { .. }) => {}
                Err(error) => return Err(engine_failure(error)),
            }
        }
        self.may_list_repositories(caller).await?;
        Ok(false)
    }
}
