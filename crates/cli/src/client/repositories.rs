//! Repositories.

use http::StatusCode;
use lakefs_wire::{Repository, RepositoryCreation};

use super::{Client, Listing, Request};
use crate::error::Result;

impl Client {
    /// All repositories, by name.
    pub(crate) fn list_repositories(
        &self,
        prefix: &str,
        after: &str,
        amount: Option<usize>,
    ) -> Listing<'_, Repository> {
        let request = Request::get(&["repositories"]).query("prefix", prefix);
        Listing::new(self, request, after, amount)
    }

    /// One repository.
    pub(crate) async fn repository(&self, repository: &str) -> Result<Repository> {
        self.json(&Request::get(&["repositories", repository]), StatusCode::OK)
            .await
    }

    /// Creates a repository; a bare one has neither branch nor commit.
    pub(crate) async fn create_repository(
        &self,
        creation: &RepositoryCreation,
        bare: bool,
    ) -> Result<Repository> {
        let request = Request::post(&["repositories"])
            .flag("bare", bare)
            .json(creation)?;
        self.json(&request, StatusCode::CREATED).await
    }

    /// Deletes a repository.
    pub(crate) async fn delete_repository(&self, repository: &str) -> Result<()> {
        let request = Request::delete(&["repositories", repository]);
        self.done(&request, StatusCode::NO_CONTENT).await
    }
}
