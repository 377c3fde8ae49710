//! Uploads in parts through presigned URLs, where the object store has them.

use http::HeaderValue;
use http::header::ETAG;
use lakefs_service::{
    CompleteMultipart, CopyPartSource, Error, ErrorKind, MultipartTarget, UploadedPart,
};
use lakefs_wire as wire;

use crate::body::JsonBody;
use crate::error::Failure;
use crate::limits::{MAX_OBJECT_METADATA_BYTES, check_metadata};
use crate::operation::operation;
use crate::render;
use crate::respond::{Answer as _, Empty, Json, Whole, Written};

operation! {
    /// Begins an upload, with URLs for its first parts.
    CreatePresignMultipartUpload(
        repository: &'v str, branch: &'v str, path: &'v str, parts: Option<i64>,
    ), => CREATED Json<wire::PresignMultipartUpload>;
    |call, given, _| {
        let target = target(given.repository, given.branch, given.path);
        let parts = u32::try_from(given.parts.unwrap_or(0))
            .map_err(|_| Failure::invalid("parts must be between 0 and 10000"))?;
        let begun = call
            .service
            .create_presign_multipart_upload(call.caller, target, parts)
            .await?;
        Ok(Json(wire::PresignMultipartUpload {
            physical_address: begun.physical_address,
            presigned_urls: Some(begun.presigned_urls),
            upload_id: begun.upload_id,
        }))
    }
}

operation! {
    /// A URL for a part.
    UploadPart(
        repository: &'v str, branch: &'v str, path: &'v str, upload_id: &'v str = "uploadId",
        part_number: Option<i64> = "partNumber",
    ),
    body JsonBody<wire::UploadPartFrom> => OK Json<wire::UploadTo>;
    |call, given, JsonBody(body)| {
        let target = target(given.repository, given.branch, given.path);
        let number = part_number(given.part_number.unwrap_or(0))?;
        let address = body.physical_address.as_str();
        let presigned_url = call
            .service
            .upload_part(call.caller, target, given.upload_id, number, address)
            .await?;
        Ok(Json(wire::UploadTo { presigned_url }))
    }
}

operation! {
    /// Copies a part from an object. The part's tag is in a header.
    UploadPartCopy(
        repository: &'v str, branch: &'v str, path: &'v str, upload_id: &'v str = "uploadId",
        part_number: Option<i64> = "partNumber",
    ),
    body JsonBody<wire::UploadPartCopyFrom> => NO_CONTENT Whole<()>;
    |call, given, JsonBody(body)| {
        let target = target(given.repository, given.branch, given.path);
        let number = part_number(given.part_number.unwrap_or(0))?;
        let upload = (given.upload_id, number, body.physical_address.as_str());
        let source = CopyPartSource {
            repository: &body.copy_source.repository,
            reference: &body.copy_source.reference,
            path: &body.copy_source.path,
            range: body.copy_source.range.as_deref(),
        };
        let etag = call.service.upload_part_copy(call.caller, target, upload, source).await?;
        let etag = HeaderValue::try_from(etag)
            .map_err(|error| Error::new(ErrorKind::Internal, "entity tag").caused_by(error))?;
        let mut response = Empty.render(http::StatusCode::NO_CONTENT);
        response.headers_mut().insert(ETAG, etag);
        Ok(Whole::new(response))
    }
}

operation! {
    /// Makes the object of its parts.
    CompletePresignMultipartUpload(
        repository: &'v str, branch: &'v str, path: &'v str, upload_id: &'v str = "uploadId",
    ),
    body JsonBody<wire::CompletePresignMultipartUpload> => OK Written<wire::ObjectStats>;
    |call, given, JsonBody(body)| {
        let target = target(given.repository, given.branch, given.path);
        let user_metadata = body.user_metadata.unwrap_or_default();
        check_metadata(&user_metadata, MAX_OBJECT_METADATA_BYTES)?;
        let parts = body.parts.into_iter().map(|part| {
            let number = part_number(part.part_number)?;
            Ok(UploadedPart { number, etag: part.etag })
        });
        let request = CompleteMultipart {
            physical_address: &body.physical_address,
            parts: parts.collect::<Result<_, Failure>>()?,
            user_metadata,
            content_type: body.content_type.as_deref(),
        };
        let made = call
            .service
            .complete_presign_multipart_upload(call.caller, target, given.upload_id, request)
            .await?;
        Ok(render::object(&made))
    }
}

operation! {
    /// Gives an upload up.
    AbortPresignMultipartUpload(
        repository: &'v str, branch: &'v str, path: &'v str, upload_id: &'v str = "uploadId",
    ),
    body JsonBody<wire::AbortPresignMultipartUpload> => NO_CONTENT Empty;
    |call, given, JsonBody(body)| {
        let target = target(given.repository, given.branch, given.path);
        let address = body.physical_address.as_str();
        call.service
            .abort_presign_multipart_upload(call.caller, target, given.upload_id, address)
            .await?;
        Ok(Empty)
    }
}

fn target<'v>(repository: &'v str, branch: &'v str, path: &'v str) -> MultipartTarget<'v> {
    MultipartTarget {
        repository,
        branch,
        path,
    }
}

fn part_number(number: i64) -> Result<u32, Failure> {
    u32::try_from(number).map_err(|_| Failure::invalid("part_number must be between 1 and 10000"))
}
