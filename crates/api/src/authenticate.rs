//! Who sent a request: bearer token, then basic credentials, then the session cookie.
//!
//! The first that is presented decides; a wrong one ends the request even where nobody need be
//! logged in. Nothing presented is an anonymous caller, whom the use-case then refuses or not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use lakefs_service::{Caller, Error, Presented, SESSION_COOKIE, Service};

/// Sets the user whom the request's headers prove, if they claim one.
pub(crate) async fn authenticate(
    service: &Service,
    headers: &HeaderMap,
    caller: &mut Caller,
) -> Result<(), Error> {
    let decoded;
    let presented = match presented(headers)? {
        None => return Ok(()),
        Some(Claim::Bearer(token)) => Presented::Bearer(token),
        Some(Claim::Session(session)) => Presented::Session(session),
        Some(Claim::Basic(encoded)) => {
            decoded = decode_basic(encoded)?;
            let (access_key_id, secret_access_key) =
                decoded.split_once(':').ok_or_else(Error::unauthenticated)?;
            Presented::Basic {
                access_key_id,
                secret_access_key,
            }
        }
    };
    caller.user = Some(service.authenticate(presented).await?);
    Ok(())
}

/// What a request presents, still encoded.
#[derive(Debug, PartialEq, Eq)]
enum Claim<'h> {
    Bearer(&'h str),
    Basic(&'h str),
    Session(&'h str),
}

fn presented(headers: &HeaderMap) -> Result<Option<Claim<'_>>, Error> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let value = value.to_str().map_err(|_| Error::unauthenticated())?;
        if let Some(token) = after_scheme(value, "bearer") {
            return Ok(Some(Claim::Bearer(token)));
        }
        if let Some(encoded) = after_scheme(value, "basic") {
            return Ok(Some(Claim::Basic(encoded)));
        }
    }
    Ok(session_cookie(headers).map(Claim::Session))
}

fn decode_basic(encoded: &str) -> Result<String, Error> {
    STANDARD
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(Error::unauthenticated)
}

/// What follows an authentication scheme, whose name may be in any case.
fn after_scheme<'h>(value: &'h str, scheme: &str) -> Option<&'h str> {
    let (name, rest) = value.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == SESSION_COOKIE && !value.is_empty())
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn schemes_are_recognised_in_any_case() {
        assert_eq!(after_scheme("Bearer abc", "bearer"), Some("abc"));
        assert_eq!(after_scheme("BASIC  abc ", "basic"), Some("abc"));
        assert_eq!(after_scheme("Bearer", "bearer"), None);
        assert_eq!(after_scheme("AWS4-HMAC-SHA256 x", "bearer"), None);
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_static("a=b; internal_auth_session=xyz="),
        );
        assert_eq!(session_cookie(&headers), Some("xyz="));
        headers.clear();
        headers.append(COOKIE, HeaderValue::from_static("internal_auth_session="));
        assert_eq!(session_cookie(&headers), None);
    }
}
