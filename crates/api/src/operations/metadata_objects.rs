//! The tables a repository is made of, for clients that read them from the store themselves.

use axum::body::Body;
use http::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION};
use lakefs_service::{Error, ErrorKind, TableKind, TableOutcome};
use lakefs_wire as wire;

use super::object_content::redirect;
use crate::error::Failure;
use crate::operation::{Call, operation};
use crate::respond::{Octets, Whole, WithHeader};

operation! {
    /// Where a range is.
    GetRange(repository: &'v str, range: &'v str), => OK WithHeader<wire::StorageUri>;
    |call, given, _| { locate(call, given.repository, TableKind::Range, given.range).await }
}

operation! {
    /// Where a metarange is.
    GetMetaRange(repository: &'v str, meta_range: &'v str), => OK WithHeader<wire::StorageUri>;
    |call, given, _| { locate(call, given.repository, TableKind::MetaRange, given.meta_range).await }
}

operation! {
    /// The bytes of a range or metarange, or where to get them.
    GetMetadataObject(
        repository: &'v str, object_id: &'v str, kind: &'v str = "type", presign: bool,
    ), => OK Whole<Octets>, also 302;
    |call, given, _| {
        let kind = match given.kind {
            "range" => TableKind::Range,
            _ => TableKind::MetaRange,
        };
        let (repository, id) = (given.repository, given.object_id);
        let outcome = call
            .service
            .get_metadata_object(call.caller, repository, kind, id, given.presign)
            .await?;
        Ok(Whole::new(match outcome {
            TableOutcome::Redirect { url } => redirect(&url),
            TableOutcome::Content { length, stream } => {
                let mut response = Response::new(Body::from_stream(stream));
                let headers = response.headers_mut();
                let octets = HeaderValue::from_static("application/octet-stream");
                headers.insert(CONTENT_TYPE, octets);
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
                response
            }
        }))
    }
}

async fn locate(
    call: Call<'_>,
    repository: &str,
    kind: TableKind,
    id: &str,
) -> Result<WithHeader<wire::StorageUri>, Failure> {
    let location = call
        .service
        .get_table_location(call.caller, repository, kind, id)
        .await?;
    let value = HeaderValue::try_from(location.as_str()).map_err(|error| {
        Error::new(ErrorKind::Invalid, "not an identifier of a table").caused_by(error)
    })?;
    Ok(WithHeader {
        body: wire::StorageUri { location },
        name: LOCATION,
        value,
    })
}
