//! Repositories: their records, creation, deletion.
//!
//! A repository's references live in a partition named after the repository and its instance, so a
//! repository that is deleted and created again shares nothing with its predecessor.

use std::sync::Arc;

use bytes::Bytes;
use lakefs_kv::{Pace, Predicate, Write};
use lakefs_runtime::Timestamp;
use lakefs_types::{BranchId, RepositoryId, StagingToken, StorageNamespace};
use prost::Message as _;

use crate::branch::encode_branch;
use crate::cas::Cas;
use crate::engine::Inner;
use crate::records::{
    BRANCH_PREFIX, IN_DELETION, REPOSITORIES, REPOSITORY_PREFIX, StoredBranch, StoredRepository,
    branch_key, decode, repository_key,
};
use crate::{Branch, CommitDraft, Engine, Error, ListRefs, Page, Result};

/// Message of a repository's first commit; it is part of that commit's identity.
const FIRST_MESSAGE: &str = "Repository created";
/// Partition of the index of pull requests by their branches.
const PULLS: &[u8] = b"pulls";
/// Records removed at a time.
const DELETE_PAGE: usize = 500;

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

impl Repository {
    /// The repository of a record and whether it is in deletion.
    pub(crate) fn from_stored(stored: StoredRepository) -> Result<(Self, bool)> {
        let name = || format!("repository {}", stored.id);
        let repository = Self {
            id: RepositoryId::new(&stored.id).map_err(|error| Error::corrupt(name(), error))?,
            namespace: StorageNamespace::new(&stored.storage_namespace)
                .map_err(|error| Error::corrupt(name(), error))?,
            default_branch: BranchId::from_stored(&stored.default_branch_id),
            created: stored.creation_date.unwrap_or_default().into(),
            read_only: stored.read_only,
            partition: format!("{}-{}", stored.id, stored.instance_uid).into(),
            storage_id: stored.storage_id,
            instance_uid: stored.instance_uid,
        };
        Ok((repository, stored.state == IN_DELETION))
    }

    fn to_stored(&self) -> StoredRepository {
        StoredRepository {
            id: self.id.to_string(),
            storage_namespace: self.namespace.to_string(),
            default_branch_id: self.default_branch.to_string(),
            creation_date: Some(self.created.into()),
            state: 0,
            instance_uid: self.instance_uid.clone(),
            read_only: self.read_only,
            storage_id: self.storage_id.clone(),
        }
    }

    /// Refuses changes of a read-only repository that are not forced.
    pub(crate) fn ensure_writable(&self, force: bool) -> Result<()> {
        if self.read_only && !force {
            return Err(Error::ReadOnly {
                repository: self.id.clone(),
            });
        }
        Ok(())
    }
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
    /// Whether it takes changes only by force; its namespace may be in use.
    pub read_only: bool,
    /// Without branch and first commit, for references restored into it; its namespace may be in use.
    pub bare: bool,
    /// Which of several object stores; empty where there is one.
    pub storage_id: String,
}

impl Engine {
    /// Creates a repository with a first, empty commit on its default branch. Goes on when the
    /// returned future is dropped, so that no namespace is left marked without a repository.
    pub async fn create_repository(&self, request: &CreateRepository) -> Result<Arc<Repository>> {
        let (engine, request) = (self.clone(), request.clone());
        self.carry_through(async move { engine.create_repository_now(&request).await })
            .await
    }

    async fn create_repository_now(&self, request: &CreateRepository) -> Result<Arc<Repository>> {
        let _one_at_a_time = self.0.creations.lock().await;
        let key = repository_key(request.id.as_str());
        let exists = || Error::RepositoryExists {
            repository: request.id.clone(),
        };
        let kv = &self.0.parts.kv;
        if kv
            .get(REPOSITORIES, &key)
            .await
            .map_err(Error::Kv)?
            .is_some()
        {
            return Err(exists());
        }
        let marked = !request.bare && !request.read_only;
        if marked {
            self.0.ensure_apart(&request.namespace).await?;
            self.0.claim_namespace(&request.namespace).await?;
        }
        let instance_uid = self.0.parts.ids.xid().to_string();
        let repository = Arc::new(Repository {
            id: request.id.clone(),
            namespace: request.namespace.clone(),
            default_branch: request.default_branch.clone(),
            created: self.0.parts.clock.now(),
            read_only: request.read_only,
            storage_id: request.storage_id.clone(),
            partition: format!("{}-{instance_uid}", request.id).into(),
            instance_uid,
        });
        if !request.bare {
            self.create_first_branch(&repository).await?;
        }
        let record = repository.to_stored().encode_to_vec();
        let stored = match self
            .0
            .cas(REPOSITORIES, &key, &record, Predicate::Absent)
            .await?
        {
            Cas::Stored => true,
            Cas::Mismatch => false,
            Cas::Unclear => {
                let now = self.0.repository_record(&request.id).await?;
                now.is_some_and(|(_, stored)| stored.instance_uid == repository.instance_uid)
            }
        };
        if !stored {
            let partition = repository.partition.as_bytes();
            kv.clear_partition(partition, Pace::Brisk)
                .await
                .map_err(Error::Kv)?;
            if marked {
                self.0.release_namespace(&request.namespace).await?;
            }
            return Err(exists());
        }
        self.0.repositories.invalidate(&request.id);
        Ok(repository)
    }

