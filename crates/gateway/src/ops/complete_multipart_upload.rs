//! `CompleteMultipartUpload`.

use http::header::HOST;
use http::{HeaderMap, Response, Uri};
use lakefs_service::{CompleteUpload, CompletedUpload};

use super::multipart::document::{self, NamedPart};
use super::multipart::judge::{Claims, judge};
use super::multipart::{UploadAddress, refused, slow};
use crate::body::{BodyRules, open};
use crate::document::ErrorDocument;
use crate::error::S3Error;
use crate::headers::Checksum;
use crate::request::Request;
use crate::write_headers::write_condition;
use crate::xml::Xml;
use crate::{Body, Gateway};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let upload = UploadAddress::of(&request)?;
    let condition = write_condition(request.headers())?;
    let claims = Claims::of_headers(request.headers())?;
    let bucket = request.bucket()?.name.clone();
    let key = request.key()?.to_owned();
    let Request {
        parts,
        body,
        payload,
        target,
        caller,
        ..
    } = request;
    let rules = BodyRules::document(gateway.options(), document::MAX_BYTES).checksums_of_object();
    let body = open(body, &parts.headers, payload, &rules)?;
    let named = document::parse(&body.collect().await?)?;
    let location = location(&parts.uri, &parts.headers);
    let (owner, request_id) = (gateway.clone(), caller.request_id.clone());
    let work = Box::pin(async move {
        let complete = CompleteUpload {
            target: upload.target(),
            parts: named.iter().map(|named| named.part.clone()).collect(),
            condition,
            min_part_bytes: owner.options().min_part_bytes,
        };
        let named: &[NamedPart] = &named;
        let made = owner
            .service()
            .complete_multipart_upload(&caller, complete, |info, stored| {
                judge(info, named, stored, &claims).map_err(refused)
            })
            .await?;
        Ok(document_of(&made, &location, &bucket, &key))
    });
    let owner = gateway.clone();
    let error_text = Box::new(move |error: &S3Error| {
        tracing::warn!(
            error = error as &dyn std::error::Error,
            request_id,
            "an upload could not be completed after its answer had begun"
        );
        ErrorDocument {
            error,
            target: &target,
            region: &owner.options().region,
            request_id: &request_id,
            host_id: owner.host_id(),
        }
        .text()
    });
    slow::answer(work, error_text).await
}

fn document_of(made: &CompletedUpload, location: &str, bucket: &str, key: &str) -> String {
    let mut xml = Xml::new();
    xml.open("CompleteMultipartUploadResult")
        .element("Location", location)
        .element("Bucket", bucket)
        .element("Key", key)
        .element("ETag", &format!("\"{}\"", made.etag));
    let pairs = made.metadata.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    if let Some(checksum) = Checksum::of(pairs) {
        xml.element(checksum.algorithm.element(), &checksum.value)
            .element("ChecksumType", checksum.kind.as_str());
    }
    xml.close("CompleteMultipartUploadResult");
    xml.finish()
}

/// Where the object is, as the client addressed it.
fn location(uri: &Uri, headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST.as_str()).or(uri.host()).unwrap_or_default();
    let scheme = match text("x-forwarded-proto").or(uri.scheme_str()) {
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => "https",
        _ => "http",
    };
    format!("{scheme}://{host}{}", uri.path())
}
