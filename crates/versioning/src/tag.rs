//! Tags: names that stay with one commit.

use lakefs_kv::Predicate;
use lakefs_types::{BranchId, CommitId, RefExpr, TagId};
use prost::Message as _;

use crate::cas::Cas;
use crate::records::{StoredTag, TAG_PREFIX, decode, tag_key};
use crate::{Engine, Error, HookEvent, HookPoint, ListRefs, Page, Repository, Result};

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub id: TagId,
    /// The commit it names.
    pub commit_id: CommitId,
}

fn decode_tag(name: &str, raw: &[u8]) -> Result<Tag> {
    let record = || format!("tag {name}");
    let stored: StoredTag = decode(record, raw)?;
    let commit_id = stored
        .commit_id
        .parse()
        .map_err(|error| Error::corrupt(record(), error))?;
    Ok(Tag {
        id: TagId::from_stored(name),
        commit_id,
    })
}

impl Engine {
    /// A tag.
    pub async fn tag(&self, repository: &Repository, id: &TagId) -> Result<Tag> {
        self.tag_record(repository, id.as_str())
            .await?
            .ok_or_else(|| Error::TagNotFound {
                tag: id.to_string(),
            })
    }

    /// Tags by name.
    pub async fn list_tags(&self, repository: &Repository, list: &ListRefs) -> Result<Page<Tag>> {
        let partition = repository.partition.as_bytes();
        self.0
            .list_names(partition, TAG_PREFIX, list, |name, value| {
                decode_tag(name, value).map(Some)
            })
            .await
    }

    /// Creates a tag at a commit.
    pub async fn create_tag(
        &self,
        repository: &Repository,
        id: &TagId,
        source: &RefExpr,
        force: bool,
    ) -> Result<Tag> {
        repository.ensure_writable(force)?;
        let exists = || Error::TagExists { tag: id.clone() };
        let commit_id = self.commit_id_of(repository, source).await?;
        if self.tag_record(repository, id.as_str()).await?.is_some() {
            return Err(exists());
        }
        if self
            .find_branch(repository, &BranchId::from_stored(id.as_str()))
            .await?
            .is_some()
        {
            return Err(Error::NameTaken {
                kind: "branch name",
                name: id.to_string(),
            });
        }
        self.ensure_no_commit_named(repository, id.as_str()).await?;
        let source = source.to_string();
        let event = |point| HookEvent {
            point,
            repository,
            reference: id.as_str(),
            source: &source,
            commit_id: Some(&commit_id),
            commit: None,
        };
        self.before(event(HookPoint::PreCreateTag)).await?;
        let record = StoredTag {
            id: id.to_string(),
            commit_id: commit_id.to_string(),
        }
        .encode_to_vec();
        let partition = repository.partition.as_bytes();
        // Two requests for the same tag at the same commit write the same bytes: either may take the
        // lost answer for its own.
        match self
            .0
            .cas(partition, &tag_key(id.as_str()), &record, Predicate::Absent)
            .await?
        {
            Cas::Stored => {}
            Cas::Mismatch | Cas::Unclear => return Err(exists()),
        }
        self.after(event(HookPoint::PostCreateTag)).await;
        Ok(Tag {
            id: id.clone(),
            commit_id,
        })
    }

    /// Deletes a tag, also one whose record is damaged.
    pub async fn delete_tag(&self, repository: &Repository, id: &TagId, force: bool) -> Result<()> {
        repository.ensure_writable(force)?;
        let tag = match self.tag(repository, id).await {
            Ok(tag) => Some(tag),
            Err(error @ Error::Corrupt { .. }) => {
                tracing::warn!(%error, repository = %repository.id, "deleting a damaged tag");
                None
            }
            Err(error) => return Err(error),
        };
        let event = |point| HookEvent {
            point,
            repository,
            reference: id.as_str(),
            source: id.as_str(),
            commit_id: tag.as_ref().map(|tag| &tag.commit_id),
            commit: None,
        };
        self.before(event(HookPoint::PreDeleteTag)).await?;
        let partition = repository.partition.as_bytes();
        self.0
            .parts
            .kv
            .delete(partition, &tag_key(id.as_str()))
            .await
            .map_err(Error::Kv)?;
        self.after(event(HookPoint::PostDeleteTag)).await;
        Ok(())
    }

    /// The tag of a name, if there is one.
    pub(crate) async fn tag_record(
        &self,
        repository: &Repository,
        name: &str,
    ) -> Result<Option<Tag>> {
        let raw = self.0.kv_get(&repository.partition, &tag_key(name)).await?;
        raw.map(|raw| decode_tag(name, &raw)).transpose()
    }
}