    async fn create_first_branch(&self, repository: &Repository) -> Result<()> {
        let draft = CommitDraft {
            message: FIRST_MESSAGE.to_owned(),
            created: repository.created,
            version: 1,
            generation: 1,
            ..CommitDraft::default()
        };
        let commit = self.store_commit(repository, draft).await?;
        let id = repository.default_branch.clone();
        let branch = Branch {
            staging_token: self.0.new_token(repository, &id),
            commit_id: commit.id.clone(),
            sealed_tokens: Vec::new(),
            hidden: false,
            id,
        };
        let key = branch_key(branch.id.as_str());
        // The partition is this repository's own: nobody else writes to it yet.
        let record = encode_branch(&branch);
        self.0
            .parts
            .kv
            .set(repository.partition.as_bytes(), &key, &record)
            .await
            .map_err(Error::Kv)
    }

    /// A repository; from memory for a few seconds.
    pub async fn repository(&self, id: &RepositoryId) -> Result<Arc<Repository>> {
        let now = self.0.parts.clock.now();
        let epoch = match self.0.repositories.get(id, now) {
            Ok(repository) => return Ok(repository),
            Err(epoch) => epoch,
        };
        let Some((_, stored)) = self.0.repository_record(id).await? else {
            return Err(Error::RepositoryNotFound {
                repository: id.clone(),
            });
        };
        let (repository, in_deletion) = Repository::from_stored(stored)?;
        if in_deletion {
            return Err(Error::RepositoryInDeletion {
                repository: id.clone(),
            });
        }
        let repository = Arc::new(repository);
        self.0
            .repositories
            .put(id.clone(), Arc::clone(&repository), now, epoch);
        Ok(repository)
    }

    /// Repositories by name, those in deletion left out. `search` keeps names that contain it.
    pub async fn list_repositories(
        &self,
        list: &ListRefs,
        search: &str,
    ) -> Result<Page<Arc<Repository>>> {
        self.0
            .list_names(REPOSITORIES, REPOSITORY_PREFIX, list, |name, value| {
                if !name.contains(search) {
                    return Ok(None);
                }
                let stored = decode(|| format!("repository {name}"), value)?;
                let (repository, in_deletion) = Repository::from_stored(stored)?;
                Ok((!in_deletion).then(|| Arc::new(repository)))
            })
            .await
    }

    /// Deletes a repository's records and uncommitted changes; its objects stay. One whose record is damaged is
    /// deleted only by `force`, for it may be read-only; as nothing tells where its other records
    /// are, they stay. Resumes a deletion that was interrupted. Goes on when the returned future is dropped; a server that stops in between
    /// leaves the repository in deletion, which [`Engine::start`] finishes.
    pub async fn delete_repository(&self, id: &RepositoryId, force: bool) -> Result<()> {
        let (engine, id) = (self.clone(), id.clone());
        self.carry_through(async move { engine.delete_repository_now(&id, force).await })
            .await
    }

    async fn delete_repository_now(&self, id: &RepositoryId, force: bool) -> Result<()> {
        let _one_at_a_time = self.0.creations.lock().await;
        let not_found = || Error::RepositoryNotFound {
            repository: id.clone(),
        };
        let repository = loop {
            let found = self.readable_record(id).await;
            let (raw, mut stored, repository, in_deletion) = match found {
                Err(error @ Error::Corrupt { .. }) if force => {
                    tracing::warn!(%error, "deleting a damaged repository");
                    return self.delete_repository_record(id).await;
                }
                found => found?.ok_or_else(not_found)?,
            };
            if in_deletion {
                break repository;
            }
            repository.ensure_writable(force)?;
            stored.state = IN_DELETION;
            let key = repository_key(id.as_str());
            let marked = stored.encode_to_vec();
            if let Cas::Stored = self
                .0
                .cas(REPOSITORIES, &key, &marked, Predicate::Value(&raw))
                .await?
            {
                break repository;
            }
        };
        self.0.repositories.invalidate(id);
        self.delete_records(&repository).await?;
        // Somebody else may have finished the same deletion and a new repository taken the name.
        let now = self.0.repository_record(id).await?;
        if now.is_some_and(|(_, stored)| stored.instance_uid == repository.instance_uid) {
            self.delete_repository_record(id).await?;
        }
        self.0.repositories.invalidate(id);
        Ok(())
    }

