//! Bodies of requests: read whole within a limit, or left to stream.
//!
//! A JSON body is checked against the contract in the words recorded conversations have. Where the
//! type alone proves the schema (see `Schemas::is_proven_by_type`) the text is read straight into
//! the type, and only what fails there is read again, slowly, to find the words.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderMap};
use http::request::Parts;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::contract::schema::SchemaId;
use crate::contract::{Operation, contract};
use crate::error::Failure;

/// Largest JSON body. A deletion of a thousand longest paths, every character escaped, is half of it.
pub(crate) const MAX_JSON_BYTES: usize = 4 << 20;

/// Deepest nesting is `serde_json`'s own limit of 128.
const MISSING: &str = "request body has an error: value is required but missing";

/// What an operation takes as its body.
pub(crate) trait RequestContent: Sized + Send {
    /// The type of the JSON body, `()` for none: what the drift test compares.
    type Shape: DeserializeOwned;

    /// Reads and checks it.
    fn read(
        operation: &'static Operation,
        parts: &Parts,
        body: Body,
    ) -> impl Future<Output = Result<Self, Failure>> + Send;
}

/// No body; one that comes all the same is not read.
#[derive(Debug)]
pub(crate) struct NoBody;

impl RequestContent for NoBody {
    type Shape = ();

    async fn read(_: &'static Operation, _: &Parts, _: Body) -> Result<Self, Failure> {
        Ok(Self)
    }
}

/// A JSON body that must be there.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> RequestContent for JsonBody<T> {
    type Shape = T;

    async fn read(
        operation: &'static Operation,
        parts: &Parts,
        body: Body,
    ) -> Result<Self, Failure> {
        match read_json_text(operation, parts, body).await? {
            Some(text) => text.parse().map(Self),
            None => Err(Failure::invalid(MISSING)),
        }
    }
}

/// A JSON body whose absence means its default.
#[derive(Debug)]
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Default + Send> RequestContent for OptionalJson<T> {
    type Shape = T;

    async fn read(
        operation: &'static Operation,
        parts: &Parts,
        body: Body,
    ) -> Result<Self, Failure> {
        match read_json_text(operation, parts, body).await? {
            Some(text) => text.parse().map(Self),
            None => Ok(Self(T::default())),
        }
    }
}

/// A body nobody will use: checked, and dropped.
#[derive(Debug)]
pub(crate) struct AnyBody;

impl RequestContent for AnyBody {
    type Shape = ();

    async fn read(
        operation: &'static Operation,
        parts: &Parts,
        body: Body,
    ) -> Result<Self, Failure> {
        if let Some(text) = read_json_text(operation, parts, body).await? {
            text.check()?;
        }
        Ok(Self)
    }
}

/// A body that streams.
#[derive(Debug)]
pub(crate) struct StreamBody(pub(crate) Body);

impl RequestContent for StreamBody {
    type Shape = ();

    async fn read(_: &'static Operation, _: &Parts, body: Body) -> Result<Self, Failure> {
        Ok(Self(body))
    }
}

/// The text of a JSON body and the schema it must fit; `None` when there is none and need not be.
async fn read_json_text(
    operation: &'static Operation,
    parts: &Parts,
    body: Body,
) -> Result<Option<JsonText>, Failure> {
    let Some(expected) = &operation.body else {
        return Ok(None);
    };
    let Some(schema) = expected.json else {
        return Ok(None);
    };
    let text = read_whole(parts, body, MAX_JSON_BYTES).await?;
    if text.is_empty() {
        return if expected.required {
            Err(Failure::invalid(MISSING))
        } else {
            Ok(None)
        };
    }
    let content_type = parts
        .headers
        .get(CONTENT_TYPE)
        .map_or("", |value| value.to_str().unwrap_or(""));
    let media_type = content_type.split(';').next().unwrap_or("").trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Failure::invalid(format!(
            "request body has an error: header Content-Type has unexpected value \"{content_type}\""
        )));
    }
    Ok(Some(JsonText {
        text,
        schema,
        proven_by_type: expected.proven_by_type,
    }))
}

/// Collects a body of at most `limit` bytes. A body in one piece is not copied.
async fn read_whole(parts: &Parts, mut body: Body, limit: usize) -> Result<Bytes, Failure> {
    let declared = parts
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
        .unwrap_or(0);
    if usize::try_from(declared).map_or(true, |declared| declared > limit) {
        drain(&parts.headers, body).await;
        return Err(Failure::too_large(limit));
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while !body.is_end_stream() {
        let Some(frame) = body.frame().await else {
            break;
        };
        let frame = frame.map_err(|_| {
            Failure::invalid("request body has an error: it ended before it was complete")
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.len() + rest.len() + data.len() > limit {
            read_over(body).await;
            return Err(Failure::too_large(limit));
        }
        if first.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

/// Most bytes, and longest time, that a refused body is read for.
const MAX_DRAINED_BYTES: usize = 8 << 20;
const MAX_DRAINED_TIME: Duration = Duration::from_secs(2);

/// Reads a refused body over, of which nothing was read. A client that asked first
/// (`Expect: 100-continue`) sends nothing until it is told to, and reading would tell it to.
pub(crate) async fn drain(headers: &HeaderMap, body: Body) {
    if !headers.contains_key(EXPECT) {
        read_over(body).await;
    }
}

/// Reads what is left of a refused body. A client that is still sending when the connection closes
/// sees a reset instead of the answer; a moderate rest is cheaper to read than to explain.
async fn read_over(mut body: Body) {
    let reading = async {
        let mut rest = MAX_DRAINED_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            match rest.checked_sub(length) {
                Some(left) => rest = left,
                None => break,
            }
        }
    };
    // Out of patience is as good as read.
    drop(tokio::time::timeout(MAX_DRAINED_TIME, reading).await);
}

/// A JSON body as it came.
#[derive(Debug)]
struct JsonText {
    text: Bytes,
    schema: SchemaId,
    proven_by_type: bool,
}

impl JsonText {
    /// Reads it into its type.
    fn parse<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        if self.proven_by_type
            && is_object(&self.text)
            && !has_null(&self.text)
            && let Ok(value) = serde_json::from_slice(&self.text)
        {
            return Ok(value);
        }
        serde_json::from_value(self.check()?)
            .map_err(|error| Failure::invalid(format!("request body has an error: {error}")))
    }

    /// Reads it as a value that fits the schema.
    fn check(&self) -> Result<Value, Failure> {
        let value: Value = serde_json::from_slice(&self.text).map_err(|error| {
            let reason = if error.is_eof() {
                "unexpected EOF".to_owned()
            } else {
                error.to_string()
            };
            Failure::invalid(format!(
                "request body has an error: failed to decode request body: {reason}"
            ))
        })?;
        contract()
            .schemas
            .check_body(self.schema, &value)
            .map_err(|reason| Failure::invalid(format!("request body has an error: {reason}")))?;
        Ok(value)
    }
}

/// A type reads a list as its fields in order; the contract does not.
fn is_object(text: &[u8]) -> bool {
    text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// A type reads `null` as an absent field; the contract mostly does not.
fn has_null(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"null").is_some()
}

#[cfg(test)]
mod tests;
