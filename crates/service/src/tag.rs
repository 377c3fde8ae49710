//! Tags: names that do not move.

use crate::{Caller, Page, PageRequest, Ref, Result, Service};

impl Service {
    /// `POST /repositories/{repository}/tags`.
    pub async fn create_tag(
        &self,
        caller: &Caller,
        repository: &str,
        tag: &str,
        reference: &str,
        force: bool,
    ) -> Result<Ref> {
        let _ = (caller, repository, tag, reference, force);
        Err(crate::Error::not_implemented())
    }

    /// `GET /repositories/{repository}/tags/{tag}`.
    pub async fn get_tag(&self, caller: &Caller, repository: &str, tag: &str) -> Result<Ref> {
        let _ = (caller, repository, tag);
        Err(crate::Error::not_implemented())
    }

    /// `GET /repositories/{repository}/tags`.
    pub async fn list_tags(
        &self,
        caller: &Caller,
        repository: &str,
        page: PageRequest<'_>,
    ) -> Result<Page<Ref>> {
        let _ = (caller, repository, page);
        Err(crate::Error::not_implemented())
    }

    /// `DELETE /repositories/{repository}/tags/{tag}`.
    pub async fn delete_tag(
        &self,
        caller: &Caller,
        repository: &str,
        tag: &str,
        force: bool,
    ) -> Result<()> {
        let _ = (caller, repository, tag, force);
        Err(crate::Error::not_implemented())
    }
}
