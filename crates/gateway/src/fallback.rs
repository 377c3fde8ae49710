//! Requests for buckets nobody has here, handed on to another S3 service (`gateways.s3.fallback_url`).
//!
//! The sender has proved who he is, and may list repositories: whoever may not is not told which there are.
//! The request then goes on as it came, signature, host and framing included, so that a service with the
//! same credentials can verify it; only what is between two hops is taken off. Bodies stream both ways and
//! may take as long as they need, but not stand still.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, Version};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use lakefs_service::{BlockError, ByteStream, Caller};

use crate::error::{Code, S3Error, Scope};
use crate::request::BodyError;
use crate::{Body, RequestBody};

const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Neither side may be silent for longer.
const SILENCE: Duration = Duration::from_mins(1);
/// Marks what was handed on, so that a service that is this one, or hands it back, does not do it again.
const MARK: HeaderName = HeaderName::from_static("x-lakefs-rs-fallback");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other service.
#[derive(Debug)]
pub(crate) struct Fallback {
    client: Client<HttpsConnector<HttpConnector>, RequestBody>,
    base: Uri,
}

impl Fallback {
    /// `base` is an absolute address; for `https` the certificates of the system are read.
    pub(crate) fn new(base: Uri) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIME));
        tcp.set_nodelay(true);
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls(base.scheme() == Some(&Scheme::HTTPS)))
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(15))
            .build(connector);
        Self { client, base }
    }

    /// Hands a request on.
    pub(crate) async fn forward(
        &self,
        parts: &Parts,
        body: RequestBody,
        caller: &Caller,
    ) -> Result<Response<Body>, S3Error> {
        if parts.headers.contains_key(MARK) {
            return Err(S3Error::new(Code::NoSuchBucket).scope(Scope::Door));
        }
        let mut request = Request::new(());
        *request.method_mut() = parts.method.clone();
        *request.version_mut() = Version::HTTP_11;
        *request.uri_mut() = address(&self.base, &parts.uri)?;
        *request.headers_mut() = parts.headers.clone();
        let headers = request.headers_mut();
        take_off_hops(headers);
        headers.insert(MARK, HeaderValue::from_static("1"));
        if let Some(ip) = caller.source_ip
            && let Ok(ip) = HeaderValue::from_str(&ip.to_string())
        {
            headers.entry(FORWARDED_FOR).or_insert(ip);
        }
        let moved = Arc::new(AtomicU64::new(0));
        let request = request.map(|()| watched(body, Arc::clone(&moved)));
        let answer = self.ask(request, &moved).await?;
        Ok(render(answer, &parts.method))
    }

    /// Waits for the head of the answer, for as long as bytes of the body move.
    async fn ask(
        &self,
        request: Request<RequestBody>,
        moved: &AtomicU64,
    ) -> Result<Response<Incoming>, S3Error> {
        let mut asking = std::pin::pin!(self.client.request(request));
        loop {
            let before = moved.load(Ordering::Relaxed);
            match tokio::time::timeout(SILENCE, &mut asking).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => return Err(failure(error)),
                Err(_) if moved.load(Ordering::Relaxed) != before => {}
                Err(silence) => return Err(away(silence)),
            }
        }
    }
}

/// The fallback does not answer.
fn away(cause: impl Into<lakefs_service::Cause>) -> S3Error {
    S3Error::with(
        Code::ServiceUnavailable,
        "The service that has the other buckets is not available now. Try again.",
    )
    .caused_by(cause)
}

/// What went wrong: with the body of the client, or with the service.
fn failure(error: hyper_util::client::legacy::Error) -> S3Error {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(cause) = next {
        if let Some(body) = cause.downcast_ref::<BodyError>() {
            return S3Error::from(body).caused_by(error);
        }
        next = cause.source();
    }
    away(error)
}

/// Counts the frames of a body.
fn watched(body: RequestBody, moved: Arc<AtomicU64>) -> RequestBody {
    body.map_frame(move |frame| {
        moved.fetch_add(1, Ordering::Relaxed);
        frame
    })
    .boxed()
}

/// Path and query as they came, below those of the base.
fn address(base: &Uri, asked: &Uri) -> Result<Uri, S3Error> {
    let below = base.path().trim_end_matches('/');
    let wanted = asked.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut parts = base.clone().into_parts();
    let path = PathAndQuery::try_from(format!("{below}{wanted}"));
    parts.path_and_query = Some(path.map_err(|_| S3Error::new(Code::InvalidUri))?);
    Uri::from_parts(parts).map_err(|_| S3Error::new(Code::InvalidUri))
}

/// Removes what is between two hops only.
fn take_off_hops(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::try_from(name.trim()).ok())
        .collect();
    let always = [
        CONNECTION,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ];
    for name in named.iter().chain(&always) {
        headers.remove(name);
    }
}

fn render(answer: Response<Incoming>, method: &Method) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    take_off_hops(&mut parts.headers);
    parts.version = Version::default();
    let length = parts.headers.get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let body = match length {
        _ if *method == Method::HEAD || body.is_end_stream() => Body::empty(),
        Some(length) => Body::stream(stream(body), length),
        None => Body::open(stream(body)),
    };
    Response::from_parts(parts, body)
}

fn stream(body: Incoming) -> ByteStream {
    let broken = |source: lakefs_service::Cause| BlockError::Unavailable {
        operation: "fallback",
        address: String::new(),
        source,
    };
    Box::pin(futures_util::stream::unfold(
        Some(body),
        move |body| async move {
            let mut body = body?;
            loop {
                let next = match tokio::time::timeout(SILENCE, body.frame()).await {
                    Ok(next) => next?,
                    Err(silence) => return Some((Err(broken(silence.into())), None)),
                };
                match next.map(http_body::Frame::into_data) {
                    Ok(Ok(data)) => return Some((Ok::<Bytes, BlockError>(data), Some(body))),
                    // Trailers; nothing of S3 is in them.
                    Ok(Err(_)) => {}
                    Err(error) => return Some((Err(broken(error.into())), None)),
                }
            }
        },
    ))
}

fn tls(used: bool) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = if used {
        lakefs_runtime::system_roots()
    } else {
        rustls::RootCertStore::empty()
    };
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_go_on_as_they_came() {
        let join = |base: &str, asked: &str| {
            let (base, asked) = (base.parse().unwrap(), asked.parse().unwrap());
            address(&base, &asked).unwrap().to_string()
        };
        for (base, asked, wanted) in [
            (
                "http://o:1",
                "/b/a//b%2F..%20?x=%3D&y",
                "http://o:1/b/a//b%2F..%20?x=%3D&y",
            ),
            ("https://o/", "/", "https://o/"),
            ("http://o/base/", "/b?uploads", "http://o/base/b?uploads"),
            ("http://o/base", "http://other/b", "http://o/base/b"),
        ] {
            assert_eq!(join(base, asked), wanted);
        }
    }

    #[test]
    fn what_is_between_hops_stays_there() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("te", "trailers"),
            ("host", "b.s3.example.com"),
            ("authorization", "AWS4-HMAC-SHA256 …"),
            ("x-amz-date", "20260101T000000Z"),
        ] {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("AWS4")),
            );
        }
        take_off_hops(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["authorization", "host", "x-amz-date"]);
    }
}
