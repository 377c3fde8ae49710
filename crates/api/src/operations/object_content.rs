//! The bytes of objects: down and up, streamed both ways.

mod download;
mod upload;

pub(super) use self::download::redirect;

use lakefs_service as service;
use lakefs_wire as wire;

use crate::body::{StreamBody, drain};
use crate::limits::{MAX_OBJECT_METADATA_BYTES, check_metadata};
use crate::operation::operation;
use crate::render;
use crate::respond::{Octets, Whole, Written};

operation! {
    /// An object's bytes, or some of them, or where to get them.
    GetObject(
        repository: &'v str, reference: &'v str = "ref", path: &'v str,
        range: Option<&'v str> = "Range", if_none_match: Option<&'v str> = "If-None-Match",
        presign: bool,
    ), => OK Whole<Octets>, also 206 302 304 416;
    |call, given, _| {
        let request = service::GetObject {
            repository: given.repository,
            reference: given.reference,
            path: given.path,
            range: given.range,
            if_none_match: given.if_none_match,
            presign: given.presign,
        };
        let outcome = call.service.get_object(call.caller, request).await?;
        Ok(Whole::new(download::get(outcome)))
    }
}

operation! {
    /// The head of what [`GetObject`] would answer.
    HeadObject(
        repository: &'v str, reference: &'v str = "ref", path: &'v str,
        range: Option<&'v str> = "Range",
    ), => OK Whole<()>, also 206 416;
    |call, given, _| {
        let (repository, reference, path) = (given.repository, given.reference, given.path);
        let outcome = call
            .service
            .head_object(call.caller, repository, reference, path, given.range)
            .await?;
        Ok(Whole::new(download::head(outcome)))
    }
}

operation! {
    /// Uploads an object: a form with a part named `content`, or the bytes as they are.
    UploadObject(
        repository: &'v str, branch: &'v str, path: &'v str,
        if_none_match: Option<&'v str> = "If-None-Match", if_match: Option<&'v str> = "If-Match",
        storage_class: Option<&'v str> = "storageClass", force: bool,
    ),
    body StreamBody => CREATED Written<wire::ObjectStats>;
    |call, given, StreamBody(body)| {
        let metadata = upload::user_metadata(&call.parts.headers)?;
        check_metadata(&metadata, MAX_OBJECT_METADATA_BYTES)?;
        let request = service::UploadObject {
            repository: given.repository,
            branch: given.branch,
            path: given.path,
            storage_class: given.storage_class,
            metadata,
            if_none_match: given.if_none_match,
            if_match: given.if_match,
            force: given.force,
        };
        let mut body = Some(body);
        let open = || upload::open(&call.parts.headers, body.take().unwrap_or_default());
        let outcome = call.service.upload_object(call.caller, request, open).await;
        if let (Err(_), Some(unread)) = (&outcome, body) {
            drain(&call.parts.headers, unread).await;
        }
        Ok(render::object(&outcome?))
    }
}
