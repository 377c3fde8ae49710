//! The stored messages of references and settings, and where each lives in the key-value store
//! (docs/format/records.md). Field numbers and encodings are lakeFS's; both servers read and write the
//! same records.
//!
//! Two things a derived encoder gets wrong are done by type: map entries always carry their key and
//! value, even empty ones ([`TextPair`]), and maps are written in key order.

use std::collections::BTreeMap;

use lakefs_kv::StoredTimestamp;
use prost::Message;

use crate::{Error, Result};

/// Partition of the repository records.
pub(crate) const REPOSITORIES: &[u8] = b"graveler";
/// Prefix of the keys of repository records.
pub(crate) const REPOSITORY_PREFIX: &str = "repos/";
/// Prefix of the keys of branches.
pub(crate) const BRANCH_PREFIX: &str = "branches/";
/// Prefix of the keys of tags.
pub(crate) const TAG_PREFIX: &str = "tags/";
/// Prefix of the keys of commits.
pub(crate) const COMMIT_PREFIX: &str = "commits/";
/// Key of the branch protection rules.
pub(crate) const PROTECTION_KEY: &[u8] = b"settings/protected_branches";
/// Key of the repository's own metadata.
pub(crate) const METADATA_KEY: &[u8] = b"repo-metadata";
/// Partition that names staging partitions to be emptied.
pub(crate) const CLEANUP: &[u8] = b"cleanup-tokens";
/// Value of such a record.
pub(crate) const CLEANUP_VALUE: &[u8] = b"stub-value";

/// Key of the record of a repository.
pub(crate) fn repository_key(id: &str) -> Vec<u8> {
    [REPOSITORY_PREFIX, id].concat().into_bytes()
}

/// Key of the record of a branch.
pub(crate) fn branch_key(id: &str) -> Vec<u8> {
    [BRANCH_PREFIX, id].concat().into_bytes()
}

/// Key of the record of a tag.
pub(crate) fn tag_key(id: &str) -> Vec<u8> {
    [TAG_PREFIX, id].concat().into_bytes()
}

/// Key of the record of a commit.
pub(crate) fn commit_key(id: &str) -> Vec<u8> {
    [COMMIT_PREFIX, id].concat().into_bytes()
}

/// Decodes a record; `name` names it in the error.
pub(crate) fn decode<M: Message + Default>(
    name: impl FnOnce() -> String,
    bytes: &[u8],
) -> Result<M> {
    M::decode(bytes).map_err(|error| Error::corrupt(name(), error))
}

/// An entry of a `map<string, string>`, written with both fields even where they are empty.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct TextPair {
    #[prost(string, optional, tag = "1")]
    key: Option<String>,
    #[prost(string, optional, tag = "2")]
    value: Option<String>,
}

/// A map as it is stored, in key order.
pub(crate) fn pairs_of(map: &BTreeMap<String, String>) -> Vec<TextPair> {
    map.iter()
        .map(|(key, value)| TextPair {
            key: Some(key.clone()),
            value: Some(value.clone()),
        })
        .collect()
}

/// A stored map, whatever order it was stored in.
pub(crate) fn map_of(pairs: Vec<TextPair>) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|pair| (pair.key.unwrap_or_default(), pair.value.unwrap_or_default()))
        .collect()
}

/// `RepositoryData`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct StoredRepository {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) storage_namespace: String,
    #[prost(string, tag = "3")]
    pub(crate) default_branch_id: String,
    #[prost(message, optional, tag = "4")]
    pub(crate) creation_date: Option<StoredTimestamp>,
    /// 0 active, 1 in deletion.
    #[prost(int32, tag = "5")]
    pub(crate) state: i32,
    #[prost(string, tag = "6")]
    pub(crate) instance_uid: String,
    #[prost(bool, tag = "7")]
    pub(crate) read_only: bool,
    #[prost(string, tag = "8")]
    pub(crate) storage_id: String,
}

/// `RepositoryState` in deletion.
pub(crate) const IN_DELETION: i32 = 1;

/// `BranchData`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct StoredBranch {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) commit_id: String,
    #[prost(string, tag = "3")]
    pub(crate) staging_token: String,
    /// Newest first.
    #[prost(string, repeated, tag = "4")]
    pub(crate) sealed_tokens: Vec<String>,
    #[prost(bool, tag = "5")]
    pub(crate) hidden: bool,
}

/// `TagData`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct StoredTag {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) commit_id: String,
}

/// `CommitData`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct StoredCommit {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) committer: String,
    #[prost(string, tag = "3")]
    pub(crate) message: String,
    #[prost(message, optional, tag = "4")]
    pub(crate) creation_date: Option<StoredTimestamp>,
    #[prost(string, tag = "5")]
    pub(crate) meta_range_id: String,
    #[prost(message, repeated, tag = "6")]
    pub(crate) metadata: Vec<TextPair>,
    #[prost(string, repeated, tag = "7")]
    pub(crate) parents: Vec<String>,
    #[prost(int32, tag = "8")]
    pub(crate) version: i32,
    #[prost(int32, tag = "9")]
    pub(crate) generation: i32,
}

/// `RepoMetadata`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct StoredMetadata {
    #[prost(message, repeated, tag = "1")]
    pub(crate) metadata: Vec<TextPair>,
}

/// `BranchProtectionBlockedActions`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct StoredBlockedActions {
    /// 0 staging writes, 1 commits; packed.
    #[prost(int32, repeated, tag = "1")]
    pub(crate) value: Vec<i32>,
}

/// An entry of `BranchProtectionRules.branch_pattern_to_blocked_actions`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct StoredProtectionRule {
    #[prost(string, optional, tag = "1")]
    pub(crate) pattern: Option<String>,
    #[prost(message, optional, tag = "2")]
    pub(crate) actions: Option<StoredBlockedActions>,
}

/// `BranchProtectionRules`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct StoredProtectionRules {
    #[prost(message, repeated, tag = "1")]
    pub(crate) rules: Vec<StoredProtectionRule>,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct StoredRetention {
    #[prost(string, optional, tag = "1")]
    branch: Option<String>,
    #[prost(int32, optional, tag = "2")]
    days: Option<i32>,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct StoredGarbageCollectionRules {
    #[prost(int32, tag = "1")]
    default_retention_days: i32,
    #[prost(message, repeated, tag = "2")]
    branch_retention_days: Vec<StoredRetention>,
}

/// How long commits are kept: the content of `_lakefs/retention/gc/rules/config.json`, which is this
/// message and not JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GarbageCollectionRules {
    /// Days for branches that have no rule of their own.
    pub default_retention_days: i32,
    /// Days by branch name.
    pub branch_retention_days: BTreeMap<String, i32>,
}

impl GarbageCollectionRules {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        StoredGarbageCollectionRules {
            default_retention_days: self.default_retention_days,
            branch_retention_days: self
                .branch_retention_days
                .iter()
                .map(|(branch, days)| StoredRetention {
                    branch: Some(branch.clone()),
                    days: Some(*days),
                })
                .collect(),
        }
        .encode_to_vec()
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let stored: StoredGarbageCollectionRules =
            decode(|| "garbage collection rules".to_owned(), bytes)?;
        Ok(Self {
            default_retention_days: stored.default_retention_days,
            branch_retention_days: stored
                .branch_retention_days
                .into_iter()
                .map(|rule| {
                    (
                        rule.branch.unwrap_or_default(),
                        rule.days.unwrap_or_default(),
                    )
                })
                .collect(),
        })
    }
}
