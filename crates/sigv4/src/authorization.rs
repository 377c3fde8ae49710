//! Reading and checking the signature of a received request, in its headers or in its query.
//!
//! Checking has three steps for the caller: [`Authorization::parse`], find the secret of
//! [`Authorization::access_key_id`], then [`Authorization::check_time`] and
//! [`Authorization::verify`]. Which region and service to accept is the caller's decision.

use http::HeaderMap;

use crate::chunks::same;
use crate::encode::query_value;
use crate::{ALGORITHM, AmzDate, Received, Scope, SigningKey, canonical_request, normalise_path};

/// How far a request's date may be from ours.
pub const MAX_SKEW_SECONDS: i64 = 15 * 60;
/// How long a presigned URL may be valid.
pub const MAX_PRESIGN_SECONDS: u64 = 7 * 24 * 3600;

/// Where the signature was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// In the `Authorization` header.
    Header,
    /// In the query, valid for this long from its date.
    Presigned {
        /// Validity in seconds.
        valid_seconds: u64,
    },
}

/// A parsed signature with all that it claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Who claims to have signed.
    pub access_key_id: String,
    /// Day, region and service of the key.
    pub scope: Scope,
    /// When it was signed.
    pub date: AmzDate,
    /// Where it was found.
    pub method: Method,
    signed_headers: Vec<String>,
    signature: String,
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The request has no signature of this version.
    #[error("the request is not signed with {ALGORITHM}")]
    Missing,
    /// Both in headers and in the query.
    #[error("only one signature is allowed")]
    Ambiguous,
    /// A part of the signature's data is absent or unreadable.
    #[error("malformed authorization: {0}")]
    Malformed(&'static str),
    /// Headers that a signature has to cover are not covered; with `, ` between them.
    #[error("not signed: {0}")]
    NotSigned(String),
    /// The request's date is too far from ours.
    #[error("the request's time differs too much from the server's")]
    Skewed,
    /// A presigned URL is not valid yet.
    #[error("the request is not valid yet")]
    NotYetValid,
    /// A presigned URL is not valid any more.
    #[error("the request has expired")]
    Expired,
    /// The signature is not that of the request.
    #[error("the signature does not match the request")]
    Mismatch,
}

impl Authorization {
    /// Finds and parses the signature of a request.
    pub fn parse(request: &Received<'_>) -> Result<Self, AuthError> {
        let header = request.headers.get(http::header::AUTHORIZATION);
        let header = header.filter(|value| value.as_bytes().starts_with(ALGORITHM.as_bytes()));
        let in_query = query_value(request.query, "X-Amz-Algorithm");
        match (header, in_query) {
            (Some(_), Some(_)) => Err(AuthError::Ambiguous),
            (Some(header), None) => {
                let text = header
                    .to_str()
                    .map_err(|_| AuthError::Malformed("Authorization"))?;
                Self::from_header(text, request.headers)
            }
            (None, Some(algorithm)) if algorithm == ALGORITHM => Self::from_query(request.query),
            (None, Some(_)) => Err(AuthError::Malformed("X-Amz-Algorithm")),
            (None, None) => Err(AuthError::Missing),
        }
    }

    fn from_header(text: &str, headers: &HeaderMap) -> Result<Self, AuthError> {
        let malformed = AuthError::Malformed;
        let rest = text
            .strip_prefix(ALGORITHM)
            .ok_or(malformed("Authorization"))?;
        let (mut credential, mut signed, mut signature) = (None, None, None);
        for part in rest.split(',') {
            match part.trim().split_once('=') {
                Some(("Credential", value)) => credential = Some(value),
                Some(("SignedHeaders", value)) => signed = Some(value),
                Some(("Signature", value)) => signature = Some(value),
                _ => return Err(malformed("Authorization")),
            }
        }
        let date = headers
            .get("x-amz-date")
            .or_else(|| headers.get(http::header::DATE))
            .and_then(|value| AmzDate::parse(value.to_str().ok()?))
            .ok_or(malformed("x-amz-date"))?;
        Self::assemble(
            credential.ok_or(malformed("Credential"))?,
            signed.ok_or(malformed("SignedHeaders"))?,
            signature.ok_or(malformed("Signature"))?,
            date,
            Method::Header,
        )
    }

