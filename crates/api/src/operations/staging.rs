//! Objects whose bytes do not come through the server.

use lakefs_service as service;
use lakefs_wire as wire;

use crate::body::JsonBody;
use crate::error::Failure;
use crate::limits::{MAX_OBJECT_METADATA_BYTES, check_metadata};
use crate::operation::operation;
use crate::render;
use crate::respond::{Json, Written};

operation! {
    /// Makes an object of bytes that are in the store.
    StageObject(repository: &'v str, branch: &'v str, path: &'v str),
    body JsonBody<wire::ObjectStageCreation> => CREATED Written<wire::ObjectStats>;
    |call, given, JsonBody(body)| {
        check_object(body.metadata.as_ref())?;
        let request = service::StageObject {
            repository: given.repository,
            branch: given.branch,
            path: given.path,
            physical_address: &body.physical_address,
            checksum: &body.checksum,
            size_bytes: body.size_bytes,
            mtime: body.mtime,
            metadata: body.metadata,
            content_type: body.content_type.as_deref(),
            if_none_match: None,
            if_match: None,
            force: body.force,
        };
        let made = call.service.stage_object(call.caller, request).await?;
        Ok(render::object(&made))
    }
}

operation! {
    /// Gives out an address to upload to.
    GetPhysicalAddress(repository: &'v str, branch: &'v str, path: &'v str, presign: bool),
    => OK Json<wire::StagingLocation>;
    |call, given, _| {
        let (repository, branch, path) = (given.repository, given.branch, given.path);
        let location = call
            .service
            .get_physical_address(call.caller, repository, branch, path, given.presign)
            .await?;
        Ok(Json(wire::StagingLocation {
            physical_address: Some(location.physical_address),
            presigned_url: location.presigned_url,
            presigned_url_expiry: location.presigned_url_expiry,
        }))
    }
}

operation! {
    /// Makes an object of bytes that were put at a given-out address.
    LinkPhysicalAddress(
        repository: &'v str, branch: &'v str, path: &'v str,
        if_none_match: Option<&'v str> = "If-None-Match", if_match: Option<&'v str> = "If-Match",
    ),
    body JsonBody<wire::StagingMetadata> => OK Written<wire::ObjectStats>;
    |call, given, JsonBody(body)| {
        check_object(body.user_metadata.as_ref())?;
        let physical_address = body.staging.physical_address.as_deref().ok_or_else(|| {
            Failure::invalid("staging has no physical_address")
        })?;
        let request = service::StageObject {
            repository: given.repository,
            branch: given.branch,
            path: given.path,
            physical_address,
            checksum: &body.checksum,
            size_bytes: body.size_bytes,
            mtime: body.mtime,
            metadata: body.user_metadata,
            content_type: body.content_type.as_deref(),
            if_none_match: given.if_none_match,
            if_match: given.if_match,
            force: body.force,
        };
        let made = call.service.link_physical_address(call.caller, request).await?;
        Ok(render::object(&made))
    }
}

fn check_object(metadata: Option<&wire::Metadata>) -> Result<(), Failure> {
    metadata.map_or(Ok(()), |metadata| {
        check_metadata(metadata, MAX_OBJECT_METADATA_BYTES)
    })
}
