//! Objects: facts, listings, and changes that move no bytes through here.

use lakefs_service as service;
use lakefs_wire as wire;

use super::page;
use crate::body::JsonBody;
use crate::error::status_of;
use crate::limits::{MAX_OBJECT_METADATA_BYTES, check_metadata};
use crate::operation::operation;
use crate::render;
use crate::respond::{Empty, Json, Written};

operation! {
    /// Whether an upload to a path would be allowed.
    UploadObjectPreflight(repository: &'v str, branch: &'v str, path: &'v str),
    => NO_CONTENT Empty;
    |call, given, _| {
        let (repository, branch, path) = (given.repository, given.branch, given.path);
        call.service.upload_object_preflight(call.caller, repository, branch, path).await?;
        Ok(Empty)
    }
}

operation! {
    /// Facts about an object.
    StatObject(
        repository: &'v str, reference: &'v str = "ref", path: &'v str, user_metadata: bool,
        presign: bool,
    ), => OK Written<wire::ObjectStats>;
    |call, given, _| {
        let request = service::StatObject {
            repository: given.repository,
            reference: given.reference,
            path: given.path,
            user_metadata: given.user_metadata,
            presign: given.presign,
        };
        let found = call.service.stat_object(call.caller, request).await?;
        Ok(render::object(&found))
    }
}

operation! {
    /// What the object store says about an object.
    GetUnderlyingProperties(repository: &'v str, reference: &'v str = "ref", path: &'v str),
    => OK Json<wire::UnderlyingObjectProperties>;
    |call, given, _| {
        let (repository, reference, path) = (given.repository, given.reference, given.path);
        let storage_class = call
            .service
            .get_underlying_properties(call.caller, repository, reference, path)
            .await?;
        Ok(Json(wire::UnderlyingObjectProperties { storage_class }))
    }
}

operation! {
    /// A page of objects.
    ListObjects(
        repository: &'v str, reference: &'v str = "ref", user_metadata: bool, presign: bool,
        after: &'v str, amount: Option<i64>, delimiter: &'v str, prefix: &'v str,
    ), => OK Written<wire::ObjectStatsList>;
    |call, given, _| {
        let request = service::ListObjects {
            repository: given.repository,
            reference: given.reference,
            page: page(given.prefix, given.after, given.amount),
            delimiter: given.delimiter,
            user_metadata: given.user_metadata,
            presign: given.presign,
        };
        let found = call.service.list_objects(call.caller, request).await?;
        Ok(render::objects(&found)?)
    }
}

operation! {
    /// Deletes an object; an absent one is fine.
    DeleteObject(
        repository: &'v str, branch: &'v str, path: &'v str, force: bool, no_tombstone: bool,
    ), => NO_CONTENT Empty;
    |call, given, _| {
        let request = service::DeleteObjects {
            repository: given.repository,
            branch: given.branch,
            no_tombstone: given.no_tombstone,
            force: given.force,
        };
        call.service.delete_object(call.caller, request, given.path).await?;
        Ok(Empty)
    }
}

operation! {
    /// Deletes objects, and tells which it could not.
    DeleteObjects(repository: &'v str, branch: &'v str, force: bool, no_tombstone: bool),
    body JsonBody<wire::PathList> => OK Json<wire::ObjectErrorList>;
    |call, given, JsonBody(body)| {
        let request = service::DeleteObjects {
            repository: given.repository,
            branch: given.branch,
            no_tombstone: given.no_tombstone,
            force: given.force,
        };
        let failures = call.service.delete_objects(call.caller, request, &body.paths).await?;
        let errors = failures.into_iter().map(|failure| wire::ObjectError {
            message: failure.message,
            path: Some(failure.path),
            status_code: i64::from(status_of(failure.kind).as_u16()),
        });
        Ok(Json(wire::ObjectErrorList { errors: errors.collect() }))
    }
}

operation! {
    /// Copies an object.
    CopyObject(repository: &'v str, branch: &'v str, dest_path: &'v str),
    body JsonBody<wire::ObjectCopyCreation> => CREATED Written<wire::ObjectStats>;
    |call, given, JsonBody(body)| {
        let request = service::CopyObject {
            repository: given.repository,
            branch: given.branch,
            dest_path: given.dest_path,
            src_path: &body.src_path,
            src_ref: body.src_ref.as_deref().filter(|reference| !reference.is_empty()),
            shallow: body.shallow,
            force: body.force,
        };
        let made = call.service.copy_object(call.caller, request).await?;
        Ok(render::object(&made))
    }
}

operation! {
    /// Replaces an object's user metadata. lakeFS answers 204 where the contract says 201.
    UpdateObjectUserMetadata(repository: &'v str, branch: &'v str, path: &'v str),
    body JsonBody<wire::UpdateObjectUserMetadata> => NO_CONTENT Empty;
    |call, given, JsonBody(body)| {
        check_metadata(&body.set, MAX_OBJECT_METADATA_BYTES)?;
        let (repository, branch, path) = (given.repository, given.branch, given.path);
        call.service
            .update_object_user_metadata(call.caller, repository, branch, path, body.set)
            .await?;
        Ok(Empty)
    }
}