    fn from_query(query: &str) -> Result<Self, AuthError> {
        let value = |name: &'static str| query_value(query, name).ok_or(AuthError::Malformed(name));
        let valid_seconds = value("X-Amz-Expires")?
            .parse()
            .ok()
            .filter(|seconds| (1..=MAX_PRESIGN_SECONDS).contains(seconds))
            .ok_or(AuthError::Malformed("X-Amz-Expires"))?;
        let date =
            AmzDate::parse(&value("X-Amz-Date")?).ok_or(AuthError::Malformed("X-Amz-Date"))?;
        Self::assemble(
            &value("X-Amz-Credential")?,
            &value("X-Amz-SignedHeaders")?,
            &value("X-Amz-Signature")?,
            date,
            Method::Presigned { valid_seconds },
        )
    }

    fn assemble(
        credential: &str,
        signed: &str,
        signature: &str,
        date: AmzDate,
        method: Method,
    ) -> Result<Self, AuthError> {
        // The id may itself hold a slash, so the scope is counted from the end.
        let (at, _) = credential
            .rmatch_indices('/')
            .nth(3)
            .ok_or(AuthError::Malformed("Credential"))?;
        let (id, scope) = credential.split_at(at);
        let scope = scope
            .strip_prefix('/')
            .and_then(Scope::parse)
            .ok_or(AuthError::Malformed("Credential"))?;
        if scope.day != date.day() {
            return Err(AuthError::Malformed("Credential"));
        }
        let signed_headers: Vec<String> = signed.split(';').map(str::to_owned).collect();
        let plain =
            |name: &String| !name.is_empty() && !name.bytes().any(|byte| byte.is_ascii_uppercase());
        if !signed_headers.iter().all(plain) || !signed_headers.is_sorted() {
            return Err(AuthError::Malformed("SignedHeaders"));
        }
        if signature.len() != 64 {
            return Err(AuthError::Malformed("Signature"));
        }
        Ok(Self {
            access_key_id: id.to_owned(),
            scope,
            date,
            method,
            signed_headers,
            signature: signature.to_owned(),
        })
    }

    /// The signature itself: the seed of chunk signatures.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// Checks the request's time against ours.
    pub fn check_time(&self, now: AmzDate) -> Result<(), AuthError> {
        let age = now.unix() - self.date.unix();
        match self.method {
            Method::Header if age.abs() > MAX_SKEW_SECONDS => Err(AuthError::Skewed),
            Method::Presigned { .. } if age < -MAX_SKEW_SECONDS => Err(AuthError::NotYetValid),
            // Age alone never makes a presigned URL skewed: that is what its validity is for.
            Method::Presigned { valid_seconds }
                if age > i64::try_from(valid_seconds).unwrap_or(i64::MAX) =>
            {
                Err(AuthError::Expired)
            }
            _ => Ok(()),
        }
    }

    /// Checks that the signature covers `host` and every `x-amz-*` header received but those in
    /// `may_be_unsigned`.
    pub fn check_coverage(
        &self,
        headers: &HeaderMap,
        may_be_unsigned: &[&str],
    ) -> Result<(), AuthError> {
        let mut uncovered: Vec<&str> = headers
            .keys()
            .map(http::HeaderName::as_str)
            .filter(|name| name.starts_with("x-amz-") && !may_be_unsigned.contains(name))
            .filter(|name| !self.covers(name))
            .collect();
        uncovered.sort_unstable();
        match uncovered.as_slice() {
            [] if !self.covers("host") => Err(AuthError::NotSigned("host".to_owned())),
            [] => Ok(()),
            names => Err(AuthError::NotSigned(names.join(", "))),
        }
    }

    /// Whether the signature covers a header, by its lower-case name.
    pub fn covers(&self, name: &str) -> bool {
        self.signed_headers.iter().any(|signed| signed == name)
    }

    /// Checks the signature. `payload` is the received `x-amz-content-sha256`, or `UNSIGNED-PAYLOAD`
    /// where there is none.
    pub fn verify(
        &self,
        request: &Received<'_>,
        key: &SigningKey,
        payload: &str,
    ) -> Result<(), AuthError> {
        let names = self.signed_headers.iter().map(String::as_str);
        let normal = normalise_path(request.path);
        let matches = |request: &Received<'_>| {
            let matches = |path: &str| {
                let canonical = canonical_request(request, path, names.clone(), payload);
                let computed = key.sign_request(self.date, &self.scope, &canonical);
                same(&computed, &self.signature)
            };
            // Clients differ on which characters of a path they encode; some sign exactly what they send.
            matches(&normal) || (normal != request.path && matches(request.path))
        };
        // Java's first SDK signs `%20` and sends `+`.
        let spaced = || {
            request.query.contains('+') && {
                let query = request.query.replace('+', "%20");
                matches(&Received {
                    query: &query,
                    ..*request
                })
            }
        };
        if matches(request) || spaced() {
            Ok(())
        } else {
            Err(AuthError::Mismatch)
        }
    }
}
