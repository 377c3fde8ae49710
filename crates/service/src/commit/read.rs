//! Finding commits.

use crate::{Caller, Commit, Page, Result, Service};

/// Which commits of a history.
#[derive(Debug, Clone, Default)]
pub struct LogCommits<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Reference expression the history starts from.
    pub reference: &'a str,
    /// Only commits after this one.
    pub after: &'a str,
    /// How many.
    pub amount: Option<i64>,
    /// Only commits that changed one of these objects.
    pub objects: Vec<String>,
    /// Only commits that changed something below one of these prefixes.
    pub prefixes: Vec<String>,
    /// Whether to stop at `amount` without looking whether there is more.
    pub limit: bool,
    /// Whether to follow first parents only.
    pub first_parent: bool,
    /// Only commits from this moment on, Unix seconds.
    pub since: Option<i64>,
    /// Last commit of the history.
    pub stop_at: Option<&'a str>,
}

impl Service {
    /// `GET /repositories/{repository}/commits/{commitId}`: any reference expression.
    pub async fn get_commit(
        &self,
        caller: &Caller,
        repository: &str,
        reference: &str,
    ) -> Result<Commit> {
        let _ = (caller, repository, reference);
        Err(crate::Error::not_implemented())
    }

    /// `GET /repositories/{repository}/refs/{ref}/commits`.
    pub async fn log_commits(
        &self,
        caller: &Caller,
        request: LogCommits<'_>,
    ) -> Result<Page<Commit>> {
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }
}
