//! The body of an upload: which bytes are the object, and what it says about itself.
//!
//! Bytes are passed on as they come; memory is bounded by one frame of the connection and one chunk
//! of the form reader. A form that ends before its closing boundary, and a connection that breaks,
//! end the stream with an error, so that the store keeps nothing of it.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use lakefs_service::{
    BlockError, Error, ErrorKind, PutBody, UploadBody, user_metadata_from_headers,
};
use lakefs_wire::Metadata;
use multer::{Constraints, Field, Multipart, SizeLimit};

use crate::error::Failure;

/// Name of the part that is the object.
const CONTENT: &str = "content";
/// Most bytes of form parts that are not the object, which are read over.
const MAX_OTHER_PART_BYTES: u64 = 1 << 20;

/// User metadata of the request's headers.
pub(super) fn user_metadata(headers: &HeaderMap) -> Result<Metadata, Failure> {
    let mut texts = Vec::new();
    for (name, value) in headers {
        let name = name.as_str();
        if name.starts_with("x-lakefs-") {
            let value = std::str::from_utf8(value.as_bytes())
                .map_err(|_| Failure::invalid(format!("header {name} is not UTF-8")))?;
            texts.push((name, value));
        }
    }
    Ok(user_metadata_from_headers(texts))
}

/// Begins to read the body.
pub(super) async fn open(headers: &HeaderMap, body: Body) -> Result<UploadBody, Error> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    match content_type.and_then(form_boundary) {
        Some(Ok(boundary)) => open_form(body, boundary).await,
        Some(Err(error)) => {
            Err(Error::new(ErrorKind::Invalid, "multipart upload has no boundary").caused_by(error))
        }
        None => Ok(UploadBody {
            content_type: content_type.map(str::to_owned),
            body: PutBody {
                stream: Box::pin(
                    body.into_data_stream()
                        .map_err(|error| BlockError::Body(error.into())),
                ),
                length: headers
                    .get(CONTENT_LENGTH)
                    .and_then(|value| value.to_str().ok()?.parse().ok()),
            },
        }),
    }
}

fn form_boundary(content_type: &str) -> Option<Result<String, multer::Error>> {
    let media_type = content_type.split(';').next().unwrap_or("").trim();
    media_type
        .eq_ignore_ascii_case("multipart/form-data")
        .then(|| multer::parse_boundary(content_type))
}

async fn open_form(body: Body, boundary: String) -> Result<UploadBody, Error> {
    // The object itself is not bounded here; the parts before it are.
    let limits = SizeLimit::new().per_field(MAX_OTHER_PART_BYTES);
    let limits = limits.for_field(CONTENT, u64::MAX);
    let constraints = Constraints::new().size_limit(limits);
    let mut form = Multipart::with_constraints(body.into_data_stream(), boundary, constraints);
    loop {
        let part = form.next_field().await.map_err(|error| {
            Error::new(ErrorKind::Invalid, format!("multipart upload: {error}"))
        })?;
        match part {
            Some(part) if part.name() == Some(CONTENT) => {
                return Ok(UploadBody {
                    content_type: part.content_type().map(ToString::to_string),
                    body: PutBody {
                        stream: Box::pin(Part { _form: form, part }),
                        length: None,
                    },
                });
            }
            Some(_) => {}
            None => {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    "multipart upload missing key 'content'",
                ));
            }
        }
    }
}

/// A part of a form, with the form it is read from.
struct Part {
    part: Field<'static>,
    _form: Multipart<'static>,
}

impl Stream for Part {
    type Item = Result<Bytes, BlockError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.part)
            .poll_next(context)
            .map_err(|error| BlockError::Body(error.into()))
    }
}
