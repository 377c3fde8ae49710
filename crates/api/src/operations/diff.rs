//! Differences and merges.

use http::StatusCode;
use lakefs_service as service;
use lakefs_service::ErrorKind;
use lakefs_wire as wire;

use super::page;
use crate::body::OptionalJson;
use crate::limits::{MAX_METADATA_BYTES, check_metadata};
use crate::operation::operation;
use crate::render;
use crate::respond::{self, Json, Whole, Written};

operation! {
    /// A page of a branch's uncommitted changes.
    DiffBranch(
        repository: &'v str, branch: &'v str, after: &'v str, amount: Option<i64>,
        prefix: &'v str, delimiter: &'v str,
    ), => OK Written<wire::DiffList>;
    |call, given, _| {
        let page = page(given.prefix, given.after, given.amount);
        let (repository, branch) = (given.repository, given.branch);
        let found = call
            .service
            .diff_branch(call.caller, repository, branch, page, given.delimiter)
            .await?;
        Ok(render::differences(&found))
    }
}

operation! {
    /// A page of differences between two references.
    DiffRefs(
        repository: &'v str, left: &'v str = "leftRef", right: &'v str = "rightRef",
        after: &'v str, amount: Option<i64>, prefix: &'v str, delimiter: &'v str,
        kind: &'v str = "type", include_right_stats: bool,
    ), => OK Written<wire::DiffList>;
    |call, given, _| {
        let request = service::DiffRefs {
            repository: given.repository,
            left: given.left,
            right: given.right,
            two_dot: given.kind == "two_dot",
            page: page(given.prefix, given.after, given.amount),
            delimiter: given.delimiter,
            include_right_stats: given.include_right_stats,
        };
        let found = call.service.diff_refs(call.caller, request).await?;
        Ok(render::differences(&found))
    }
}

operation! {
    /// Merges a reference into a branch. A conflict has the body of a result, without a commit.
    MergeIntoBranch(
        repository: &'v str, source: &'v str = "sourceRef",
        destination: &'v str = "destinationBranch",
    ),
    body OptionalJson<wire::Merge> => OK Whole<wire::MergeResult>, also 409;
    |call, given, OptionalJson(body)| {
        check_metadata(&body.metadata, MAX_METADATA_BYTES)?;
        let request = service::Merge {
            repository: given.repository,
            source: given.source,
            destination: given.destination,
            message: body.message.as_deref().unwrap_or(""),
            metadata: body.metadata,
            strategy: body.strategy.as_deref().unwrap_or(""),
            allow_empty: body.allow_empty,
            squash: body.squash_merge,
            force: body.force,
        };
        let (status, reference) = match call.service.merge_into_branch(call.caller, request).await {
            Ok(commit_id) => (StatusCode::OK, commit_id),
            Err(error) if error.kind() == ErrorKind::MergeConflict => {
                (StatusCode::CONFLICT, String::new())
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Whole::new(respond::json(status, &wire::MergeResult { reference })))
    }
}

operation! {
    /// The commits a merge would compare.
    FindMergeBase(
        repository: &'v str, source: &'v str = "sourceRef",
        destination: &'v str = "destinationBranch",
    ), => OK Json<wire::FindMergeBaseResult>;
    |call, given, _| {
        let (source, destination) = (given.source, given.destination);
        let base = call
            .service
            .find_merge_base(call.caller, given.repository, source, destination)
            .await?;
        Ok(Json(wire::FindMergeBaseResult {
            base_commit_id: base.base_commit_id,
            destination_commit_id: base.destination_commit_id,
            source_commit_id: base.source_commit_id,
        }))
    }
}
