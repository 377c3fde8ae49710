//! Finding repositories.

use crate::{Caller, Page, PageRequest, Repository, Result, Service};

impl Service {
    /// `GET /repositories/{repository}`.
    pub async fn get_repository(&self, caller: &Caller, repository: &str) -> Result<Repository> {
        let _ = (caller, repository);
        Err(crate::Error::not_implemented())
    }

    /// `GET /repositories`; `search` keeps names that contain it. Repositories the caller may not
    /// read are left out.
    pub async fn list_repositories(
        &self,
        caller: &Caller,
        page: PageRequest<'_>,
        search: &str,
    ) -> Result<Page<Repository>> {
        let _ = (caller, page, search);
        Err(crate::Error::not_implemented())
    }
}
