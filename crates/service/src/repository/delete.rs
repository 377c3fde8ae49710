//! Deleting a repository.

use crate::audit::Call;
use crate::failure::engine_failure;
use crate::{Caller, Result, Service, names};

impl Service {
    /// `DELETE /repositories/{repository}`. Objects stay.
    pub async fn delete_repository(
        &self,
        caller: &Caller,
        repository: &str,
        force: bool,
    ) -> Result<()> {
        let call = Call::on("deleteRepository", repository);
        self.audited(caller, call, async {
            self.may_delete_repository(caller, repository).await?;
            let id = names::repository(repository)?;
            let outcome = self.engine().delete_repository(&id, force).await;
            outcome.map_err(engine_failure)
        })
        .await
    }
}
