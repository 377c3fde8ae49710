//! Commits.

use http::StatusCode;
use lakefs_wire::{Commit, CommitCreation};

use super::{Client, Request};
use crate::error::Result;
use crate::uri::RefUri;

impl Client {
    /// Commits what is staged on a branch.
    pub(crate) async fn commit(&self, uri: &RefUri, creation: &CommitCreation) -> Result<Commit> {
        let RefUri {
            repository,
            reference,
        } = uri;
        let request =
            Request::post(&["repositories", repository, "branches", reference, "commits"])
                .json(creation)?;
        self.json(&request, StatusCode::CREATED).await
    }

    /// One commit, by id, or by anything that names one.
    pub(crate) async fn commit_by_ref(&self, uri: &RefUri) -> Result<Commit> {
        let request = Request::get(&["repositories", &uri.repository, "commits", &uri.reference]);
        self.json(&request, StatusCode::OK).await
    }
}
