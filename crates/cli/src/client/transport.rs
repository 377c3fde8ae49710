//! The pooled HTTP client below: connections, TLS, and what a failure to exchange anything means.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Response;
use http::header::{HeaderMap, HeaderValue, PROXY_AUTHORIZATION};
use http::request::Builder;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as HyperError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

use super::body::RequestBody;
use super::connect::Connector;
use crate::error::{Error, Result, reason};
use crate::settings::Proxies;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const IDLE_CONNECTIONS_PER_HOST: usize = 100;

/// A pool of connections.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client<HttpsConnector<Connector>, RequestBody>,
    proxies: Arc<Proxies>,
}

impl Http {
    /// A pool. `secure` loads the system's certificates, which plain HTTP need not wait for.
    pub(crate) fn new(secure: bool, http2: bool, proxies: &Arc<Proxies>) -> Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_keepalive(Some(KEEP_ALIVE));
        let tcp = Connector::new(tcp, Arc::clone(proxies));
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
        Ok(Self {
            client,
            proxies: Arc::clone(proxies),
        })
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
        // Through a tunnel the proxy was told when the tunnel was made.
        let proxy = self
            .proxies
            .proxy_for(request.uri())
            .filter(|_| !url.starts_with("https:"));
        if let Some(authorization) = proxy.and_then(|proxy| proxy.authorization.as_deref()) {
            let value = HeaderValue::from_str(authorization)
                .map_err(|_| Error::failed("the user of the proxy cannot be sent"))?;
            request.headers_mut().insert(PROXY_AUTHORIZATION, value);
        }
        let method = request.method().clone();
        let authority = request.uri().authority().map(ToString::to_string);
        let port = request.uri().port_u16();
        let https = request.uri().scheme_str() == Some("https");
        let started = Instant::now();
        let outcome = self.client.request(request).await;
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
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(inner) = next {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return (format!("tls: {tls}"), false);
        }
        next = match inner.downcast_ref::<std::io::Error>() {
            Some(io) if error.is_connect() && io.raw_os_error().is_some() => {
                return (format!("dial tcp {address}: connect: {}", reason(io)), true);
            }
            Some(io) if error.is_connect() && io.kind() == ErrorKind::TimedOut => {
                return (format!("dial tcp {address}: i/o timeout"), true);
            }
            // The source of an I/O error is that of the error in it, which would be passed over.
            Some(io) => io
                .get_ref()
                .map(|inner| -> &(dyn StdError + 'static) { inner }),
            None => inner.source(),
        };
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
