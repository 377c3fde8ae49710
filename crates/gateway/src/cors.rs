//! What pages of other origins may do: a static policy for all buckets (`gateways.s3.cors.*`), off unless
//! configured. Pure decisions on headers.
//!
//! A preflight is answered without credentials, because browsers send none with it. What it allows are
//! requests that are signed like any other: cookies are never asked for
//! (`Access-Control-Allow-Credentials`), so that a page gains nothing from who is logged in.

use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_LENGTH, ETAG, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response};

use crate::Body;
use crate::error::{Code, S3Error};

const ANYONE: HeaderValue = HeaderValue::from_static("*");
const VARIES: HeaderValue = HeaderValue::from_static("origin");
const PREFLIGHT_VARIES: HeaderValue = HeaderValue::from_static(
    "origin, access-control-request-method, access-control-request-headers",
);

/// What pages of other origins may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsOptions {
    /// Origins, such as `https://app.example.com`; each may have one `*`, which stands for any text.
    pub origins: Vec<String>,
    /// Methods.
    pub methods: Vec<Method>,
    /// Request headers, in any case; each may have one `*`.
    pub headers: Vec<String>,
    /// Headers of answers that pages may read besides `ETag` and all `x-amz-*`.
    pub exposed: Vec<String>,
    /// How long a browser may remember a preflight.
    pub max_age: Duration,
}

impl CorsOptions {
    fn allows(&self, origin: &HeaderValue, method: &Method) -> bool {
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        let known = self.origins.iter().any(|pattern| matches(pattern, origin));
        known && self.methods.contains(method)
    }

    /// What is told as the allowed origin.
    fn told(&self, origin: &HeaderValue) -> HeaderValue {
        if self.origins.iter().any(|pattern| pattern == "*") {
            ANYONE
        } else {
            origin.clone()
        }
    }

    /// Answers a preflight.
    pub(crate) fn preflight(&self, request: &HeaderMap) -> Result<Response<Body>, S3Error> {
        let refused = || {
            let text = "No rule lets pages of this origin send such a request.";
            S3Error::with(Code::AccessForbidden, text)
        };
        let origin = request.get(ORIGIN).ok_or_else(refused)?;
        let method = request.get(ACCESS_CONTROL_REQUEST_METHOD);
        let method = method.and_then(|method| Method::from_bytes(method.as_bytes()).ok());
        let method = method.ok_or_else(refused)?;
        if !self.allows(origin, &method) {
            return Err(refused());
        }
        let wanted = request.get(ACCESS_CONTROL_REQUEST_HEADERS);
        if let Some(wanted) = wanted {
            let names = wanted.to_str().map_err(|_| refused())?;
            let mut names = names.split(',').map(str::trim);
            if !names.all(|name| name.is_empty() || self.takes(name)) {
                return Err(refused());
            }
        }
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.told(origin));
        let methods: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        if let Ok(methods) = HeaderValue::from_str(&methods.join(", ")) {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        if let Some(wanted) = wanted {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        let seconds = HeaderValue::from(self.max_age.as_secs());
        headers.insert(ACCESS_CONTROL_MAX_AGE, seconds);
        headers.insert(VARY, PREFLIGHT_VARIES);
        Ok(response)
    }

    fn takes(&self, header: &str) -> bool {
        let header = header.to_ascii_lowercase();
        let mut patterns = self.headers.iter();
        patterns.any(|pattern| matches(&pattern.to_ascii_lowercase(), &header))
    }

    /// Lets the page that sent a request read its answer, a refusal too.
    pub(crate) fn share(&self, origin: &HeaderValue, method: &Method, answer: &mut HeaderMap) {
        // Also where it is not allowed: a cache must not give that answer to another origin.
        answer.append(VARY, VARIES);
        if !self.allows(origin, method) {
            return;
        }
        let amazon = answer.keys().map(http::HeaderName::as_str);
        let amazon = amazon.filter(|name| name.starts_with("x-amz-"));
        let configured = self.exposed.iter().map(String::as_str);
        let exposed: Vec<&str> = [ETAG.as_str()]
            .into_iter()
            .chain(amazon)
            .chain(configured)
            .collect();
        if let Ok(exposed) = HeaderValue::from_str(&exposed.join(", ")) {
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.told(origin));
    }
}

/// Whether a text is a pattern's, whose one `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text) in [
            ("*", "https://a"),
            ("https://*.example.com", "https://app.example.com"),
            ("https://a", "https://a"),
            ("x-amz-*", "x-amz-date"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("https://*.example.com", "https://example.com"),
            ("https://*.example.com", "https://example.com.evil"),
            ("ab*ba", "aba"),
            ("https://a", "https://ab"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
