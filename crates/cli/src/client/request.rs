//! A request to the REST API, as a value that can be sent more than once.

use std::fmt::Write as _;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::body::{RequestBody, bytes_body, empty_body};
use crate::error::{Error, Result};

/// Everything but the characters that RFC 3986 never wants escaped.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What is sent along.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    /// Nothing.
    Empty,
    /// A JSON document.
    Json(Bytes),
}

impl Payload {
    /// The payload as a body; each call gives a fresh one.
    pub(crate) fn body(&self) -> RequestBody {
        match self {
            Self::Empty => empty_body(),
            Self::Json(bytes) => bytes_body(bytes.clone()),
        }
    }
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Method.
    pub(crate) method: Method,
    /// Headers besides authentication.
    pub(crate) headers: HeaderMap,
    /// What is sent along.
    pub(crate) payload: Payload,
    /// A second status that is a success, where servers and contract disagree.
    pub(crate) also: Option<http::StatusCode>,
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Request {
    /// A request for a resource, given by the unescaped segments of its path.
    pub(crate) fn new(method: Method, segments: &[&str]) -> Self {
        let mut path = String::new();
        for segment in segments {
            _ = write!(path, "/{}", utf8_percent_encode(segment, RESERVED));
        }
        Self {
            method,
            headers: HeaderMap::new(),
            payload: Payload::Empty,
            also: None,
            path,
            query: Vec::new(),
        }
    }

    /// A GET request.
    pub(crate) fn get(segments: &[&str]) -> Self {
        Self::new(Method::GET, segments)
    }

    /// A POST request.
    pub(crate) fn post(segments: &[&str]) -> Self {
        Self::new(Method::POST, segments)
    }

    /// A PUT request.
    pub(crate) fn put(segments: &[&str]) -> Self {
        Self::new(Method::PUT, segments)
    }

    /// A DELETE request.
    pub(crate) fn delete(segments: &[&str]) -> Self {
        Self::new(Method::DELETE, segments)
    }

    /// Adds a query parameter.
    #[must_use]
    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Adds a query parameter when it is true.
    #[must_use]
    pub(crate) fn flag(self, name: &'static str, value: bool) -> Self {
        if value {
            self.query(name, "true")
        } else {
            self
        }
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn header(mut self, name: http::HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sends a value along as JSON.
    pub(crate) fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Result<Self> {
        let text = serde_json::to_vec(value)
            .map_err(|error| Error::failed(format!("encode request: {error}")))?;
        self.payload = Payload::Json(text.into());
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(self)
    }

    /// Path and query below the API's address; parameters are in the order of their names.
    pub(crate) fn target(&self) -> String {
        let mut target = self.path.clone();
        let mut query: Vec<_> = self.query.iter().collect();
        query.sort_by_key(|(name, _)| *name);
        for (index, (name, value)) in query.into_iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            let value = utf8_percent_encode(value, RESERVED);
            _ = write!(target, "{separator}{name}={value}");
        }
        target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_and_values_cannot_change_the_shape_of_a_target() {
        let request = Request::get(&["refs", "main^2/..", "objects"])
            .query("path", "a&b=c?#%/ż")
            .query("after", "");
        assert_eq!(
            request.target(),
            "/refs/main%5E2%2F../objects?after=&path=a%26b%3Dc%3F%23%25%2F%C5%BC"
        );
    }
}
