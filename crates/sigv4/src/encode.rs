//! Percent-encoding as signatures need it: every byte but the unreserved ones, in upper-case hex.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const PATH: &AsciiSet = &VALUE.remove(b'/');

/// Encodes a key as a path; `/` stays.
pub fn encode_path(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}

/// Encodes a query name or value.
pub fn encode_value(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// Encodes a query name or value that need not be text.
pub fn encode_bytes(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, VALUE).to_string()
}

/// The one encoded form of a path that may have been encoded by other rules. Dot segments and empty
/// segments stay, an encoded `/` becomes a plain one (S3 cannot tell them apart either).
pub fn normalise_path(path: &str) -> Cow<'_, str> {
    if path.is_empty() {
        return Cow::Borrowed("/");
    }
    if path.bytes().all(|byte| byte == b'/' || is_unreserved(byte)) {
        return Cow::Borrowed(path);
    }
    let bytes: Cow<'_, [u8]> = percent_decode_str(path).into();
    percent_encoding::percent_encode(&bytes, PATH)
        .to_string()
        .into()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The canonical form of a query: every pair decoded and encoded again, sorted; the pair `without` is
/// left out.
pub(crate) fn canonical_query(query: &str, without: Option<&str>) -> String {
    if query.is_empty() {
        return String::new();
    }
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (recode(name), recode(value))
        })
        .filter(|(name, _)| Some(name.as_str()) != without)
        .collect();
    pairs.sort();
    let mut canonical = String::with_capacity(query.len() + 8);
    for (name, value) in pairs {
        if !canonical.is_empty() {
            canonical.push('&');
        }
        canonical.push_str(&name);
        canonical.push('=');
        canonical.push_str(&value);
    }
    canonical
}

fn recode(text: &str) -> String {
    let bytes: Cow<'_, [u8]> = percent_decode_str(text).into();
    encode_bytes(&bytes)
}

/// The decoded value of a query's first pair of that name.
pub(crate) fn query_value(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode_str(key).decode_utf8().ok()? == name)
            .then(|| percent_decode_str(value).decode_utf8_lossy().into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_once_and_slashes_stay() {
        assert_eq!(encode_path("a//b/ż %/"), "a//b/%C5%BC%20%25/");
        assert_eq!(encode_path("../~a_b-c.d"), "../~a_b-c.d");
        assert_eq!(encode_value("a/b=c"), "a%2Fb%3Dc");
    }

    #[test]
    fn paths_encoded_by_other_rules_meet() {
        for path in ["/a%7eb/c+d=", "/a~b/c%2Bd%3D", "/%61~b/c%2bd%3d"] {
            assert_eq!(normalise_path(path), "/a~b/c%2Bd%3D");
        }
        assert_eq!(normalise_path(""), "/");
        assert_eq!(normalise_path("/a//b/../%FF"), "/a//b/../%FF");
    }

    #[test]
    fn queries_are_sorted_by_encoded_name_and_value() {
        assert_eq!(
            canonical_query("b=2&a=%7e&a=1&acl&A=x+y&X-Sig=1", Some("X-Sig")),
            "A=x%2By&a=1&a=~&acl=&b=2"
        );
        assert_eq!(canonical_query("", None), "");
        assert_eq!(query_value("a=1&b=%20x", "b").as_deref(), Some(" x"));
        assert_eq!(query_value("a=1", "c"), None);
    }
}
