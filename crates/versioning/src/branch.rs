//! Branches: their records, creation, deletion, listing.
//!
//! A branch record changes only by compare-and-swap on the bytes that were read ([`BranchRecord`]).

use bytes::Bytes;
use lakefs_kv::Predicate;
use lakefs_types::{BranchId, CommitId, RefExpr, StagingToken};
use prost::Message as _;

use crate::cas::Cas;
use crate::engine::Inner;
use crate::records::{BRANCH_PREFIX, StoredBranch, branch_key, decode};
use crate::{Engine, Error, HookEvent, HookPoint, ListRefs, Page, Repository, Result};

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

impl Branch {
    /// Every place with uncommitted changes, newest first.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = &StagingToken> {
        std::iter::once(&self.staging_token).chain(&self.sealed_tokens)
    }
}

/// A branch and the bytes it was read from.
#[derive(Debug, Clone)]
pub(crate) struct BranchRecord {
    pub(crate) raw: Bytes,
    pub(crate) branch: Branch,
}

/// The stored form of a branch.
pub(crate) fn encode_branch(branch: &Branch) -> Vec<u8> {
    StoredBranch {
        id: branch.id.to_string(),
        commit_id: branch.commit_id.to_string(),
        staging_token: branch.staging_token.to_string(),
        sealed_tokens: branch
            .sealed_tokens
            .iter()
            .map(ToString::to_string)
            .collect(),
        hidden: branch.hidden,
    }
    .encode_to_vec()
}

