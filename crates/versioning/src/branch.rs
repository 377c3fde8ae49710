//! Branches: their records, creation, deletion, listing.

use lakefs_types::{BranchId, CommitId, RefExpr, StagingToken};

use crate::{Engine, Error, ListRefs, Page, Repository, Result};

/// A branch, as its record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its name.
    pub id: BranchId,
    /// Its last commit.
    pub commit_id: CommitId,
    /// Where uncommitted changes are written.
    pub staging_token: StagingToken,
    /// Uncommitted changes set aside by commits under way or broken off, newest first.
    pub sealed_tokens: Vec<StagingToken>,
    /// Whether ordinary listings leave it out.
    pub hidden: bool,
}

/// How to create a branch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreateBranch {
    /// Leave it out of ordinary listings.
    pub hidden: bool,
    /// Also in a read-only repository.
    pub force: bool,
}

impl Engine {
    /// A branch.
    pub async fn branch(&self, repository: &Repository, id: &BranchId) -> Result<Branch> {
        let _ = repository;
        Err(Error::BranchNotFound {
            branch: id.to_string(),
        })
    }

    /// Branches by name; hidden ones only if asked for.
    pub async fn list_branches(
        &self,
        repository: &Repository,
        list: &ListRefs,
        show_hidden: bool,
    ) -> Result<Page<Branch>> {
        let _ = (repository, list, show_hidden);
        Ok(Page::cut(Vec::new(), 0))
    }

    /// Creates a branch at a commit.
    pub async fn create_branch(
        &self,
        repository: &Repository,
        id: &BranchId,
        source: &RefExpr,
        options: &CreateBranch,
    ) -> Result<Branch> {
        let _ = (repository, source, options);
        Err(Error::BranchNotFound {
            branch: id.to_string(),
        })
    }

    /// Deletes a branch and its uncommitted changes.
    pub async fn delete_branch(
        &self,
        repository: &Repository,
        id: &BranchId,
        force: bool,
    ) -> Result<()> {
        let _ = (repository, force);
        Err(Error::BranchNotFound {
            branch: id.to_string(),
        })
    }
}
