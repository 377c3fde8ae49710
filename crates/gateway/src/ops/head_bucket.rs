//! `HeadBucket`: whether there is such a bucket, and its region, which clients look for here.

use http::{HeaderValue, Response, StatusCode};

use crate::error::S3Error;
use crate::request::Request;
use crate::{Body, Gateway, response};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let repository = request.bucket()?.repository();
    gateway
        .service()
        .get_repository(&request.caller, repository)
        .await?;
    let mut response = response::bare(StatusCode::OK);
    if let Ok(region) = HeaderValue::from_str(&gateway.options().region) {
        response.headers_mut().insert("x-amz-bucket-region", region);
    }
    Ok(response)
}
