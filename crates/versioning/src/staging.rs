//! Reading and changing single objects: uncommitted changes over the last commit.

use lakefs_types::{BranchId, ObjectPath, RefExpr};

use crate::{Engine, Entry, Error, Repository, Result, StoredEntry};

/// Most paths of one batch deletion.
pub const MAX_BATCH_DELETE: usize = 1000;

/// When to store an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PutCondition {
    /// Whatever is there.
    #[default]
    Always,
    /// Only where nothing is there (`If-None-Match: *`).
    Absent,
    /// Only over an object with this entity tag (`If-Match`).
    Etag(String),
    /// Only over an object of this identity: a change of what was read.
    Identity([u8; 32]),
}

/// How to store an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PutOptions {
    /// Also in a read-only repository.
    pub force: bool,
    /// When to store it; checked and stored as one.
    pub condition: PutCondition,
}

/// How to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeleteOptions {
    /// Also in a read-only repository.
    pub force: bool,
    /// Forget an uncommitted object altogether where the last commit does not have it.
    pub no_tombstone: bool,
}

impl Engine {
    /// The object at a path.
    pub async fn get(
        &self,
        repository: &Repository,
        reference: &RefExpr,
        path: &ObjectPath,
    ) -> Result<StoredEntry> {
        let _ = (repository, reference);
        Err(Error::ObjectNotFound {
            path: path.to_string(),
        })
    }

    /// Whether staging writes on the branch would be refused, before bytes are sent: the branch
    /// exists, is not protected from them, the repository takes changes.
    pub async fn check_writable(
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

    /// Stores an entry, uncommitted.
    pub async fn put(
        &self,
        repository: &Repository,
        branch: &BranchId,
        path: &ObjectPath,
        entry: &Entry,
        options: &PutOptions,
    ) -> Result<()> {
        let _ = (repository, path, entry, options);
        Err(Error::BranchNotFound {
            branch: branch.to_string(),
        })
    }

    /// Deletes an object, uncommitted; an absent one is fine.
    pub async fn delete(
        &self,
        repository: &Repository,
        branch: &BranchId,
        path: &ObjectPath,
        options: DeleteOptions,
    ) -> Result<()> {
        let _ = (repository, path, options);
        Err(Error::BranchNotFound {
            branch: branch.to_string(),
        })
    }

    /// Deletes up to [`MAX_BATCH_DELETE`] objects, uncommitted; absent ones are fine.
    pub async fn delete_many(
        &self,
        repository: &Repository,
        branch: &BranchId,
        paths: &[ObjectPath],
        options: DeleteOptions,
    ) -> Result<()> {
        let _ = (repository, paths, options);
        Err(Error::BranchNotFound {
            branch: branch.to_string(),
        })
    }
}
