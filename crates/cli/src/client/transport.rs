//! The pooled HTTP client below: connections, TLS, and what a failure to exchange anything means.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Response;
use http::header::HeaderMap;
use http::request::Builder;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as HyperError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

use super::body::RequestBody;
use crate::error::{Error, Result, reason};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const IDLE_CONNECTIONS_PER_HOST: usize = 100;

/// A pool of connections.
#[derive(Debug, Clone)]
pub(crate) struct Http(Client<HttpsConnector<HttpConnector>, RequestBody>);

impl Http {
    /// A pool. `secure` loads the system's certificates, which plain HTTP need not wait for.
    pub(crate) fn new(secure: bool, http2: bool) -> Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_keepalive(Some(KEEP_ALIVE));
        let builder = HttpsConnectorBuilder::new()
            .with_tls_config(tls(secure)?)
            .https_or_http();
        let connector = if http2 {
            builder.enable_all_versions().wrap_connector(tcp)
        } else {
            builder.enable_http1().wrap_connector(tcp)
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST)
            .build(connector);
        Ok(Self(client))
    }

    /// One exchange.
    pub(crate) async fn send(
        &self,
        builder: Builder,
        headers: &HeaderMap,
        url: String,
        body: RequestBody,
    ) -> Result<Response<Incoming>> {
        let mut request = builder
            .body(body)
            .map_err(|error| Error::failed(format!("{url}: {error}")))?;
        for (name, value) in headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        let method = request.method().clone();
        let authority = request.uri().authority().map(ToString::to_string);
        let port = request.uri().port_u16();
        let https = request.uri().scheme_str() == Some("https");
        let started = Instant::now();
        let outcome = self.0.request(request).await;
        let took_ms = started.elapsed().as_millis();
        match outcome {
            Ok(response) => {
                tracing::debug!(%method, url = %redact(&url), status = response.status().as_u16(), took_ms, "request");
                Ok(response)
            }
            Err(error) => {
                let mut address = authority.unwrap_or_default();
                if port.is_none() {
                    address.push_str(if https { ":443" } else { ":80" });
                }
                let (cause, retryable) = explain(&error, &address);
                tracing::debug!(%method, url = %redact(&url), %cause, took_ms, "request failed");
                Err(Error::Transport {
                    method,
                    url: redact(&url).to_owned(),
                    cause,
                    retryable,
                    attempts: 1,
                })
            }
        }
    }
}

/// The URL without a query that carries a signature: such a URL opens the object to whoever reads
/// the log or the error.
fn redact(url: &str) -> &str {
    let signed = ["X-Amz-Signature", "X-Goog-Signature", "sig=", "Signature="];
    match url.split_once('?') {
        Some((path, query)) if signed.iter().any(|mark| query.contains(mark)) => path,
        _ => url,
    }
}

fn tls(secure: bool) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    if secure {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::failed(format!("TLS: {error}")))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// The cause in words, and whether it may pass.
fn explain(error: &HyperError, address: &str) -> (String, bool) {
    let mut source: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(inner) = source {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return (format!("tls: {tls}"), false);
        }
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            if let Some(tls) = io.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>()) {
                return (format!("tls: {tls}"), false);
            }
            if error.is_connect() && io.raw_os_error().is_some() {
                return (format!("dial tcp {address}: connect: {}", reason(io)), true);
            }
            if error.is_connect() && io.kind() == ErrorKind::TimedOut {
                return (format!("dial tcp {address}: i/o timeout"), true);
            }
        }
        source = inner.source();
    }
    let cause = cause_of(error);
    if error.is_connect() {
        (format!("dial tcp {address}: {cause}"), true)
    } else {
        (cause, true)
    }
}

/// The innermost cause of an error, which is the one that says something.
pub(crate) fn cause_of(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<std::io::Error>() {
        Some(io) => reason(io),
        None => innermost.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_not_shown() {
        assert_eq!(redact("http://s/b/k?X-Amz-Signature=1&a=b"), "http://s/b/k");
        assert_eq!(redact("http://s/api?path=k"), "http://s/api?path=k");
    }
}
