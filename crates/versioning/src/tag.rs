//! Tags: names that stay with one commit.

use lakefs_types::{CommitId, RefExpr, TagId};

use crate::{Engine, Error, ListRefs, Page, Repository, Result};

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub id: TagId,
    /// The commit it names.
    pub commit_id: CommitId,
}

impl Engine {
    /// A tag.
    pub async fn tag(&self, repository: &Repository, id: &TagId) -> Result<Tag> {
        let _ = repository;
        Err(Error::TagNotFound {
            tag: id.to_string(),
        })
    }

    /// Tags by name.
    pub async fn list_tags(&self, repository: &Repository, list: &ListRefs) -> Result<Page<Tag>> {
        let _ = (repository, list);
        Ok(Page::cut(Vec::new(), 0))
    }

    /// Creates a tag at a commit.
    pub async fn create_tag(
        &self,
        repository: &Repository,
        id: &TagId,
        source: &RefExpr,
        force: bool,
    ) -> Result<Tag> {
        let _ = (repository, source, force);
        Err(Error::TagNotFound {
            tag: id.to_string(),
        })
    }

    /// Deletes a tag.
    pub async fn delete_tag(&self, repository: &Repository, id: &TagId, force: bool) -> Result<()> {
        let _ = (repository, force);
        Err(Error::TagNotFound {
            tag: id.to_string(),
        })
    }
}
