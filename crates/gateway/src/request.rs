//! A request on its way through the gateway.

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use http_body_util::combinators::BoxBody;
use lakefs_service::{Caller, Cause};

use crate::auth::Payload;
use crate::error::{Code, S3Error};
use crate::operation::Operation;
use crate::query::Query;
use crate::target::{Bucket, Place, Target};

/// The body of a request, as it comes from the connection. It is not polled, and the client not told
/// to go on, before an operation wants it.
pub type RequestBody = BoxBody<Bytes, Cause>;

/// Why a body cannot be read from the connection. The listener's bodies fail with it.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Nothing came for too long.
    #[error("the body stood still for too long")]
    Idle,
    /// The connection broke, or its framing.
    #[error("the body ended early")]
    Broken(#[source] Cause),
}

/// A request whose sender is known.
pub(crate) struct Request {
    pub(crate) parts: Parts,
    pub(crate) body: RequestBody,
    pub(crate) target: Target,
    pub(crate) operation: Operation,
    pub(crate) query: Query,
    pub(crate) caller: Caller,
    /// How the body is protected.
    pub(crate) payload: Payload,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Request {
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// A header as text; one that is no UTF-8 counts as absent.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.parts.headers.get(name)?.as_bytes()).ok()
    }

    /// The bucket of a request that names one.
    pub(crate) fn bucket(&self) -> Result<&Bucket, S3Error> {
        match &self.target {
            Target::Bucket(bucket) | Target::Object(bucket, _) => Ok(bucket),
            Target::Service => Err(S3Error::new(Code::InvalidBucketName)),
        }
    }

    /// The key of a request for an object.
    pub(crate) fn key(&self) -> Result<&str, S3Error> {
        match &self.target {
            Target::Object(_, key) => Ok(key),
            _ => Err(S3Error::new(Code::NoSuchKey)),
        }
    }

    /// The root of a reference: a key that is `<reference>` or `<reference>/` and nothing more.
    pub(crate) fn root(&self) -> Option<Place<'_>> {
        let (Ok(bucket), Ok(key)) = (self.bucket(), self.key()) else {
            return None;
        };
        bucket.root(key)
    }

    /// Where the object of a request lies. A key without a reference is no key of a repository.
    pub(crate) fn place(&self) -> Result<Place<'_>, S3Error> {
        self.bucket()?
            .place(self.key()?)
            .ok_or_else(|| S3Error::new(Code::NoSuchKey))
    }
}
