//! Key-value pairs people attach to a repository.

use std::collections::BTreeMap;

use crate::{Caller, Result, Service};

impl Service {
    /// `GET /repositories/{repository}/metadata`.
    pub async fn get_repository_metadata(
        &self,
        caller: &Caller,
        repository: &str,
    ) -> Result<BTreeMap<String, String>> {
        let _ = (caller, repository);
        Err(crate::Error::not_implemented())
    }

    /// `POST /repositories/{repository}/metadata`: adds or replaces these keys.
    pub async fn set_repository_metadata(
        &self,
        caller: &Caller,
        repository: &str,
        metadata: BTreeMap<String, String>,
    ) -> Result<()> {
        let _ = (caller, repository, metadata);
        Err(crate::Error::not_implemented())
    }

    /// `DELETE /repositories/{repository}/metadata`: removes these keys.
    pub async fn delete_repository_metadata(
        &self,
        caller: &Caller,
        repository: &str,
        keys: Vec<String>,
    ) -> Result<()> {
        let _ = (caller, repository, keys);
        Err(crate::Error::not_implemented())
    }
}
