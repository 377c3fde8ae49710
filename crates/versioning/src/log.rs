//! Log: the history that leads to a reference.

use std::sync::Arc;

use lakefs_runtime::Timestamp;
use lakefs_types::RefExpr;

use crate::{Commit, Engine, Error, Repository, Result};

/// Which history to show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogRequest {
    /// At most this many commits.
    pub amount: usize,
    /// Only commits that come after this one in the same order.
    pub after: Option<RefExpr>,
    /// Only commits that changed one of these paths (or something below `prefixes`).
    pub objects: Vec<String>,
    /// Only commits that changed a path that begins with one of these (or one of `objects`).
    pub prefixes: Vec<String>,
    /// Do not look for one more once `amount` were found.
    pub limit: bool,
    /// Follow first parents only.
    pub first_parent: bool,
    /// Stop at commits older than this.
    pub since: Option<Timestamp>,
    /// Stop after this commit.
    pub stop_at: Option<RefExpr>,
}

/// A part of a history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogPage {
    /// The commits, newest first.
    pub commits: Vec<Arc<Commit>>,
    /// Whether there are more.
    pub has_more: bool,
}

impl Engine {
    /// The history that leads to a reference.
    pub async fn log(
        &self,
        repository: &Repository,
        reference: &RefExpr,
        request: &LogRequest,
    ) -> Result<LogPage> {
        let _ = (repository, request);
        Err(Error::RefNotFound {
            reference: reference.to_string(),
        })
    }
}
