//! Branches.

use axum::body::Body;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use lakefs_service as service;
use lakefs_service::ResetScope;
use lakefs_wire as wire;

use super::page;
use crate::body::JsonBody;
use crate::operation::operation;
use crate::render;
use crate::respond::{Empty, Octets, Whole, Written};

operation! {
    /// A page of branches.
    ListBranches(
        repository: &'v str, prefix: &'v str, after: &'v str, amount: Option<i64>,
        show_hidden: bool,
    ), => OK Written<wire::RefList>;
    |call, given, _| {
        let page = page(given.prefix, given.after, given.amount);
        let hidden = given.show_hidden;
        let found = call.service.list_branches(call.caller, given.repository, page, hidden).await?;
        Ok(render::references(&found))
    }
}

operation! {
    /// Makes a branch. The answer is the commit id, as text.
    CreateBranch(repository: &'v str),
    body JsonBody<wire::BranchCreation> => CREATED Whole<Octets>;
    |call, given, JsonBody(body)| {
        let request = service::CreateBranch {
            repository: given.repository,
            name: &body.name,
            source: &body.source,
            hidden: body.hidden,
            force: body.force,
        };
        let commit_id = call.service.create_branch(call.caller, request).await?;
        let mut response = Response::new(Body::from(commit_id));
        *response.status_mut() = StatusCode::CREATED;
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, text);
        Ok(Whole::new(response))
    }
}

operation! {
    /// A branch.
    GetBranch(repository: &'v str, branch: &'v str), => OK Written<wire::Ref>;
    |call, given, _| {
        let found = call.service.get_branch(call.caller, given.repository, given.branch).await?;
        Ok(render::reference(&found))
    }
}

operation! {
    /// Removes a branch.
    DeleteBranch(repository: &'v str, branch: &'v str, force: bool), => NO_CONTENT Empty;
    |call, given, _| {
        let (repository, branch) = (given.repository, given.branch);
        call.service.delete_branch(call.caller, repository, branch, given.force).await?;
        Ok(Empty)
    }
}

operation! {
    /// Throws uncommitted changes away.
    ResetBranch(repository: &'v str, branch: &'v str),
    body JsonBody<wire::ResetCreation> => NO_CONTENT Empty;
    |call, given, JsonBody(body)| {
        let path = body.path.as_deref().unwrap_or("");
        let scope = match body.reset_type {
            wire::ResetType::Reset => ResetScope::All,
            wire::ResetType::CommonPrefix => ResetScope::Prefix(path),
            wire::ResetType::Object => ResetScope::Object(path),
        };
        let (repository, branch) = (given.repository, given.branch);
        call.service.reset_branch(call.caller, repository, branch, scope, body.force).await?;
        Ok(Empty)
    }
}

operation! {
    /// Points a branch at another commit.
    HardResetBranch(
        repository: &'v str, branch: &'v str, reference: &'v str = "ref", force: bool,
    ), => NO_CONTENT Empty;
    |call, given, _| {
        let (repository, branch, reference) = (given.repository, given.branch, given.reference);
        call.service
            .hard_reset_branch(call.caller, repository, branch, reference, given.force)
            .await?;
        Ok(Empty)
    }
}
