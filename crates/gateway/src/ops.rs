//! The operations, one file each: parse, call one use-case, render.

use http::Response;

use crate::error::S3Error;
use crate::operation::Operation;
use crate::request::Request;
use crate::{Body, Gateway};

mod abort_multipart_upload;
mod complete_multipart_upload;
mod copy_object;
mod create_bucket;
mod create_multipart_upload;
mod delete_bucket;
mod delete_object;
mod delete_objects;
mod get_bucket_location;
mod get_bucket_versioning;
mod get_object;
mod get_object_attributes;
mod get_object_tagging;
mod head_bucket;
mod head_object;
mod list_buckets;
mod list_multipart_uploads;
mod list_object_versions;
mod list_objects;
mod list_objects_v2;
mod list_parts;
mod listing;
mod multipart;
mod put_object;
mod read_object;
mod root;
mod upload_part;
mod upload_part_copy;

/// Does what a request asks for.
pub(crate) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    use Operation as O;
    if root::knows(request.operation)
        && let Some(place) = request.root()
    {
        return root::run(gateway, &request, place).await;
    }
    // Nothing else is done to a root; but a bucket that is not there is told as such.
    if let Some(place) = request.root() {
        let service = gateway.service();
        service
            .get_repository(&request.caller, place.repository)
            .await?;
    }
    match request.operation {
        O::ListBuckets => list_buckets::run(gateway, request).await,
        O::CreateBucket => create_bucket::run(gateway, request).await,
        O::HeadBucket => head_bucket::run(gateway, request).await,
        O::DeleteBucket => delete_bucket::run(gateway, request).await,
        O::GetBucketLocation => get_bucket_location::run(gateway, request).await,
        O::GetBucketVersioning => get_bucket_versioning::run(gateway, request).await,
        O::ListObjects => list_objects::run(gateway, request).await,
        O::ListObjectsV2 => list_objects_v2::run(gateway, request).await,
        O::ListObjectVersions => list_object_versions::run(gateway, request).await,
        O::ListMultipartUploads => list_multipart_uploads::run(gateway, request).await,
        O::DeleteObjects => delete_objects::run(gateway, request).await,
        O::GetObject => get_object::run(gateway, request).await,
        O::HeadObject => head_object::run(gateway, request).await,
        O::GetObjectAttributes => get_object_attributes::run(gateway, request).await,
        O::GetObjectTagging => get_object_tagging::run(gateway, request).await,
        O::PutObject => put_object::run(gateway, request).await,
        O::CopyObject => copy_object::run(gateway, request).await,
        O::DeleteObject => delete_object::run(gateway, request).await,
        O::CreateMultipartUpload => create_multipart_upload::run(gateway, request).await,
        O::UploadPart => upload_part::run(gateway, request).await,
        O::UploadPartCopy => upload_part_copy::run(gateway, request).await,
        O::ListParts => list_parts::run(gateway, request).await,
        O::CompleteMultipartUpload => complete_multipart_upload::run(gateway, request).await,
        O::AbortMultipartUpload => abort_multipart_upload::run(gateway, request).await,
    }
}
