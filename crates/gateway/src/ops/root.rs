//! The root of a reference as an object: `<reference>` and `<reference>/`.
//!
//! Clients that know directories make one before they write into it, and look whether it is there. A
//! branch is always there, so its root reads as an empty directory object, can be "made" and "removed",
//! and nothing is ever stored for it.

use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LAST_MODIFIED};
use http::{HeaderValue, Response, StatusCode};
use lakefs_service::{ListObjects, PageRequest};

use crate::date::http_date;
use crate::error::{Code, S3Error};
use crate::operation::Operation;
use crate::request::Request;
use crate::target::Place;
use crate::{Body, Gateway, response};

/// Entity tag of no bytes.
const EMPTY: HeaderValue = HeaderValue::from_static("\"d41d8cd98f00b204e9800998ecf8427e\"");
const DIRECTORY: HeaderValue = HeaderValue::from_static("application/x-directory");

/// Whether an operation has an answer for roots.
pub(super) fn knows(operation: Operation) -> bool {
    use Operation as O;
    matches!(
        operation,
        O::GetObject | O::HeadObject | O::PutObject | O::DeleteObject
    )
}

pub(super) async fn run(
    gateway: &Gateway,
    request: &Request,
    root: Place<'_>,
) -> Result<Response<Body>, S3Error> {
    let service = gateway.service();
    let (repository, reference) = (root.repository, root.reference);
    match request.operation {
        Operation::PutObject => {
            if length(request) != Some(0) {
                return Err(S3Error::with(
                    Code::InvalidArgument,
                    "The key names a branch and no path in it.",
                ));
            }
            service
                .get_branch(&request.caller, repository, reference)
                .await?;
            let mut response = response::bare(StatusCode::OK);
            response.headers_mut().insert(ETAG, EMPTY);
            Ok(response)
        }
        Operation::DeleteObject => {
            service
                .get_branch(&request.caller, repository, reference)
                .await?;
            Ok(response::bare(StatusCode::NO_CONTENT))
        }
        // Without its slash the root is no key: a client that tells files from directories by asking goes on
        // to list it.
        _ if !request.key()?.ends_with('/') => Err(S3Error::new(Code::NoSuchKey)),
        _ => {
            let anything = ListObjects {
                repository,
                reference,
                page: PageRequest {
                    amount: Some(1),
                    ..PageRequest::default()
                },
                delimiter: "",
                user_metadata: false,
                presign: false,
            };
            let found = service.list_objects(&request.caller, anything).await;
            found.map_err(S3Error::of_read)?;
            let mut response = response::bare(StatusCode::OK);
            let headers = response.headers_mut();
            headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
            headers.insert(CONTENT_TYPE, DIRECTORY);
            headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
            headers.insert(ETAG, EMPTY);
            headers.insert(LAST_MODIFIED, http_date(0));
            Ok(response)
        }
    }
}

/// Bytes of the object in the body, as far as the headers tell.
fn length(request: &Request) -> Option<u64> {
    let decoded = request.header("x-amz-decoded-content-length");
    let told = decoded.or_else(|| request.header("content-length"));
    match told {
        Some(text) => text.trim().parse().ok(),
        None => http_body::Body::size_hint(&request.body).exact(),
    }
}
