//! Commits: their records and identifiers. A commit never changes, so it is kept in memory once read.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakefs_kv::Predicate;
use lakefs_runtime::Timestamp;
use lakefs_types::identity::IdentityHasher;
use lakefs_types::{CommitId, MetaRangeId};
use prost::Message as _;

use crate::cas::Cas;
use crate::records::{StoredCommit, commit_key, decode, map_of, pairs_of};
use crate::{Engine, Error, Repository, Result};

/// A commit that has no identifier yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommitDraft {
    /// Who made it.
    pub committer: String,
    /// Why.
    pub message: String,
    /// When.
    pub created: Timestamp,
    /// Its content.
    pub metarange: MetaRangeId,
    /// What its maker adds.
    pub metadata: BTreeMap<String, String>,
    /// The commits it follows; the first is the branch it was made on.
    pub parents: Vec<CommitId>,
    /// 1; in records older than that rule parents are stored last-first.
    pub version: i32,
    /// One more than the greatest of its parents.
    pub generation: i32,
}

impl CommitDraft {
    /// The identifier: a hash of everything but version, generation and fractions of a second.
    pub fn id(&self) -> CommitId {
        let mut parents = IdentityHasher::new();
        parents.strings(&self.parents);
        let mut hasher = IdentityHasher::new();
        hasher
            .string("commit:v1")
            .string(&self.committer)
            .string(&self.message)
            .string(self.metarange.as_str())
            .int64(self.created.seconds)
            .map(&self.metadata)
            .embed(&parents.finish());
        CommitId::from_digest(&hasher.finish())
    }

    /// The commit, identifier and all.
    pub(crate) fn seal(self) -> Commit {
        Commit {
            id: self.id(),
            committer: self.committer,
            message: self.message,
            created: self.created,
            metarange: self.metarange,
            metadata: self.metadata,
            parents: self.parents,
            version: self.version,
            generation: self.generation,
        }
    }
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its identifier.
    pub id: CommitId,
    /// Who made it.
    pub committer: String,
    /// Why.
    pub message: String,
    /// When.
    pub created: Timestamp,
    /// Its content.
    pub metarange: MetaRangeId,
    /// What its maker added.
    pub metadata: BTreeMap<String, String>,
    /// The commits it follows.
    pub parents: Vec<CommitId>,
    /// Version of the record.
    pub version: i32,
    /// One more than the greatest of its parents.
    pub generation: i32,
}

impl Commit {
    /// The n-th parent, counted from 1. The oldest records have their parents in reverse.
    pub(crate) fn parent(&self, number: u32) -> Option<&CommitId> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        if self.version == 0 {
            self.parents.iter().rev().nth(index)
        } else {
            self.parents.get(index)
        }
    }

    /// Bytes it holds on to, roughly.
    fn weight(&self) -> usize {
        let metadata: usize = self
            .metadata
            .iter()
            .map(|(k, v)| k.len() + v.len() + 64)
            .sum();
        400 + self.committer.len() + self.message.len() + metadata + self.parents.len() * 96
    }
}

fn encode_commit(commit: &Commit) -> Vec<u8> {
    StoredCommit {
        id: commit.id.to_string(),
        committer: commit.committer.clone(),
        message: commit.message.clone(),
        creation_date: Some(commit.created.into()),
        meta_range_id: commit.metarange.to_string(),
        metadata: pairs_of(&commit.metadata),
        parents: commit.parents.iter().map(ToString::to_string).collect(),
        version: commit.version,
        generation: commit.generation,
    }
    .encode_to_vec()
}

/// Reads a commit and checks that it is the one its key says.
fn decode_commit(id: &CommitId, raw: &[u8]) -> Result<Commit> {
    let record = || format!("commit {id}");
    let stored: StoredCommit = decode(record, raw)?;
    let parents: Result<Vec<CommitId>, _> =
        stored.parents.iter().map(|parent| parent.parse()).collect();
    let commit = CommitDraft {
        committer: stored.committer,
        message: stored.message,
        created: stored.creation_date.unwrap_or_default().into(),
        metarange: stored
            .meta_range_id
            .parse()
            .map_err(|error| Error::corrupt(record(), error))?,
        metadata: map_of(stored.metadata),
        parents: parents.map_err(|error| Error::corrupt(record(), error))?,
        version: stored.version,
        generation: stored.generation,
    }
    .seal();
    if commit.id != *id {
        return Err(Error::corrupt(
            record(),
            format!("its content hashes to {}", commit.id),
        ));
    }
    Ok(commit)
}

