//! Signing requests and making presigned URLs.

use std::fmt;

use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, request};

use crate::canonical::push_joined;
use crate::encode::encode_value;
use crate::{
    ALGORITHM, AmzDate, KeyCache, PayloadMode, Received, Scope, UNSIGNED_PAYLOAD,
    canonical_request, normalise_path,
};

const AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const AMZ_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const AMZ_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Keys that sign. Secrets are never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret.
    pub secret_access_key: String,
    /// Token of temporary credentials.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// Why a request cannot be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// A session token or access key that no header can hold.
    #[error("credentials contain characters that a header cannot hold")]
    Credentials,
    /// A signature has to cover the host.
    #[error("the request has no host")]
    NoHost,
}

/// A URL that carries its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presigned {
    /// Path and query, encoded.
    pub path_and_query: String,
}

/// Signs for one region and service.
#[derive(Debug)]
pub struct Signer {
    service: String,
    keys: KeyCache,
}

impl Signer {
    /// A signer for a service, such as `s3`.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            keys: KeyCache::new(64),
        }
    }

    fn scope(&self, date: AmzDate, region: &str) -> Scope {
        Scope {
            day: date.day(),
            region: region.to_owned(),
            service: self.service.clone(),
        }
    }

    /// Adds date, payload mode, token and signature to a request that has its `host`. All headers
    /// present are signed but those that proxies change. Answers the signature, the seed of chunk
    /// signatures.
    pub fn sign(
        &self,
        request: &mut request::Parts,
        credentials: &Credentials,
        region: &str,
        date: AmzDate,
        payload: &PayloadMode,
    ) -> Result<String, SignError> {
        let payload = payload.header();
        let headers = &mut request.headers;
        if !headers.contains_key(HOST) {
            return Err(SignError::NoHost);
        }
        headers.remove(AUTHORIZATION);
        headers.insert(AMZ_DATE, value(&date.to_string())?);
        headers.insert(AMZ_SHA256, value(&payload)?);
        if let Some(token) = &credentials.session_token {
            let mut token = value(token)?;
            token.set_sensitive(true);
            headers.insert(AMZ_TOKEN, token);
        }
        let names = signed_names(headers);
        let received = Received {
            method: request.method.as_str(),
            path: request.uri.path(),
            query: request.uri.query().unwrap_or(""),
            headers,
        };
        let path = normalise_path(received.path);
        let canonical =
            canonical_request(&received, &path, names.iter().map(String::as_str), &payload);
        let scope = self.scope(date, region);
        let id = &credentials.access_key_id;
        let key = self.keys.get(id, &credentials.secret_access_key, &scope);
        let signature = key.sign_request(date, &scope, &canonical);
        let mut text = format!("{ALGORITHM} Credential={id}/{scope},SignedHeaders=");
        push_joined(&mut text, names.iter().map(String::as_str));
        text.push_str(",Signature=");
        text.push_str(&signature);
        let mut authorization = value(&text)?;
        authorization.set_sensitive(true);
        headers.insert(AUTHORIZATION, authorization);
        Ok(signature)
    }

    /// Makes path and query of a URL that permits one request with these headers (which its bearer
    /// must send; `host` at least) for a time. `path` is encoded, `query` holds encoded pairs.
    #[expect(clippy::too_many_arguments, reason = "all of them are signed")]
    pub fn presign(
        &self,
        method: &str,
        path: &str,
        query: &str,
        headers: &HeaderMap,
        credentials: &Credentials,
        region: &str,
        date: AmzDate,
        valid_seconds: u64,
    ) -> Result<Presigned, SignError> {
        if !headers.contains_key(HOST) {
            return Err(SignError::NoHost);
        }
        let scope = self.scope(date, region);
        let id = &credentials.access_key_id;
        let names = signed_names(headers);
        let mut signed = String::new();
        push_joined(&mut signed, names.iter().map(String::as_str));
        let mut query = query.to_owned();
        let mut add = |name: &str, text: &str| {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(name);
            query.push('=');
            query.push_str(&encode_value(text));
        };
        add("X-Amz-Algorithm", ALGORITHM);
        add("X-Amz-Credential", &format!("{id}/{scope}"));
        add("X-Amz-Date", &date.to_string());
        add("X-Amz-Expires", &valid_seconds.to_string());
        add("X-Amz-SignedHeaders", &signed);
        if let Some(token) = &credentials.session_token {
            add("X-Amz-Security-Token", token);
        }
        let received = Received {
            method,
            path,
            query: &query,
            headers,
        };
        let canonical = canonical_request(
            &received,
            &normalise_path(path),
            names.iter().map(String::as_str),
            UNSIGNED_PAYLOAD,
        );
        let key = self.keys.get(id, &credentials.secret_access_key, &scope);
        let signature = key.sign_request(date, &scope, &canonical);
        Ok(Presigned {
            path_and_query: format!("{path}?{query}&X-Amz-Signature={signature}"),
        })
    }
}

fn value(text: &str) -> Result<HeaderValue, SignError> {
    HeaderValue::from_str(text).map_err(|_| SignError::Credentials)
}

/// Names of the headers to sign: all but those that software on the way adds, drops or rewrites.
fn signed_names(headers: &HeaderMap) -> Vec<String> {
    let mut names: Vec<String> = headers
        .keys()
        .map(HeaderName::as_str)
        .filter(|name| {
            !matches!(
                *name,
                "authorization"
                    | "connection"
                    | "content-length"
                    | "expect"
                    | "transfer-encoding"
                    | "user-agent"
                    | "accept-encoding"
                    | "x-amzn-trace-id"
            )
        })
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names
}
