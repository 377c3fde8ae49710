//! `AbortMultipartUpload`.

use http::{Response, StatusCode};

use super::multipart::UploadAddress;
use crate::error::S3Error;
use crate::request::Request;
use crate::{Body, Gateway, response};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let upload = UploadAddress::of(&request)?;
    gateway
        .service()
        .abort_multipart_upload(&request.caller, upload.target())
        .await?;
    Ok(response::bare(StatusCode::NO_CONTENT))
}
