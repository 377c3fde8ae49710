//! Commits, history, and commits made from other commits.

use lakefs_service as service;
use lakefs_wire as wire;

use crate::body::JsonBody;
use crate::error::Failure;
use crate::limits::{MAX_METADATA_BYTES, check_metadata};
use crate::operation::operation;
use crate::render;
use crate::respond::{Empty, Written};

operation! {
    /// Commits a branch's uncommitted changes.
    Commit(
        repository: &'v str, branch: &'v str, source_metarange: Option<&'v str>,
    ),
    body JsonBody<wire::CommitCreation> => CREATED Written<wire::Commit>;
    |call, given, JsonBody(body)| {
        check_metadata(&body.metadata, MAX_METADATA_BYTES)?;
        let request = service::CreateCommit {
            repository: given.repository,
            branch: given.branch,
            message: &body.message,
            metadata: body.metadata,
            date: body.date,
            allow_empty: body.allow_empty,
            source_metarange: given.source_metarange,
            force: body.force,
        };
        let made = call.service.commit(call.caller, request).await?;
        Ok(render::commit(&made))
    }
}

operation! {
    /// A commit, by any reference to it.
    GetCommit(repository: &'v str, commit_id: &'v str = "commitId"), => OK Written<wire::Commit>;
    |call, given, _| {
        let (repository, reference) = (given.repository, given.commit_id);
        let found = call.service.get_commit(call.caller, repository, reference).await?;
        Ok(render::commit(&found))
    }
}

operation! {
    /// A page of a history.
    LogCommits(
        repository: &'v str, reference: &'v str = "ref", after: &'v str, amount: Option<i64>,
        objects: Vec<String>, prefixes: Vec<String>, limit: bool, first_parent: bool,
        since: &'v str, stop_at: &'v str,
    ), => OK Written<wire::CommitList>;
    |call, given, _| {
        let request = service::LogCommits {
            repository: given.repository,
            reference: given.reference,
            after: given.after,
            amount: given.amount,
            objects: given.objects,
            prefixes: given.prefixes,
            limit: given.limit,
            first_parent: given.first_parent,
            since: moment(given.since)?,
            stop_at: Some(given.stop_at).filter(|reference| !reference.is_empty()),
        };
        let page = call.service.log_commits(call.caller, request).await?;
        Ok(render::commits(&page))
    }
}

operation! {
    /// Inserts a commit record as it is, for replication.
    CreateCommitRecord(repository: &'v str),
    body JsonBody<wire::CommitRecordCreation> => NO_CONTENT Empty;
    |call, given, JsonBody(body)| {
        check_metadata(&body.metadata, MAX_METADATA_BYTES)?;
        let request = service::CreateCommitRecord {
            repository: given.repository,
            commit_id: &body.commit_id,
            version: body.version,
            committer: &body.committer,
            message: &body.message,
            metarange_id: &body.metarange_id,
            creation_date: body.creation_date,
            parents: body.parents,
            metadata: body.metadata,
            generation: body.generation,
            force: body.force,
        };
        call.service.create_commit_record(call.caller, request).await?;
        Ok(Empty)
    }
}

operation! {
    /// Undoes a commit by a new one.
    RevertBranch(repository: &'v str, branch: &'v str),
    body JsonBody<wire::RevertCreation> => NO_CONTENT Empty;
    |call, given, JsonBody(body)| {
        let request = service::RevertBranch {
            repository: given.repository,
            branch: given.branch,
            reference: &body.reference,
            parent_number: body.parent_number,
            overrides: overrides(body.commit_overrides)?,
            allow_empty: body.allow_empty,
            force: body.force,
        };
        call.service.revert_branch(call.caller, request).await?;
        Ok(Empty)
    }
}

operation! {
    /// Repeats a commit's change on a branch.
    CherryPick(repository: &'v str, branch: &'v str),
    body JsonBody<wire::CherryPickCreation> => CREATED Written<wire::Commit>;
    |call, given, JsonBody(body)| {
        let request = service::CherryPick {
            repository: given.repository,
            branch: given.branch,
            reference: &body.reference,
            parent_number: body.parent_number,
            overrides: overrides(body.commit_overrides)?,
            force: body.force,
        };
        let made = call.service.cherry_pick(call.caller, request).await?;
        Ok(render::commit(&made))
    }
}

fn overrides(given: Option<wire::CommitOverrides>) -> Result<service::CommitOverrides, Failure> {
    let given = given.unwrap_or_default();
    check_metadata(&given.metadata, MAX_METADATA_BYTES)?;
    Ok(service::CommitOverrides {
        message: given.message,
        metadata: Some(given.metadata).filter(|metadata| !metadata.is_empty()),
    })
}

/// A date as Unix seconds; empty for none. The contract's check has read it once before.
fn moment(text: &str) -> Result<Option<i64>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse::<jiff::Timestamp>()
        .map(|moment| Some(moment.as_second()))
        .map_err(|_| Failure::invalid("parameter \"since\" in query has an error: not a date"))
}
