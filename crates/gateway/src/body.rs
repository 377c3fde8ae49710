//! Bodies of requests: from the connection's frames to the bytes of an object, checked on the way.
//!
//! [`open`] judges what the headers say of a body ([`plan`]) and answers a stream for the store. Nothing
//! is read before the store polls it. The stream takes the framing off ([`chunks`]), keeps the body to
//! its length, its pace and its digests, and **fails at its end** if any of them does not hold, so that the store never
//! publishes the object (G4). Bytes are slices of what came from the socket. Which checksum was verified is
//! told by the [`Verdict`].

mod chunks;
mod collect;
mod plan;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use plan::{checksum_header, parse_algorithm};

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use lakefs_service::PutBody;
use parking_lot::Mutex;

use crate::auth::Payload;
use crate::checksum::Digest;
use crate::error::{Code, S3Error};
use crate::headers::ChecksumAlgorithm as Algorithm;
use crate::{GatewayOptions, RequestBody};

/// What an operation asks of a body.
#[derive(Debug, Clone)]
pub(crate) struct BodyRules {
    /// Most bytes, without framing.
    max_bytes: u64,
    /// What a larger body is answered.
    too_large: Code,
    /// How long the body may stand still.
    idle: Duration,
    /// Whether the length has to be announced.
    needs_length: bool,
    /// Whether `x-amz-checksum-*` headers speak of this body, rather than of an object.
    own_checksums: bool,
    /// A checksum to compute where the client sends none.
    compute: Option<Algorithm>,
}

impl BodyRules {
    /// The bytes of an object or a part.
    pub(crate) fn object(options: &GatewayOptions) -> Self {
        Self {
            max_bytes: options.max_put_bytes,
            too_large: Code::EntityTooLarge,
            idle: options.body_idle,
            needs_length: true,
            own_checksums: true,
            compute: None,
        }
    }

    /// A document of at most `max_bytes`.
    pub(crate) fn document(options: &GatewayOptions, max_bytes: u64) -> Self {
        Self {
            max_bytes,
            too_large: Code::MaxMessageLengthExceeded,
            needs_length: false,
            ..Self::object(options)
        }
    }

    /// Computes this checksum where the client sends none.
    pub(crate) fn computing(mut self, algorithm: Option<Algorithm>) -> Self {
        self.compute = algorithm;
        self
    }

    /// `x-amz-checksum-*` headers speak of an object, not of this body (completing an upload).
    pub(crate) fn checksums_of_object(mut self) -> Self {
        self.own_checksums = false;
        self
    }
}

/// A body that is ready to be read.
#[derive(Debug)]
pub(crate) struct OpenBody {
    /// For the store.
    pub(crate) body: PutBody,
    /// `Content-MD5`: for the store, which computes the MD5 anyway.
    pub(crate) expected_md5: Option<[u8; 16]>,
    /// What became of it.
    pub(crate) verdict: Verdict,
}

/// What was found out about a body; asked after the store has read it. Why a body failed is in the error
/// that came out of the store: [`S3Error`]'s conversion finds it there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict(Arc<Mutex<Option<Digest>>>);

impl Verdict {
    /// The checksum of the whole body, verified against the client's or computed; `None` where neither
    /// was asked for, or the body was not read to its end.
    pub(crate) fn checksum(&self) -> Option<Digest> {
        *self.0.lock()
    }

    fn verified(&self, checksum: Option<Digest>) {
        *self.0.lock() = checksum;
    }
}

/// Judges what the headers say of a body and makes it ready. Reads nothing of it.
pub(crate) fn open(
    body: RequestBody,
    headers: &HeaderMap,
    payload: Payload,
    rules: &BodyRules,
) -> Result<OpenBody, S3Error> {
    let plan = plan::plan_body(headers, payload, rules)?;
    let verdict = Verdict::default();
    let (length, expected_md5) = (plan.length, plan.expected_md5);
    Ok(OpenBody {
        body: PutBody {
            stream: Box::pin(stream::CheckedBody::new(body, plan, verdict.clone())),
            length,
        },
        expected_md5,
        verdict,
    })
}
