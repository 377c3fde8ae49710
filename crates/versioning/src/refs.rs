//! From reference expressions to commits.
//!
//! A base is tried as a whole commit identifier, a branch, a tag and the beginning of a commit
//! identifier, in this order. Modifiers then walk to ancestors.

use std::sync::Arc;

use lakefs_types::{BranchId, CommitId, Modifier, RefExpr};

use crate::records::{COMMIT_PREFIX, commit_key};
use crate::{Branch, Commit, Engine, Error, Repository, Result, Tag};

/// What the base of a reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefKind {
    /// A branch; reading it without modifiers includes uncommitted changes.
    Branch(Branch),
    /// A tag.
    Tag(Tag),
    /// A commit, by its whole identifier or the beginning of it.
    Commit,
}

/// A resolved reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// What its base names.
    pub kind: RefKind,
    /// The commit it leads to.
    pub commit_id: CommitId,
    /// Whether reading it includes the branch's uncommitted changes.
    pub staged: bool,
    /// Whether it ends in `$` and so names uncommitted changes rather than a commit.
    pub dollar: bool,
}

impl Resolved {
    /// The branch whose uncommitted changes belong to what is read.
    pub(crate) fn staged_branch(&self) -> Option<&Branch> {
        match &self.kind {
            RefKind::Branch(branch) if self.staged => Some(branch),
            _ => None,
        }
    }
}

fn is_id_prefix(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

impl Engine {
    /// What a reference names.
    pub async fn resolve(&self, repository: &Repository, reference: &RefExpr) -> Result<Resolved> {
        let (kind, mut commit_id) = self.resolve_base(repository, reference).await?;
        let is_branch = matches!(kind, RefKind::Branch(_));
        let invalid = |reason| Error::RefInvalid {
            reference: reference.to_string(),
            reason,
        };
        let (mut staged, mut dollar) = (is_branch, false);
        for modifier in &reference.modifiers {
            staged = false;
            match *modifier {
                Modifier::Committed | Modifier::Staged if !is_branch => {
                    return Err(invalid("'@' and '$' follow branches only"));
                }
                Modifier::Committed | Modifier::Parent(0) => {}
                Modifier::Staged => (staged, dollar) = (true, true),
                Modifier::Ancestor(count) => {
                    commit_id = self
                        .ancestor(repository, reference, commit_id, count)
                        .await?;
                }
                Modifier::Parent(number) => {
                    let commit = self.commit_by_id(repository, &commit_id).await?;
                    let parent = commit.parent(number);
                    commit_id = parent
                        .ok_or_else(|| invalid("the commit has no such parent"))?
                        .clone();
                }
            }
        }
        Ok(Resolved {
            kind,
            commit_id,
            staged,
            dollar,
        })
    }

    async fn ancestor(
        &self,
        repository: &Repository,
        reference: &RefExpr,
        mut id: CommitId,
        count: u32,
    ) -> Result<CommitId> {
        for _ in 0..count {
            let commit = self.commit_by_id(repository, &id).await?;
            let Some(parent) = commit.parent(1) else {
                return Err(Error::RefNotFound {
                    reference: reference.to_string(),
                });
            };
            id = parent.clone();
        }
        Ok(id)
    }

    async fn resolve_base(
        &self,
        repository: &Repository,
        reference: &RefExpr,
    ) -> Result<(RefKind, CommitId)> {
        let base = reference.base.as_str();
        if let Ok(id) = base.parse::<CommitId>()
            && let Some(commit) = self.find_commit(repository, &id).await?
        {
            return Ok((RefKind::Commit, commit.id.clone()));
        }
        // A stored default branch may have a name that new branches may not have.
        if let Some(record) = self
            .find_branch(repository, &BranchId::from_stored(base))
            .await?
        {
            let id = record.branch.commit_id.clone();
            return Ok((RefKind::Branch(record.branch), id));
        }
        if let Some(tag) = self.tag_record(repository, base).await? {
            let id = tag.commit_id.clone();
            return Ok((RefKind::Tag(tag), id));
        }
        if is_id_prefix(base)
            && let Some(id) = self.commit_by_prefix(repository, base).await?
        {
            return Ok((RefKind::Commit, id));
        }
        Err(Error::RefNotFound {
            reference: reference.to_string(),
        })
    }

    async fn commit_by_prefix(
        &self,
        repository: &Repository,
        prefix: &str,
    ) -> Result<Option<CommitId>> {
        let start = commit_key(prefix);
        let partition = repository.partition.as_bytes();
        let page = self
            .0
            .parts
            .kv
            .scan(partition, &start, 2)
            .await
            .map_err(Error::Kv)?;
        let mut found = page.iter().filter(|(key, _)| key.starts_with(&start));
        let Some((key, _)) = found.next() else {
            return Ok(None);
        };
        if found.next().is_some() {
            return Err(Error::RefAmbiguous {
                prefix: prefix.to_owned(),
            });
        }
        let id = key
            .get(COMMIT_PREFIX.len()..)
            .and_then(|id| std::str::from_utf8(id).ok());
        let Some(id) = id.and_then(|id| id.parse().ok()) else {
            return Ok(None);
        };
        Ok(Some(self.commit_by_id(repository, &id).await?.id.clone()))
    }

    /// The identifier of the commit a reference names; `$` names none.
    pub(crate) async fn commit_id_of(
        &self,
        repository: &Repository,
        reference: &RefExpr,
    ) -> Result<CommitId> {
        let resolved = self.resolve(repository, reference).await?;
        if resolved.dollar {
            return Err(Error::RefInvalid {
                reference: reference.to_string(),
                reason: "uncommitted changes are no commit",
            });
        }
        Ok(resolved.commit_id)
    }

    /// The commit a reference names; `$` names none.
    pub async fn commit_of(
        &self,
        repository: &Repository,
        reference: &RefExpr,
    ) -> Result<Arc<Commit>> {
        let id = self.commit_id_of(repository, reference).await?;
        self.commit_by_id(repository, &id).await
    }

    /// Refuses a new name that is the whole identifier of a commit: it could never be reached.
    pub(crate) async fn ensure_no_commit_named(
        &self,
        repository: &Repository,
        name: &str,
    ) -> Result<()> {
        if let Ok(id) = name.parse()
            && self.find_commit(repository, &id).await?.is_some()
        {
            return Err(Error::NameTaken {
                kind: "commit ID",
                name: name.to_owned(),
            });
        }
        Ok(())
    }
}
