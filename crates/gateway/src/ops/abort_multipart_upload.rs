//! `AbortMultipartUpload`.

use http::{Response, StatusCode};

use super::multipart::UploadAddress;
use crate::date::parse_date;
use crate::error::S3Error;
use crate::request::Request;
use crate::{Body, Gateway, response};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let upload = UploadAddress::of(&request)?;
    // A date that is none does not count, as with the other conditions on times.
    let initiated = request.header("x-amz-if-match-initiated-time");
    let initiated = initiated.and_then(parse_date);
    gateway
        .service()
        .abort_multipart_upload(&request.caller, upload.target(), initiated)
        .await?;
    Ok(response::bare(StatusCode::NO_CONTENT))
}