    /// A repository's record as it is stored and as it is understood, and whether it is in deletion.
    async fn readable_record(
        &self,
        id: &RepositoryId,
    ) -> Result<Option<(Bytes, StoredRepository, Repository, bool)>> {
        let Some((raw, stored)) = self.0.repository_record(id).await? else {
            return Ok(None);
        };
        let (repository, in_deletion) = Repository::from_stored(stored.clone())?;
        Ok(Some((raw, stored, repository, in_deletion)))
    }

    async fn delete_repository_record(&self, id: &RepositoryId) -> Result<()> {
        let key = repository_key(id.as_str());
        let kv = &self.0.parts.kv;
        let deleted = kv.delete(REPOSITORIES, &key).await;
        self.0.repositories.invalidate(id);
        deleted.map_err(Error::Kv)
    }

    /// Removes everything that only this instance of a repository refers to. Branches last of their kind:
    /// as long as a record is there, its uncommitted changes can be found.
    async fn delete_records(&self, repository: &Repository) -> Result<()> {
        let kv = &self.0.parts.kv;
        let partition = repository.partition.as_bytes();
        loop {
            let page = kv
                .scan(partition, BRANCH_PREFIX.as_bytes(), DELETE_PAGE)
                .await
                .map_err(Error::Kv)?;
            let branches: Vec<_> = page
                .iter()
                .filter(|(key, _)| key.starts_with(BRANCH_PREFIX.as_bytes()))
                .collect();
            if branches.is_empty() {
                break;
            }
            let mut tokens = Vec::new();
            for (_, value) in &branches {
                // A damaged record must not keep a repository from being deleted.
                let Ok(stored) = decode::<StoredBranch>(String::new, value) else {
                    continue;
                };
                let names = std::iter::once(stored.staging_token).chain(stored.sealed_tokens);
                tokens.extend(
                    names
                        .filter(|name| !name.is_empty())
                        .map(|name| StagingToken::from_stored(&name)),
                );
            }
            self.0.record_dropped(&tokens).await?;
            let deletions: Vec<_> = branches
                .iter()
                .map(|(key, _)| Write::Delete { key })
                .collect();
            kv.write_batch(partition, &deletions)
                .await
                .map_err(Error::Kv)?;
        }
        self.0.cleaner.wake();
        kv.clear_partition(partition, Pace::Brisk)
            .await
            .map_err(Error::Kv)?;
        let index = format!("{REPOSITORY_PREFIX}{}/", repository.partition).into_bytes();
        loop {
            let page = kv
                .scan(PULLS, &index, DELETE_PAGE)
                .await
                .map_err(Error::Kv)?;
            let deletions: Vec<_> = page
                .iter()
                .filter(|(key, _)| key.starts_with(&index))
                .map(|(key, _)| Write::Delete { key })
                .collect();
            if deletions.is_empty() {
                return Ok(());
            }
            kv.write_batch(PULLS, &deletions).await.map_err(Error::Kv)?;
        }
    }

    /// Finishes deletions that a server left unfinished.
    pub(crate) async fn finish_deletions(self) {
        let mut left = Vec::new();
        let all = ListRefs {
            amount: usize::MAX,
            ..ListRefs::default()
        };
        let scan = self
            .0
            .list_names(REPOSITORIES, REPOSITORY_PREFIX, &all, |name, value| {
                let stored = decode::<StoredRepository>(|| format!("repository {name}"), value);
                if stored.is_ok_and(|stored| stored.state == IN_DELETION) {
                    left.extend(RepositoryId::new(name).ok());
                }
                Ok(None::<()>)
            });
        if let Err(error) = scan.await {
            tracing::warn!(%error, "looking for unfinished deletions failed");
        }
        for id in left {
            if let Err(error) = self.delete_repository_now(&id, true).await {
                tracing::warn!(%error, repository = %id, "finishing a deletion failed");
            }
        }
    }
}

impl Inner {
    async fn repository_record(
        &self,
        id: &RepositoryId,
    ) -> Result<Option<(Bytes, StoredRepository)>> {
        let key = repository_key(id.as_str());
        let Some(raw) = self
            .parts
            .kv
            .get(REPOSITORIES, &key)
            .await
            .map_err(Error::Kv)?
        else {
            return Ok(None);
        };
        let stored = decode(|| format!("repository {id}"), &raw)?;
        Ok(Some((raw, stored)))
    }
}
