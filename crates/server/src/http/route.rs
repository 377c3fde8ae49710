//! Which part of the server a request is for: a pure decision on its head.

use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;

/// A part of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// The S3 gateway.
    Gateway,
    /// The REST API, its description included.
    Api,
    /// Whether the process is alive.
    Live,
    /// Whether requests can be served.
    Ready,
    Metrics,
    Logout,
    /// Iceberg catalogues: part of other editions.
    Iceberg,
    /// The start page of the missing web interface.
    Page,
}

/// Decides where a request goes. `domains` are the host names of the S3 gateway.
pub(super) fn decide_route(parts: &Parts, domains: &[String]) -> Route {
    let path = parts.uri.path();
    // The API first: its requests are the many, and none of them is signed the AWS way.
    if is_below(path, "/api/v1") && !looks_signed(parts) && !is_gateway_host(parts, domains) {
        return Route::Api;
    }
    if is_gateway_host(parts, domains) || looks_signed(parts) {
        return Route::Gateway;
    }
    match path {
        "/_health" | "/_health/live" => Route::Live,
        "/_health/ready" => Route::Ready,
        "/metrics" => Route::Metrics,
        "/logout" => Route::Logout,
        "/openapi.json" => Route::Api,
        _ if ["/iceberg/api", "/iceberg/relative_to", "/mds/iceberg/api"]
            .iter()
            .any(|prefix| is_below(path, prefix)) =>
        {
            Route::Iceberg
        }
        _ => Route::Page,
    }
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether the host is a gateway domain or below one.
fn is_gateway_host(parts: &Parts, domains: &[String]) -> bool {
    let Some(host) = parts
        .uri
        .host()
        .or_else(|| parts.headers.get(HOST)?.to_str().ok())
    else {
        return false;
    };
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) {
            name
        } else {
            host
        }
    });
    domains.iter().any(|domain| {
        let Some(cut) = name.len().checked_sub(domain.len()) else {
            return false;
        };
        name.is_char_boundary(cut)
            && name[cut..].eq_ignore_ascii_case(domain)
            && (cut == 0 || name.as_bytes().get(cut - 1) == Some(&b'.'))
    })
}

/// Whether the request carries an AWS signature of some kind, in a header or in its query.
fn looks_signed(parts: &Parts) -> bool {
    let header = parts.headers.get(AUTHORIZATION).is_some_and(|value| {
        let value = value.as_bytes();
        value.starts_with(b"AWS4") || value.starts_with(b"AWS ")
    });
    header
        || parts.uri.query().is_some_and(|query| {
            query.split('&').any(|pair| {
                let name = pair.split('=').next().unwrap_or(pair);
                matches!(
                    name,
                    "AWSAccessKeyId" | "X-Amz-Credential" | "X-Amz-Signature"
                )
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(uri: &str, headers: &[(&str, &str)]) -> Route {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        decide_route(&parts, &["s3.example.com".to_owned()])
    }

    #[test]
    fn paths_decide_when_nothing_speaks_s3() {
        let host = [("host", "lake.example.com:8000")];
        for (uri, wanted) in [
            ("/api/v1/repositories", Route::Api),
            ("/api/v1", Route::Api),
            ("/api/v10", Route::Page),
            ("/openapi.json", Route::Api),
            ("/_health", Route::Live),
            ("/_health/ready", Route::Ready),
            ("/metrics", Route::Metrics),
            ("/logout", Route::Logout),
            ("/iceberg/api/v1/config", Route::Iceberg),
            ("/", Route::Page),
            ("/repositories", Route::Page),
        ] {
            assert_eq!(route(uri, &host), wanted, "{uri}");
        }
    }

    #[test]
    fn gateway_hosts_and_signatures_go_to_the_gateway() {
        for host in [
            "s3.example.com",
            "repo.s3.example.com:8000",
            "S3.Example.Com",
        ] {
            assert_eq!(route("/x", &[("host", host)]), Route::Gateway, "{host}");
        }
        for host in [
            "notS3.example.com.evil",
            "xs3.example.com",
            "example.com",
            "é",
        ] {
            assert_eq!(route("/x", &[("host", host)]), Route::Page, "{host}");
        }
        let v4 = [("authorization", "AWS4-HMAC-SHA256 Credential=a")];
        assert_eq!(route("/repo/main/x", &v4), Route::Gateway);
        assert_eq!(
            route("/r", &[("authorization", "AWS key:sig")]),
            Route::Gateway
        );
        assert_eq!(route("/r?X-Amz-Credential=a", &[]), Route::Gateway);
        assert_eq!(route("/r?x=1&X-Amz-Signature=a", &[]), Route::Gateway);
        assert_eq!(route("/r?AWSAccessKeyId=a", &[]), Route::Gateway);
        assert_eq!(route("/r", &[("authorization", "Basic AWS4")]), Route::Page);
    }
}
