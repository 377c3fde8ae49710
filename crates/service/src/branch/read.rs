//! Finding branches.

use crate::{Caller, Page, PageRequest, Ref, Result, Service};

impl Service {
    /// `GET /repositories/{repository}/branches/{branch}`.
    pub async fn get_branch(&self, caller: &Caller, repository: &str, branch: &str) -> Result<Ref> {
        let _ = (caller, repository, branch);
        Err(crate::Error::not_implemented())
    }

    /// `GET /repositories/{repository}/branches`.
    pub async fn list_branches(
        &self,
        caller: &Caller,
        repository: &str,
        page: PageRequest<'_>,
        show_hidden: bool,
    ) -> Result<Page<Ref>> {
        let _ = (caller, repository, page, show_hidden);
        Err(crate::Error::not_implemented())
    }
}
