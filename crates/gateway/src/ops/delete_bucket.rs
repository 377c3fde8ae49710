//! `DeleteBucket`: not offered, but for buckets that `CreateBucket` made in the mode for conformance suites.

use http::{Response, StatusCode};
use lakefs_service::{ListObjects, PageRequest};

use crate::error::{Code, S3Error, Scope};
use crate::request::Request;
use crate::{Body, Gateway, response};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let bucket = request.bucket()?;
    let service = gateway.service();
    service
        .get_repository(&request.caller, bucket.repository())
        .await?;
    let made = gateway.options().test_buckets;
    let Some(alias) = bucket.alias.as_ref().filter(|_| made) else {
        return Err(S3Error::new(Code::LakefsNotSupported).scope(Scope::Nowhere));
    };
    let left = ListObjects {
        repository: &alias.repository,
        reference: &alias.reference,
        page: PageRequest {
            amount: Some(1),
            ..PageRequest::default()
        },
        delimiter: "",
        user_metadata: false,
        presign: false,
    };
    if !service
        .list_objects(&request.caller, left)
        .await?
        .is_empty()
    {
        return Err(S3Error::new(Code::BucketNotEmpty));
    }
    service
        .delete_repository(&request.caller, &alias.repository, false)
        .await?;
    gateway.resolver().remove_alias(&alias.name);
    Ok(response::bare(StatusCode::NO_CONTENT))
}
