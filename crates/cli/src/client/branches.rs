//! Branches and what changes them besides commits.

use http::StatusCode;
use lakefs_wire::{
    BranchCreation, CherryPickCreation, Commit, Diff, Ref, ResetCreation, RevertCreation,
};

use super::{Client, Listing, Request};
use crate::error::Result;
use crate::uri::RefUri;

fn branch<'a>(uri: &'a RefUri, rest: &[&'a str]) -> Vec<&'a str> {
    let mut segments = vec!["repositories", &uri.repository, "branches", &uri.reference];
    segments.extend(rest);
    segments
}

impl Client {
    /// All branches of a repository, by name.
    pub(crate) fn list_branches(
        &self,
        repository: &str,
        prefix: &str,
        after: &str,
        amount: Option<usize>,
    ) -> Listing<'_, Ref> {
        let request =
            Request::get(&["repositories", repository, "branches"]).query("prefix", prefix);
        Listing::new(self, request, after, amount)
    }

    /// One branch.
    pub(crate) async fn branch(&self, uri: &RefUri) -> Result<Ref> {
        self.json(&Request::get(&branch(uri, &[])), StatusCode::OK)
            .await
    }

    /// Creates a branch and answers the id of the commit it is at.
    pub(crate) async fn create_branch(
        &self,
        repository: &str,
        creation: &BranchCreation,
    ) -> Result<String> {
        let request = Request::post(&["repositories", repository, "branches"]).json(creation)?;
        let answer = self.answer(&request, StatusCode::CREATED).await?;
        Ok(String::from_utf8_lossy(&answer.body).trim().to_owned())
    }

    /// Deletes a branch.
    pub(crate) async fn delete_branch(&self, uri: &RefUri) -> Result<()> {
        let request = Request::delete(&branch(uri, &[]));
        self.done(&request, StatusCode::NO_CONTENT).await
    }

    /// Drops uncommitted changes.
    pub(crate) async fn reset_branch(&self, uri: &RefUri, reset: &ResetCreation) -> Result<()> {
        let request = Request::put(&branch(uri, &[])).json(reset)?;
        self.done(&request, StatusCode::NO_CONTENT).await
    }

    /// Undoes a commit with a new one.
    pub(crate) async fn revert(&self, uri: &RefUri, revert: &RevertCreation) -> Result<()> {
        let request = Request::post(&branch(uri, &["revert"])).json(revert)?;
        self.done(&request, StatusCode::NO_CONTENT).await
    }

    /// Repeats a commit on a branch.
    pub(crate) async fn cherry_pick(
        &self,
        uri: &RefUri,
        pick: &CherryPickCreation,
    ) -> Result<Commit> {
        let request = Request::post(&branch(uri, &["cherry-pick"])).json(pick)?;
        self.json(&request, StatusCode::CREATED).await
    }

    /// The uncommitted changes of a branch.
    pub(crate) fn diff_branch(&self, uri: &RefUri, prefix: &str) -> Listing<'_, Diff> {
        let request = Request::get(&branch(uri, &["diff"])).query("prefix", prefix);
        Listing::new(self, request, "", None)
    }
}
