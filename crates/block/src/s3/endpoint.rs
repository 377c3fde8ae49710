//! Hosts and paths: AWS or another service, bucket in the host name or in the path.

use http::Uri;

use crate::BlockError;

/// Where a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Scheme and authority of another service than AWS.
    custom: Option<(String, String)>,
    path_style: bool,
}

/// Where the objects of a bucket are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) scheme: String,
    pub(super) host: String,
    /// Encoded path before the key, ending in `/`.
    pub(super) prefix: String,
}

impl Endpoint {
    pub(super) fn new(url: Option<&str>, path_style: bool) -> Result<Self, BlockError> {
        let Some(url) = url.filter(|url| !url.is_empty()) else {
            return Ok(Self {
                custom: None,
                path_style,
            });
        };
        // A bare host is taken for https, as the AWS SDKs do.
        let full = if url.contains("://") {
            url.to_owned()
        } else {
            format!("https://{url}")
        };
        let parsed = Uri::try_from(&full).ok();
        let custom = parsed.as_ref().and_then(|uri| {
            let scheme = uri
                .scheme_str()
                .filter(|s| matches!(*s, "http" | "https"))?;
            let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
            let authority = uri.authority().filter(|_| bare)?.as_str();
            let default = if scheme == "http" { ":80" } else { ":443" };
            let host = authority.strip_suffix(default).unwrap_or(authority);
            (!host.contains('@')).then(|| (scheme.to_owned(), host.to_owned()))
        });
        match custom {
            Some(custom) => Ok(Self {
                custom: Some(custom),
                path_style,
            }),
            None => Err(BlockError::InvalidAddress {
                address: url.to_owned(),
                reason: "an S3 endpoint is a URL such as https://host:port without a path"
                    .to_owned(),
            }),
        }
    }

    /// The place of a bucket's objects.
    pub(super) fn place(&self, bucket: &str, region: &str) -> Place {
        let (scheme, base) = self.custom.clone().unwrap_or_else(|| {
            let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
            let host = format!("s3.{region}.amazonaws.com{suffix}");
            ("https".to_owned(), host)
        });
        if self.path_style || !fits_host(bucket, &scheme) || is_ip(&base) {
            Place {
                scheme,
                host: base,
                prefix: format!("/{}/", lakefs_sigv4::encode_value(bucket)),
            }
        } else {
            Place {
                scheme,
                host: format!("{bucket}.{base}"),
                prefix: "/".to_owned(),
            }
        }
    }
}

/// Whether a bucket can be part of a host name. With TLS a dot would leave the certificate's wildcard.
fn fits_host(bucket: &str, scheme: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || byte == b'-'
            || (byte == b'.' && scheme == "http")
    };
    (3..=63).contains(&bucket.len())
        && bucket.bytes().all(allowed)
        && !bucket.starts_with(['-', '.'])
        && !bucket.ends_with(['-', '.'])
}

fn is_ip(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    // Also a bare name: `bucket.localhost` seldom resolves.
    host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok() || host == "localhost"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(endpoint: Option<&str>, path_style: bool, bucket: &str, region: &str) -> String {
        let place = Endpoint::new(endpoint, path_style)
            .unwrap()
            .place(bucket, region);
        format!("{}://{}{}", place.scheme, place.host, place.prefix)
    }

    #[test]
    fn buckets_go_into_the_host_where_they_fit() {
        let aws = |bucket, region| url(None, false, bucket, region);
        assert_eq!(
            aws("lake", "eu-west-1"),
            "https://lake.s3.eu-west-1.amazonaws.com/"
        );
        assert_eq!(
            aws("lake", "cn-north-1"),
            "https://lake.s3.cn-north-1.amazonaws.com.cn/"
        );
        assert_eq!(aws("my.lake", "r"), "https://s3.r.amazonaws.com/my.lake/");
        assert_eq!(aws("Lake_1", "r"), "https://s3.r.amazonaws.com/Lake_1/");
        assert_eq!(
            url(None, true, "lake", "r"),
            "https://s3.r.amazonaws.com/lake/"
        );
        let own = |endpoint, path| url(Some(endpoint), path, "lake", "r");
        assert_eq!(
            own("http://127.0.0.1:9000", false),
            "http://127.0.0.1:9000/lake/"
        );
        assert_eq!(
            own("http://localhost:9000/", false),
            "http://localhost:9000/lake/"
        );
        assert_eq!(
            own("https://minio.example:443", false),
            "https://lake.minio.example/"
        );
        assert_eq!(own("minio.example", true), "https://minio.example/lake/");
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for bad in ["ftp://h", "http://h/path", "http://u:p@h", "http://", "a b"] {
            assert!(Endpoint::new(Some(bad), false).is_err(), "{bad}");
        }
    }
}
