//! Key-value pairs people attach to a repository.

use std::collections::BTreeMap;

use crate::audit::Call;
use crate::failure::engine_failure;
use crate::{Caller, Result, Service, names};

impl Service {
    /// `GET /repositories/{repository}/metadata`.
    pub async fn get_repository_metadata(
        &self,
        caller: &Caller,
        repository: &str,
    ) -> Result<BTreeMap<String, String>> {
        let call = Call::on("getRepositoryMetadata", repository);
        self.audited(caller, call, async {
            self.may_read_repository(caller, repository).await?;
            let repository = self.repository(repository).await?;
            let metadata = self.engine().repository_metadata(&repository).await;
            metadata.map_err(engine_failure)
        })
        .await
    }

    /// `POST /repositories/{repository}/metadata`: adds or replaces these keys.
    pub async fn set_repository_metadata(
        &self,
        caller: &Caller,
        repository: &str,
        metadata: BTreeMap<String, String>,
    ) -> Result<()> {
        let call = Call::on("setRepositoryMetadata", repository);
        self.audited(caller, call, async {
            self.may_update_repository(caller, repository).await?;
            names::metadata(&metadata)?;
            let repository = self.repository(repository).await?;
            let outcome = self
                .engine()
                .set_repository_metadata(&repository, &metadata, false)
                .await;
            outcome.map_err(engine_failure)
        })
        .await
    }

    /// `DELETE /repositories/{repository}/metadata`: removes these keys.
    pub async fn delete_repository_metadata(
        &self,
        caller: &Caller,
        repository: &str,
        keys: Vec<String>,
    ) -> Result<()> {
        let call = Call::on("deleteRepositoryMetadata", repository);
        self.audited(caller, call, async {
            self.may_update_repository(caller, repository).await?;
            let repository = self.repository(repository).await?;
            let outcome = self
                .engine()
                .delete_repository_metadata(&repository, &keys, false)
                .await;
            outcome.map_err(engine_failure)
        })
        .await
    }
}
