//! What the REST API takes too: bearer tokens, basic credentials, session cookies.

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use lakefs_service::Claim;

/// The first claim of a request that has one.
pub(super) fn claim(headers: &HeaderMap) -> Option<Claim<'_>> {
    let authorization = headers.get(AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    authorization.and_then(Claim::of_authorization).or_else(|| {
        let cookies = headers.get_all(COOKIE).iter();
        Claim::of_cookies(cookies.filter_map(|value| value.to_str().ok()))
    })
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
