//! Creating a repository.

use crate::{Caller, Repository, Result, Service};

/// A new repository.
#[derive(Debug, Clone, Copy)]
pub struct CreateRepository<'a> {
    /// Name.
    pub name: &'a str,
    /// Where its objects will live.
    pub storage_namespace: &'a str,
    /// Default branch; `main` when absent or empty.
    pub default_branch: Option<&'a str>,
    /// Whether to fill it with sample objects.
    pub sample_data: bool,
    /// Whether it refuses writes from now on.
    pub read_only: bool,
    /// Whether it begins without branch and commit, to be restored into.
    pub bare: bool,
    /// Block store; must be empty.
    pub storage_id: &'a str,
}

impl Service {
    /// `POST /repositories`.
    pub async fn create_repository(
        &self,
        caller: &Caller,
        request: CreateRepository<'_>,
    ) -> Result<Repository> {
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }
}