impl Engine {
    /// A commit by its whole identifier; from memory when it was read before.
    pub async fn commit_by_id(
        &self,
        repository: &Repository,
        id: &CommitId,
    ) -> Result<Arc<Commit>> {
        self.find_commit(repository, id)
            .await?
            .ok_or_else(|| Error::CommitNotFound { id: id.to_string() })
    }

    /// A commit by its whole identifier, if there is one.
    pub(crate) async fn find_commit(
        &self,
        repository: &Repository,
        id: &CommitId,
    ) -> Result<Option<Arc<Commit>>> {
        let key = (Arc::clone(&repository.partition), id.clone());
        if let Some(commit) = self.0.commits.get(&key) {
            return Ok(Some(commit));
        }
        let Some(raw) = self
            .0
            .kv_get(&repository.partition, &commit_key(id.as_str()))
            .await?
        else {
            return Ok(None);
        };
        let commit = Arc::new(decode_commit(id, &raw)?);
        self.0
            .commits
            .put(key, Arc::clone(&commit), commit.weight());
        Ok(Some(commit))
    }

    /// Stores a commit. One with the same identifier that is there already stays: it may differ in
    /// generation or in fractions of a second, and others may have built on it.
    pub(crate) async fn store_commit(
        &self,
        repository: &Repository,
        draft: CommitDraft,
    ) -> Result<Arc<Commit>> {
        let commit = Arc::new(draft.seal());
        let key = commit_key(commit.id.as_str());
        let partition = repository.partition.as_bytes();
        let record = encode_commit(&commit);
        match self
            .0
            .cas(partition, &key, &record, Predicate::Absent)
            .await?
        {
            Cas::Stored => {
                let key = (Arc::clone(&repository.partition), commit.id.clone());
                self.0
                    .commits
                    .put(key, Arc::clone(&commit), commit.weight());
                Ok(commit)
            }
            Cas::Mismatch | Cas::Unclear => self.commit_by_id(repository, &commit.id).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> CommitDraft {
        CommitDraft {
            committer: "user1".into(),
            message: "message1".into(),
            version: 1,
            ..CommitDraft::default()
        }
    }

    /// Vectors of format.md §18.3 and §18.6.
    #[test]
    fn published_identifiers_hold() {
        let first = CommitDraft {
            message: "Repository created".into(),
            created: Timestamp::from_seconds(1_700_000_000),
            ..CommitDraft::default()
        };
        assert_eq!(
            first.id().as_str(),
            "e7720703b5e19f0c37c665b0bf14fc291522d882cd951d854edb8b1f1c33689d"
        );
        let merge = CommitDraft {
            committer: "alice".into(),
            message: "Merge 'dev' into 'main'".into(),
            created: Timestamp {
                seconds: 1_700_000_001,
                nanos: 5,
            },
            metarange: "aa".repeat(32).parse().unwrap(),
            metadata: [(".lakefs.merge.strategy".into(), "default".into())].into(),
            parents: vec![
                "11".repeat(32).parse().unwrap(),
                "22".repeat(32).parse().unwrap(),
            ],
            version: 1,
            generation: 7,
        };
        assert_eq!(
            merge.id().as_str(),
            "433841dcfc85ae773a41106232c1453ebbfb7c43ca6eea4ba51cbd9e80bc25c1"
        );
    }

    #[test]
    fn a_commit_reads_back_and_a_damaged_one_is_named() {
        let commit = CommitDraft {
            metadata: [("empty".into(), String::new())].into(),
            created: Timestamp {
                seconds: -62_135_596_800,
                nanos: 1,
            },
            generation: 3,
            parents: vec!["11".repeat(32).parse().unwrap()],
            ..draft()
        }
        .seal();
        let raw = encode_commit(&commit);
        assert_eq!(decode_commit(&commit.id, &raw).unwrap(), commit);
        let other = draft().id();
        let error = decode_commit(&other, &raw).unwrap_err();
        assert!(error.to_string().contains(other.as_str()), "{error}");
        assert!(decode_commit(&commit.id, &raw[..raw.len() - 1]).is_err());
    }

    #[test]
    fn the_oldest_records_have_their_parents_in_reverse() {
        let ids: Vec<CommitId> = ["11", "22"].map(|d| d.repeat(32).parse().unwrap()).into();
        let mut commit = CommitDraft {
            parents: ids.clone(),
            ..draft()
        }
        .seal();
        assert_eq!(
            [commit.parent(0), commit.parent(1), commit.parent(3)],
            [None, Some(&ids[0]), None]
        );
        commit.version = 0;
        assert_eq!(
            [commit.parent(1), commit.parent(2)],
            [Some(&ids[1]), Some(&ids[0])]
        );
    }
}
