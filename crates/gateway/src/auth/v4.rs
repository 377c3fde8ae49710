//! Signature Version 4, in the authorization header or in the query.

use std::sync::Arc;

use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use http::request::Parts;
use lakefs_service::Caller;
use lakefs_sigv4::{
    AmzDate, AuthError, Authorization, ChunkSigner, EMPTY_SHA256, Method, PayloadMode, Received,
    SigningKey, UNSIGNED_PAYLOAD,
};

use super::{CONTENT_SHA256, Payload, authorization_starts, payload_mode};
use crate::Gateway;
use crate::error::{Code, S3Error};

mod diagnosis;

/// The service signatures are made for.
const SERVICE: &str = "s3";
/// `x-amz-*` headers a signature need not cover: they change nothing here, or are covered in another
/// place of the string to sign, or were put in on the way.
const MAY_BE_UNSIGNED: [&str; 6] = [
    "x-amz-cf-id",
    CONTENT_SHA256,
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-user-agent",
    "x-amz-request-id",
];

/// Whether a request claims to be signed this way.
pub(super) fn is_signed(parts: &Parts, query: &str) -> bool {
    authorization_starts(parts, b"AWS4") || presigned(query)
}

fn presigned(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or(pair);
        matches!(
            name,
            "X-Amz-Algorithm" | "X-Amz-Credential" | "X-Amz-Signature"
        )
    })
}

impl Gateway {
    pub(super) async fn prove_v4(
        &self,
        parts: &Parts,
        query: &str,
        caller: &mut Caller,
    ) -> Result<Payload, S3Error> {
        let request = Received {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query,
            headers: &parts.headers,
        };
        let in_query = !authorization_starts(parts, b"AWS4");
        let refusal = |error| match error {
            AuthError::Malformed(_) | AuthError::Missing => malformed(parts, query, in_query),
            error => refusal(error),
        };
        let authorization = Authorization::parse(&request).map_err(refusal)?;
        if authorization.scope.service != SERVICE {
            return Err(malformed(parts, query, in_query));
        }
        let now = AmzDate::from_unix(self.clock().now().seconds);
        authorization.check_time(now).map_err(refusal)?;
        let credential = self.credential(&authorization.access_key_id).await?;
        authorization
            .check_coverage(&parts.headers, &MAY_BE_UNSIGNED)
            .map_err(refusal)?;
        let declared = parts.headers.get(CONTENT_SHA256);
        let hoisted = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("X-Amz-Content-Sha256="))
            .filter(|_| in_query);
        let mode = match hoisted
            .map(str::as_bytes)
            .or(declared.map(HeaderValue::as_bytes))
        {
            Some(value) => payload_mode(value)?,
            None => PayloadMode::Unsigned,
        };
        let key = self.keys().get(
            &credential.access_key_id,
            &credential.secret_access_key,
            &authorization.scope,
        );
        let signed = match &authorization.method {
            Method::Presigned { .. } if !authorization.covers(CONTENT_SHA256) => hoisted,
            _ => declared.and_then(|value| value.to_str().ok()),
        };
        let mut mode = mode;
        let mut verified = authorization.verify(&request, &key, signed.unwrap_or(UNSIGNED_PAYLOAD));
        // Signers made for other services sign the hash of a body and do not send it. That of no body
        // is known.
        if verified.is_err() && declared.is_none() && !in_query && has_no_body(parts) {
            verified = authorization.verify(&request, &key, EMPTY_SHA256);
            mode = PayloadMode::parse(EMPTY_SHA256).unwrap_or(mode);
        }
        verified.map_err(refusal)?;
        caller.user = Some(Arc::clone(&credential.user));
        Ok(Payload {
            mode,
            signer: chunk_signer(mode, key, &authorization),
        })
    }
}

fn has_no_body(parts: &Parts) -> bool {
    let length = parts.headers.get(CONTENT_LENGTH);
    length.is_none_or(|length| length == "0") && !parts.headers.contains_key(TRANSFER_ENCODING)
}

fn chunk_signer(
    mode: PayloadMode,
    key: SigningKey,
    authorization: &Authorization,
) -> Option<ChunkSigner> {
    let signed = matches!(
        mode,
        PayloadMode::SignedChunks | PayloadMode::SignedChunksTrailer
    );
    signed.then(|| {
        ChunkSigner::new(
            key,
            authorization.date,
            &authorization.scope,
            authorization.signature(),
        )
    })
}

/// A signature that cannot be read. The date of a request that is signed in its headers is one of them.
fn malformed(parts: &Parts, query: &str, in_query: bool) -> S3Error {
    if in_query {
        return diagnosis::of_query(query);
    }
    let text = |name| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let date = text("x-amz-date").or(text(DATE.as_str()));
    if date.and_then(AmzDate::parse).is_none() {
        return S3Error::with(
            Code::AccessDenied,
            "AWS authentication requires a valid Date or x-amz-date header.",
        );
    }
    diagnosis::of_header(text(AUTHORIZATION.as_str()).unwrap_or_default())
}

fn refusal(error: AuthError) -> S3Error {
    match error {
        AuthError::Missing | AuthError::Malformed(_) => {
            S3Error::new(Code::AuthorizationHeaderMalformed)
        }
        AuthError::Ambiguous => S3Error::with(
            Code::InvalidArgument,
            "Only one way to authenticate is allowed: a header or the query.",
        ),
        AuthError::NotSigned(name) => S3Error::with(
            Code::AccessDenied,
            "There were headers present in the request which were not signed",
        )
        .detail("HeadersNotSigned", name),
        AuthError::Skewed => S3Error::new(Code::RequestTimeTooSkewed),
        AuthError::NotYetValid => S3Error::with(Code::AccessDenied, "Request is not valid yet"),
        AuthError::Expired => S3Error::with(Code::AccessDenied, "Request has expired"),
        AuthError::Mismatch => S3Error::new(Code::SignatureDoesNotMatch),
    }
}
