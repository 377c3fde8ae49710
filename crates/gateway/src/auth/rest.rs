//! What the REST API takes too: bearer tokens, basic credentials, session cookies.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use lakefs_service::SESSION_COOKIE;

use crate::error::{Code, S3Error};

/// What a request presents, still encoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claim<'h> {
    Bearer(&'h str),
    Basic(&'h str),
    Session(&'h str),
}

impl Claim<'_> {
    pub(super) fn is_session(&self) -> bool {
        matches!(self, Self::Session(_))
    }
}

/// The first claim of a request that has one.
pub(super) fn claim(headers: &HeaderMap) -> Option<Claim<'_>> {
    let scheme = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            Some(Claim::Bearer(rest.trim()))
        } else if scheme.eq_ignore_ascii_case("basic") {
            Some(Claim::Basic(rest.trim()))
        } else {
            None
        }
    });
    scheme.or_else(|| session(headers).map(Claim::Session))
}

fn session(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == SESSION_COOKIE && !value.is_empty())
        .map(|(_, value)| value)
}

pub(super) fn decode_basic(encoded: &str) -> Result<String, S3Error> {
    STANDARD
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| S3Error::new(Code::AccessDenied))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_authorization_header_comes_before_the_cookie() {
        let mut headers = HeaderMap::new();
        assert_eq!(claim(&headers), None);
        let cookie = HeaderValue::from_static("a=b; internal_auth_session=xyz=");
        headers.append(COOKIE, cookie);
        assert_eq!(claim(&headers), Some(Claim::Session("xyz=")));
        for (text, wanted) in [
            ("Bearer  abc", Claim::Bearer("abc")),
            ("BASIC abc ", Claim::Basic("abc")),
            ("AWS4-HMAC-SHA256 x", Claim::Session("xyz=")),
            ("Bearer", Claim::Session("xyz=")),
        ] {
            headers.insert(AUTHORIZATION, HeaderValue::from_static(text));
            assert_eq!(claim(&headers), Some(wanted), "{text}");
        }
    }
}
