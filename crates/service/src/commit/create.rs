//! Committing.

use std::collections::BTreeMap;

use lakefs_runtime::Timestamp;
use lakefs_types::{CommitId, MetaRangeId};
use lakefs_versioning::{CommitDraft, CommitRequest, Error as EngineError};

use crate::audit::Call;
use crate::failure::engine_failure;
use crate::{Caller, Commit, Error, Result, Service, names};

/// Longest commit message, in bytes.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

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

pub(crate) fn check_message(message: &str) -> Result<()> {
    let bytes = message.len();
    if bytes > MAX_MESSAGE_BYTES {
        return Err(Error::invalid(format!(
            "message is {bytes} bytes long, the limit is {MAX_MESSAGE_BYTES}"
        )));
    }
    Ok(())
}

fn metarange(id: &str) -> Result<MetaRangeId> {
    id.parse()
        .map_err(|_| Error::invalid("argument metarange: invalid value: validation error"))
}

fn commit_id(id: &str) -> Result<CommitId> {
    id.parse()
        .map_err(|_| Error::invalid("argument commit_id: invalid value: validation error"))
}

fn small(argument: &str, value: i64) -> Result<i32> {
    match i32::try_from(value) {
        Ok(value @ 0..) => Ok(value),
        _ => Err(Error::invalid(format!(
            "argument {argument}: invalid value: validation error"
        ))),
    }
}

impl Service {
    /// `POST /repositories/{repository}/branches/{branch}/commits`.
    pub async fn commit(&self, caller: &Caller, request: CreateCommit<'_>) -> Result<Commit> {
        let call = Call::at("commit", request.repository, request.branch);
        self.audited(caller, call, async {
            let user = self
                .may_create_commit(caller, request.repository, request.branch)
                .await?;
            let repository = self.repository(request.repository).await?;
            let branch = names::branch(request.branch)?;
            check_message(request.message)?;
            names::metadata(&request.metadata)?;
            let source_metarange = match request.source_metarange {
                None | Some("") => None,
                Some(id) => Some(metarange(id)?),
            };
            let commit = CommitRequest {
                committer: user.committer().to_owned(),
                message: request.message.to_owned(),
                metadata: request.metadata,
                date: request.date,
                allow_empty: request.allow_empty,
                force: request.force,
                source_metarange,
            };
            let made = self.engine().commit(&repository, &branch, &commit).await;
            made.map(Commit::of).map_err(|error| {
                let prefix = match &error {
                    EngineError::NoChanges => "commit: ",
                    _ => "",
                };
                engine_failure(error).prefixed(prefix)
            })
        })
        .await
    }

    /// `POST /repositories/{repository}/commits`.
    pub async fn create_commit_record(
        &self,
        caller: &Caller,
        request: CreateCommitRecord<'_>,
    ) -> Result<()> {
        let call = Call::on("CreateCommitRecord", request.repository);
        self.audited(caller, call, async {
            self.may_create_commit_record(caller, request.repository)
                .await?;
            let repository = self.repository(request.repository).await?;
            let id = commit_id(request.commit_id)?;
            check_message(request.message)?;
            names::metadata(&request.metadata)?;
            let draft = CommitDraft {
                committer: request.committer.to_owned(),
                message: request.message.to_owned(),
                created: Timestamp::from_seconds(request.creation_date),
                metarange: metarange(request.metarange_id)?,
                metadata: request.metadata,
                parents: request
                    .parents
                    .iter()
                    .map(|parent| commit_id(parent))
                    .collect::<Result<_>>()?,
                version: small("version", request.version)?,
                generation: small("generation", request.generation)?,
            };
            let outcome = self
                .engine()
                .create_commit_record(&repository, &id, draft, request.force)
                .await;
            outcome.map_err(engine_failure)
        })
        .await
    }
}
