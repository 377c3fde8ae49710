//! Committing.

use std::collections::BTreeMap;

use crate::{Caller, Commit, Result, Service};

/// A new commit.
#[derive(Debug, Clone)]
pub struct CreateCommit<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch.
    pub branch: &'a str,
    /// Message.
    pub message: &'a str,
    /// Key-value pairs to attach.
    pub metadata: BTreeMap<String, String>,
    /// Date instead of now, Unix seconds.
    pub date: Option<i64>,
    /// Whether a commit that changes nothing is fine.
    pub allow_empty: bool,
    /// Content to commit instead of the uncommitted changes.
    pub source_metarange: Option<&'a str>,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

/// A commit to insert as it is, for replication.
#[derive(Debug, Clone)]
pub struct CreateCommitRecord<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Identifier; must be the one its other fields give.
    pub commit_id: &'a str,
    /// Version of the record.
    pub version: i64,
    /// Who made it.
    pub committer: &'a str,
    /// Message.
    pub message: &'a str,
    /// Table of its content.
    pub metarange_id: &'a str,
    /// When it was made, Unix seconds.
    pub creation_date: i64,
    /// Parents.
    pub parents: Vec<String>,
    /// Key-value pairs.
    pub metadata: BTreeMap<String, String>,
    /// Longest distance from a root, from 1.
    pub generation: i64,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

impl Service {
    /// `POST /repositories/{repository}/branches/{branch}/commits`.
    pub async fn commit(&self, caller: &Caller, request: CreateCommit<'_>) -> Result<Commit> {
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }

    /// `POST /repositories/{repository}/commits`.
    pub async fn create_commit_record(
        &self,
        caller: &Caller,
        request: CreateCommitRecord<'_>,
    ) -> Result<()> {
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }
}
