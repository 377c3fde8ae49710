//! `PutObject`: the body becomes an object of a branch.
//!
//! Everything is judged before the body is asked for, and a client that waits for `100 Continue` hears a
//! refusal first. The checksum is part of the entry once the body has been read to its end.

use http::header::ETAG;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use lakefs_service::{BeginUpload, StoreOptions};

use crate::auth::Payload;
use crate::body::{self, BodyRules};
use crate::checksum::Digest;
use crate::error::S3Error;
use crate::headers;
use crate::request::Request;
use crate::response::bare;
use crate::write_headers::{refuse_unoffered, write_condition};
use crate::{Body, Gateway};

const OBJECT_SIZE: HeaderName = HeaderName::from_static("x-amz-object-size");

pub(super) async fn run(
    gateway: &Gateway,
    mut request: Request,
) -> Result<Response<Body>, S3Error> {
    let rules = BodyRules::object(gateway.options());
    let payload = std::mem::replace(&mut request.payload, Payload::UNSIGNED);
    let sent = std::mem::take(&mut request.body);
    let open = body::open(sent, request.headers(), payload, &rules)?;
    refuse_unoffered(request.headers())?;
    let mut metadata = headers::metadata_from_headers(request.headers())?;
    let options = StoreOptions {
        content_type: headers::content_type(request.headers()),
        storage_class: headers::storage_class(request.headers())?.map(str::to_owned),
        expected_md5: open.expected_md5,
    };
    let place = request.place()?;
    let path = place.path();
    let upload = gateway.service().begin_upload(
        &request.caller,
        BeginUpload {
            operation: request.operation.name(),
            repository: place.repository,
            branch: place.reference,
            path: &path,
            condition: write_condition(request.headers())?,
            force: false,
        },
    );
    let stored = upload.await?.store(open.body, options).await?;
    let checksum = open.verdict.checksum().map(Digest::of_object);
    if let Some(checksum) = &checksum {
        checksum.store(&mut metadata);
    }
    let written = stored.finish(metadata).await?;
    let mut response = bare(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(ETAG, entity_tag(&written.etag));
    headers.insert(OBJECT_SIZE, HeaderValue::from(written.size));
    if let Some(checksum) = checksum {
        checksum.apply(headers);
    }
    Ok(response)
}

/// An entity tag as headers have it.
fn entity_tag(etag: &str) -> HeaderValue {
    HeaderValue::from_str(&["\"", etag, "\""].concat()).unwrap_or(HeaderValue::from_static("\"\""))
}