/// The branch stored under a name.
pub(crate) fn decode_branch(name: &str, raw: &[u8]) -> Result<Branch> {
    let record = || format!("branch {name}");
    let stored: StoredBranch = decode(record, raw)?;
    Ok(Branch {
        id: BranchId::from_stored(name),
        commit_id: stored
            .commit_id
            .parse()
            .map_err(|error| Error::corrupt(record(), error))?,
        staging_token: StagingToken::from_stored(&stored.staging_token),
        sealed_tokens: stored
            .sealed_tokens
            .iter()
            .map(|token| StagingToken::from_stored(token))
            .collect(),
        hidden: stored.hidden,
    })
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
        Ok(self.branch_record(repository, id).await?.branch)
    }

    /// Branches by name; hidden ones only if asked for, and those of whom it cannot be told.
    pub async fn list_branches(
        &self,
        repository: &Repository,
        list: &ListRefs,
        show_hidden: bool,
    ) -> Result<Page<Branch>> {
        self.0
            .list_names(
                repository.partition.as_bytes(),
                BRANCH_PREFIX,
                list,
                |name, value| {
                    let branch = decode_branch(name, value)?;
                    Ok((show_hidden || !branch.hidden).then_some(branch))
                },
            )
            .await
    }

    /// Creates a branch at a commit.
    pub async fn create_branch(
        &self,
        repository: &Repository,
        id: &BranchId,
        source: &RefExpr,
        options: &CreateBranch,
    ) -> Result<Branch> {
        repository.ensure_writable(options.force)?;
        let exists = || Error::BranchExists { branch: id.clone() };
        let key = branch_key(id.as_str());
        if self.0.kv_get(&repository.partition, &key).await?.is_some() {
            return Err(exists());
        }
        let commit_id = self.commit_id_of(repository, source).await?;
        if self.tag_record(repository, id.as_str()).await?.is_some() {
            return Err(Error::NameTaken {
                kind: "tag ID",
                name: id.to_string(),
            });
        }
        self.ensure_no_commit_named(repository, id.as_str()).await?;
        let branch = Branch {
            id: id.clone(),
            commit_id,
            staging_token: self.0.new_token(repository, id),
            sealed_tokens: Vec::new(),
            hidden: options.hidden,
        };
        let event = |point| HookEvent {
            point,
            repository,
            reference: id.as_str(),
            source: "",
            commit_id: Some(&branch.commit_id),
            commit: None,
        };
        let source = source.to_string();
        let event = |point| HookEvent {
            source: &source,
            ..event(point)
        };
        self.before(event(HookPoint::PreCreateBranch)).await?;
        let record = encode_branch(&branch);
        let partition = repository.partition.as_bytes();
        match self
            .0
            .cas(partition, &key, &record, Predicate::Absent)
            .await?
        {
            Cas::Stored => {}
            Cas::Mismatch => return Err(exists()),
            Cas::Unclear => {
                // Our token is like no other: if the record knows it, the record began as ours.
                let now = self.branch_record(repository, id).await?;
                if !now
                    .branch
                    .tokens()
                    .any(|token| *token == branch.staging_token)
                {
                    return Err(exists());
                }
            }
        }
        self.after(event(HookPoint::PostCreateBranch)).await;
        Ok(branch)
    }

    /// Deletes a branch and its uncommitted changes. One whose record is damaged can be deleted, too; its
    /// uncommitted changes, which nothing refers to any more, stay in the store.
    pub async fn delete_branch(
        &self,
        repository: &Repository,
        id: &BranchId,
        force: bool,
    ) -> Result<()> {
        repository.ensure_writable(force)?;
        if *id == repository.default_branch {
            return Err(Error::DefaultBranch { branch: id.clone() });
        }
        let _turn = self.turn(repository, id).await;
        let branch = match self.branch_record(repository, id).await {
            Ok(record) => Some(record.branch),
            Err(error @ Error::Corrupt { .. }) => {
                tracing::warn!(%error, repository = %repository.id, "deleting a damaged branch");
                None
            }
            Err(error) => return Err(error),
        };
        let event = |point| HookEvent {
            point,
            repository,
            reference: id.as_str(),
            source: id.as_str(),
            commit_id: branch.as_ref().map(|branch| &branch.commit_id),
            commit: None,
        };
        self.before(event(HookPoint::PreDeleteBranch)).await?;
        let key = branch_key(id.as_str());
        let partition = repository.partition.as_bytes();
        self.0
            .parts
            .kv
            .delete(partition, &key)
            .await
            .map_err(Error::Kv)?;
        let tokens = branch.iter().flat_map(Branch::tokens);
        self.drop_tokens(tokens.cloned().collect());
        self.after(event(HookPoint::PostDeleteBranch)).await;
        Ok(())
    }

    /// The record of a branch.
    pub(crate) async fn branch_record(
        &self,
        repository: &Repository,
        id: &BranchId,
    ) -> Result<BranchRecord> {
        self.find_branch(repository, id)
            .await?
            .ok_or_else(|| Error::BranchNotFound {
                branch: id.to_string(),
            })
    }

    /// The record of a branch, if there is one.
    pub(crate) async fn find_branch(
        &self,
        repository: &Repository,
        id: &BranchId,
    ) -> Result<Option<BranchRecord>> {
        let raw = self
            .0
            .kv_get(&repository.partition, &branch_key(id.as_str()))
            .await?;
        raw.map(|raw| {
            Ok(BranchRecord {
                branch: decode_branch(id.as_str(), &raw)?,
                raw,
            })
        })
        .transpose()
    }

    /// Puts a changed branch in the place of the record that was read. `None` when another change
    /// came first. `happened` judges, from the branch as it is now, whether ours took effect before
    /// it was changed once more; it is asked only when an answer was lost.
    pub(crate) async fn swap_branch<F>(
        &self,
        repository: &Repository,
        old: &BranchRecord,
        new: Branch,
        happened: impl FnOnce(Branch) -> F,
    ) -> Result<Option<BranchRecord>>
    where
        F: Future<Output = Result<bool>>,
    {
        let record = encode_branch(&new);
        let key = branch_key(new.id.as_str());
        let partition = repository.partition.as_bytes();
        let ours = match self
            .0
            .cas(partition, &key, &record, Predicate::Value(&old.raw))
            .await?
        {
            Cas::Stored => true,
            Cas::Mismatch => false,
            Cas::Unclear => match self.find_branch(repository, &new.id).await? {
                Some(now) => happened(now.branch).await?,
                None => false,
            },
        };
        Ok(ours.then(|| BranchRecord {
            raw: record.into(),
            branch: new,
        }))
    }
}

impl Inner {
    /// A fresh place for uncommitted changes.
    pub(crate) fn new_token(&self, repository: &Repository, branch: &BranchId) -> StagingToken {
        StagingToken::generate(&repository.id, branch, &self.parts.ids.uuid())
    }
}
