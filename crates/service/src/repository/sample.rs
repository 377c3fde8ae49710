//! A small repository to try things on.

use crate::{Caller, Repository, Result, Service};

impl Service {
    /// Creates a repository with sample objects in one commit and a protected default branch: what
    /// `sample_data` of `POST /repositories` and `lakefs run --quickstart` do.
    pub async fn create_sample_repository(
        &self,
        caller: &Caller,
        name: &str,
        storage_namespace: &str,
    ) -> Result<Repository> {
        let _ = (caller, name, storage_namespace);
        Err(crate::Error::not_implemented())
    }
}
