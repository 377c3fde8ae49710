//! Deleting a repository.

use crate::{Caller, Result, Service};

impl Service {
    /// `DELETE /repositories/{repository}`. Objects stay.
    pub async fn delete_repository(
        &self,
        caller: &Caller,
        repository: &str,
        force: bool,
    ) -> Result<()> {
        let _ = (caller, repository, force);
        Err(crate::Error::not_implemented())
    }
}
