//! Repositories: their records, creation, deletion.

use std::sync::Arc;

use lakefs_runtime::Timestamp;
use lakefs_types::{BranchId, RepositoryId, StorageNamespace};

use crate::{Engine, Error, ListRefs, Page, Result};

/// A repository, as its record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its name.
    pub id: RepositoryId,
    /// Where its objects live.
    pub namespace: StorageNamespace,
    /// The branch that cannot be deleted.
    pub default_branch: BranchId,
    /// When it was created.
    pub created: Timestamp,
    /// Whether it takes changes only by force.
    pub read_only: bool,
    /// Which of several object stores it is in; empty where there is one.
    pub storage_id: String,
    /// What tells it from another repository of the same name, before or after it.
    pub instance_uid: String,
    /// Partition of its records: name and instance.
    pub(crate) partition: Arc<str>,
}

/// A repository to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRepository {
    /// Its name.
    pub id: RepositoryId,
    /// Where its objects will live.
    pub namespace: StorageNamespace,
    /// Its first branch.
    pub default_branch: BranchId,
    /// Whether it takes changes only by force.
    pub read_only: bool,
    /// Without branch and first commit, for references restored into it; its namespace may be in use.
    pub bare: bool,
    /// Which of several object stores; empty where there is one.
    pub storage_id: String,
}

impl Engine {
    /// Creates a repository with a first, empty commit on its default branch.
    pub async fn create_repository(&self, request: &CreateRepository) -> Result<Arc<Repository>> {
        Err(Error::RepositoryNotFound {
            repository: request.id.clone(),
        })
    }

    /// A repository; from memory for a few seconds.
    pub async fn repository(&self, id: &RepositoryId) -> Result<Arc<Repository>> {
        Err(Error::RepositoryNotFound {
            repository: id.clone(),
        })
    }

    /// Repositories by name, those in deletion left out. `search` keeps names that contain it.
    pub async fn list_repositories(
        &self,
        list: &ListRefs,
        search: &str,
    ) -> Result<Page<Arc<Repository>>> {
        let _ = (list, search);
        Ok(Page::cut(Vec::new(), 0))
    }

    /// Deletes a repository's records; its objects stay. Resumes a deletion that was interrupted.
    pub async fn delete_repository(&self, id: &RepositoryId, force: bool) -> Result<()> {
        let _ = force;
        Err(Error::RepositoryNotFound {
            repository: id.clone(),
        })
    }
}
