//! Successful answers: what a handler returns becomes status, headers and body.

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::json::JsonWriter;

/// `application/json`.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// `nosniff`: a body is what its content type says.
pub(crate) const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// What a handler answers when all went well.
pub(crate) trait Answer {
    /// The type of the JSON body, `()` for none, [`Octets`] for other bytes: what the drift test
    /// compares with the contract.
    type Shape: DeserializeOwned;

    /// The answer, with the operation's status for success.
    fn render(self, status: StatusCode) -> Response<Body>;
}

/// The shape of a body that is not JSON.
#[derive(Debug, Deserialize)]
pub(crate) struct Octets;

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize + DeserializeOwned> Answer for Json<T> {
    type Shape = T;

    fn render(self, status: StatusCode) -> Response<Body> {
        json(status, &self.0)
    }
}

/// A JSON body written by hand, of which `T` is the equivalent wire type.
#[derive(Debug)]
pub(crate) struct Written<T> {
    body: Vec<u8>,
    shape: std::marker::PhantomData<fn() -> T>,
}

impl<T> Written<T> {
    pub(crate) fn new(writer: JsonWriter) -> Self {
        Self {
            body: writer.finish(),
            shape: std::marker::PhantomData,
        }
    }
}

impl<T: DeserializeOwned> Answer for Written<T> {
    type Shape = T;

    fn render(self, status: StatusCode) -> Response<Body> {
        json_bytes(status, self.body)
    }
}

/// No body.
#[derive(Debug)]
pub(crate) struct Empty;

impl Answer for Empty {
    type Shape = ();

    fn render(self, status: StatusCode) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        response
    }
}

/// A JSON body with one more header.
#[derive(Debug)]
pub(crate) struct WithHeader<T> {
    pub(crate) body: T,
    pub(crate) name: HeaderName,
    pub(crate) value: HeaderValue,
}

impl<T: Serialize + DeserializeOwned> Answer for WithHeader<T> {
    type Shape = T;

    fn render(self, status: StatusCode) -> Response<Body> {
        let mut response = json(status, &self.body);
        response.headers_mut().insert(self.name, self.value);
        response
    }
}

/// An answer whose status and headers depend on the outcome.
#[derive(Debug)]
pub(crate) struct Whole<S> {
    response: Response<Body>,
    shape: std::marker::PhantomData<fn() -> S>,
}

impl<S> Whole<S> {
    pub(crate) fn new(response: Response<Body>) -> Self {
        Self {
            response,
            shape: std::marker::PhantomData,
        }
    }
}

impl<S: DeserializeOwned> Answer for Whole<S> {
    type Shape = S;

    fn render(self, _status: StatusCode) -> Response<Body> {
        self.response
    }
}

/// A JSON answer of a serialisable value.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(body) => json_bytes(status, body),
        // Wire types hold text, numbers and maps by text only, which always serialise.
        Err(_) => json_bytes(
            StatusCode::INTERNAL_SERVER_ERROR,
            br#"{"message":"the answer could not be written"}"#.to_vec(),
        ),
    }
}

/// A JSON answer of bytes.
pub(crate) fn json_bytes(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(6);
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    response
}
