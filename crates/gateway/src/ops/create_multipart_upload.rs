//! `CreateMultipartUpload`: metadata, storage class and checksum are judged now, so that nothing is
//! uploaded in vain.

use http::{HeaderMap, HeaderValue, Response, StatusCode};
use lakefs_service::CreateUpload;

use super::multipart::UploadChecksum;
use crate::error::S3Error;
use crate::headers::{content_type, metadata_from_headers, storage_class};
use crate::request::Request;
use crate::write_headers::refuse_unoffered;
use crate::xml::Xml;
use crate::{Body, Gateway, response};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let headers = request.headers();
    refuse_unoffered(headers)?;
    let checksum = UploadChecksum::of_headers(headers)?;
    let place = request.place()?;
    let path = place.path();
    let create = CreateUpload {
        repository: place.repository,
        branch: place.reference,
        path: &path,
        content_type: content_type(headers),
        metadata: metadata_from_headers(headers)?,
        storage_class: storage_class(headers)?.map(str::to_owned),
        checksum: UploadChecksum::to_text(checksum),
    };
    let id = gateway
        .service()
        .create_multipart_upload(&request.caller, create)
        .await?;
    let mut xml = Xml::new();
    xml.open("InitiateMultipartUploadResult")
        .element("Bucket", &request.bucket()?.name)
        .element("Key", request.key()?)
        .element("UploadId", &id)
        .close("InitiateMultipartUploadResult");
    let mut answer = response::document(StatusCode::OK, xml.finish());
    insert_checksum(answer.headers_mut(), checksum);
    Ok(answer)
}

fn insert_checksum(headers: &mut HeaderMap, checksum: Option<UploadChecksum>) {
    let Some(checksum) = checksum else {
        return;
    };
    let (algorithm, kind) = (checksum.algorithm.as_str(), checksum.kind.as_str());
    headers.insert(
        "x-amz-checksum-algorithm",
        HeaderValue::from_static(algorithm),
    );
    headers.insert("x-amz-checksum-type", HeaderValue::from_static(kind));
}
