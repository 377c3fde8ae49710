//! Who sent a request, and how its body is protected.
//!
//! Tried in this order: a bearer token or basic credentials, a session cookie (the web interface reads
//! through the gateway with one), then a signature: Version 4 in a header or in the query, Version 2
//! likewise. A session that is not valid any more leaves it to the signature, if there is one. Nothing is
//! taken from the body. Rules: gateway.md §1.5 and §6.4 in short: any region, a quarter of an hour of skew,
//! and a presigned URL lives as long as it says.

use http::header::AUTHORIZATION;
use http::request::Parts;
use lakefs_service::{Caller, Claim, ErrorKind};
use lakefs_sigv4::{ChunkSigner, PayloadMode};

use crate::Gateway;
use crate::error::{Code, S3Error, Scope};

mod rest;
mod v2;
mod v4;

/// How the body of a request is protected by its signature.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    pub(crate) mode: PayloadMode,
    /// The chain of chunk signatures, seeded, for the modes that have one. `None` in such a mode means that
    /// the sender proved himself by other means than a Version 4 signature: chunks are taken out of
    /// their frames, and there is nothing to hold their signatures against.
    pub(crate) signer: Option<ChunkSigner>,
}

impl Payload {
    /// A body nothing was said about.
    pub(crate) const UNSIGNED: Self = Self {
        mode: PayloadMode::Unsigned,
        signer: None,
    };
}

/// Name of the header that says how the body is protected.
const CONTENT_SHA256: &str = "x-amz-content-sha256";

impl Gateway {
    /// Finds out who sent a request.
    pub(crate) async fn authenticate(
        &self,
        parts: &Parts,
        mut caller: Caller,
    ) -> Result<(Caller, Payload), S3Error> {
        match self.prove(parts, &mut caller).await {
            Ok(payload) => Ok((caller, payload)),
            Err(error) => Err(error.scope(Scope::Door)),
        }
    }

    async fn prove(&self, parts: &Parts, caller: &mut Caller) -> Result<Payload, S3Error> {
        if let Some(claim) = rest::claim(&parts.headers) {
            match self.service().authenticate_claim(claim).await {
                Ok(user) => {
                    caller.user = Some(user);
                    return declared_payload(parts);
                }
                Err(error)
                    if matches!(claim, Claim::Session(_))
                        && error.kind() == ErrorKind::Unauthorized => {}
                Err(error) => return Err(error.into()),
            }
        }
        let query = parts.uri.query().unwrap_or_default();
        if v4::is_signed(parts, query) {
            return self.prove_v4(parts, query, caller).await;
        }
        if v2::is_signed(parts, query) {
            return self.prove_v2(parts, query, caller).await;
        }
        Err(match parts.headers.get(AUTHORIZATION) {
            None => S3Error::new(Code::AccessDenied),
            Some(value) => unknown_scheme(&String::from_utf8_lossy(value.as_bytes())),
        })
    }

    /// The credential behind an access key.
    async fn credential(
        &self,
        access_key_id: &str,
    ) -> Result<std::sync::Arc<lakefs_service::Credential>, S3Error> {
        let found = self.service().credential_of(access_key_id).await;
        found.map_err(|error| match error.kind() {
            ErrorKind::Unauthorized => {
                S3Error::new(Code::InvalidAccessKeyId).detail("AWSAccessKeyId", access_key_id)
            }
            _ => error.into(),
        })
    }
}

/// An authorization header of a kind that is not known here. Its own text is not repeated beyond the
/// scheme: it may hold a secret.
fn unknown_scheme(header: &str) -> S3Error {
    let (text, scheme) = match header.split_once(' ') {
        Some((scheme, _)) => ("Unsupported Authorization Type", scheme),
        None => (
            "Authorization header is invalid -- one and only one ' ' (space) required.",
            "",
        ),
    };
    S3Error::with(Code::InvalidArgument, text)
        .detail("ArgumentName", "Authorization")
        .detail("ArgumentValue", scheme)
}

/// How the body is protected where no signature covers it.
fn declared_payload(parts: &Parts) -> Result<Payload, S3Error> {
    Ok(match parts.headers.get(CONTENT_SHA256) {
        None => Payload::UNSIGNED,
        Some(value) => Payload {
            mode: payload_mode(value.as_bytes())?,
            signer: None,
        },
    })
}

fn payload_mode(value: &[u8]) -> Result<PayloadMode, S3Error> {
    let text = std::str::from_utf8(value).ok();
    text.and_then(PayloadMode::parse).ok_or_else(|| {
        if value.starts_with(b"STREAMING-AWS4-ECDSA") {
            return S3Error::with(
                Code::NotImplemented,
                "Asymmetric signatures are not offered.",
            );
        }
        S3Error::with(
            Code::InvalidArgument,
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
             STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a \
             SHA-256 in hex.",
        )
        .detail("ArgumentName", CONTENT_SHA256)
        .detail("ArgumentValue", String::from_utf8_lossy(value))
    })
}

/// Whether the authorization header begins with these bytes.
fn authorization_starts(parts: &Parts, prefix: &[u8]) -> bool {
    parts
        .headers
        .get(AUTHORIZATION)
        .is_some_and(|value| value.as_bytes().starts_with(prefix))
}
