//! The canonical form of a request: what both sides hash.

use http::HeaderMap;

use crate::encode::canonical_query;

/// A request as it went over the wire, as far as a signature can cover it.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Method, such as `GET`.
    pub method: &'a str,
    /// Path as received, still encoded, without the query.
    pub path: &'a str,
    /// Query as received, without `?`.
    pub query: &'a str,
    /// Headers; `host` must be among them.
    pub headers: &'a HeaderMap,
}

/// Builds the canonical request. `path` is the encoded path to sign, `signed_headers` lower-case names
/// in ascending order, `payload` the value of `x-amz-content-sha256`, and the query pair
/// `X-Amz-Signature` is left out.
pub fn canonical_request<'a>(
    request: &Received<'_>,
    path: &str,
    signed_headers: impl Iterator<Item = &'a str> + Clone,
    payload: &str,
) -> String {
    let mut canonical = String::with_capacity(512);
    canonical.push_str(request.method);
    canonical.push('\n');
    canonical.push_str(path);
    canonical.push('\n');
    canonical.push_str(&canonical_query(request.query, Some("X-Amz-Signature")));
    canonical.push('\n');
    for name in signed_headers.clone() {
        canonical.push_str(name);
        canonical.push(':');
        let mut first = true;
        for value in request.headers.get_all(name) {
            if !first {
                canonical.push(',');
            }
            first = false;
            push_collapsed(&mut canonical, &String::from_utf8_lossy(value.as_bytes()));
        }
        canonical.push('\n');
    }
    canonical.push('\n');
    push_joined(&mut canonical, signed_headers);
    canonical.push('\n');
    canonical.push_str(payload);
    canonical
}

/// Adds header names with `;` between them.
pub(crate) fn push_joined<'a>(text: &mut String, names: impl Iterator<Item = &'a str>) {
    for (i, name) in names.enumerate() {
        if i > 0 {
            text.push(';');
        }
        text.push_str(name);
    }
}

/// Adds a header value without outer spaces, and with one space for each inner run of them.
fn push_collapsed(text: &mut String, value: &str) {
    let mut words = value.split([' ', '\t']).filter(|word| !word.is_empty());
    if let Some(first) = words.next() {
        text.push_str(first);
    }
    for word in words {
        text.push(' ');
        text.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn values_are_trimmed_collapsed_and_joined() {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("h"));
        headers.append("x-amz-b", HeaderValue::from_static("  a   b "));
        headers.append("x-amz-b", HeaderValue::from_static("c"));
        let request = Received {
            method: "PUT",
            path: "/ignored",
            query: "b&a=1",
            headers: &headers,
        };
        let names = ["host", "x-amz-b"];
        assert_eq!(
            canonical_request(&request, "/p//q", names.into_iter(), "HASH"),
            "PUT\n/p//q\na=1&b=\nhost:h\nx-amz-b:a b,c\n\nhost;x-amz-b\nHASH"
        );
    }
}
