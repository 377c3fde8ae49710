//! The REST client: a small layer over one pooled HTTP client.
//!
//! It knows addresses, authentication, retries and how the server reports errors. What the
//! operations mean is in `client/<resource>.rs`, one method an operation. It talks to the configured
//! server and to the presigned URLs that server hands out, and to nothing else.

mod body;
mod branches;
mod commits;
mod connect;
mod multipart;
mod objects;
mod page;
mod refs;
mod repositories;
mod request;
mod retry;
mod settings;
mod transport;

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, Request as HttpRequest, Response, StatusCode};
use hyper::body::Incoming;
use lakefs_wire::{Config, CurrentUser, ErrorBody};
use serde::de::DeserializeOwned;

pub(crate) use body::{RequestBody, empty_body};
pub(crate) use objects::ListObjects;
pub(crate) use page::Listing;
pub(crate) use refs::LogQuery;
pub(crate) use request::Request;
pub(crate) use retry::{Attempt, is_retryable_status};

use crate::error::{Error, Result, status_line};
use crate::settings::{Credentials, Endpoint, Proxies, RetryPolicy, Settings};
use crate::version;

/// Largest JSON answer that is read into memory.
const MAX_ANSWER_BYTES: usize = 256 << 20;
/// Largest error answer that is read.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// The client of one server.
#[derive(Debug)]
pub(crate) struct Client {
    api: transport::Http,
    external: OnceLock<transport::Http>,
    http2: bool,
    proxies: Arc<Proxies>,
    endpoint: Endpoint,
    authorization: Option<HeaderValue>,
    user_agent: HeaderValue,
    retries: RetryPolicy,
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// A client of the configured server. Connects to nothing yet.
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let endpoint = Endpoint::parse(&settings.endpoint_url)?;
        let proxies = Arc::new(settings.proxies.clone());
        let secure = endpoint.api.starts_with("https://");
        let authorization = match &settings.credentials {
            Credentials::Anonymous => None,
            Credentials::Token(token) => Some(format!("Bearer {token}")),
            Credentials::Keys {
                access_key_id,
                secret_access_key,
            } => {
                let pair = format!("{access_key_id}:{secret_access_key}");
                let pair = base64::engine::general_purpose::STANDARD.encode(pair);
                Some(format!("Basic {pair}"))
            }
        };
        let authorization = authorization
            .map(|text| {
                let mut value = HeaderValue::from_str(&text)
                    .map_err(|_| Error::failed("the token holds characters no header can"))?;
                value.set_sensitive(true);
                Ok(value)
            })
            .transpose()?;
        Ok(Self {
            api: transport::Http::new(secure, settings.http2, &proxies)?,
            external: OnceLock::new(),
            http2: settings.http2,
            proxies,
            endpoint,
            authorization,
            user_agent: version::user_agent(),
            retries: settings.retries,
        })
    }

    /// Where the server is.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a request once and gives back whatever is answered, unread.
    pub(crate) async fn send(
        &self,
        request: &Request,
        body: RequestBody,
    ) -> Result<Response<Incoming>> {
        let url = format!("{}{}", self.endpoint.api, request.target());
        let mut builder = HttpRequest::builder()
            .method(request.method.clone())
            .uri(&url)
            .header(USER_AGENT, &self.user_agent);
        if let Some(authorization) = &self.authorization {
            builder = builder.header(AUTHORIZATION, authorization);
        }
        self.api.send(builder, &request.headers, url, body).await
    }

    /// Sends a request to a presigned URL once. No credentials of ours go there. Redirects of reads
    /// are followed.
    pub(crate) async fn send_presigned(
        &self,
        method: Method,
        url: &str,
        headers: &HeaderMap,
        body: RequestBody,
    ) -> Result<Response<Incoming>> {
        let http = if let Some(http) = self.external.get() {
            http
        } else {
            let http = transport::Http::new(true, self.http2, &self.proxies)?;
            self.external.get_or_init(|| http)
        };
        let mut body = Some(body);
        let mut url = url.to_owned();
        for _ in 0..5 {
            let builder = HttpRequest::builder()
                .method(method.clone())
                .uri(&url)
                .header(USER_AGENT, &self.user_agent);
            let body = body.take().unwrap_or_else(empty_body);
            let response = http.send(builder, headers, url.clone(), body).await?;
            let location = response.headers().get(http::header::LOCATION);
            match location.and_then(|value| value.to_str().ok()) {
                Some(location) if method == Method::GET && response.status().is_redirection() => {
                    location.clone_into(&mut url);
                }
                _ => return Ok(response),
            }
        }
        Err(Error::failed(format!("{url}: too many redirects")))
    }

    /// Sends a request, again where that may help, until its whole answer has the expected status.
    pub(crate) async fn answer(&self, request: &Request, expected: StatusCode) -> Result<Answer> {
        let attempt = || async {
            let response = self.send(request, request.payload.body()).await?;
            let expected = request
                .also
                .filter(|also| *also == response.status())
                .unwrap_or(expected);
            let response = accept(request.method.clone(), response, expected).await?;
            let (parts, body) = response.into_parts();
            let url = format!("{}{}", self.endpoint.api, request.target());
            let body = body::collect(body, MAX_ANSWER_BYTES)
                .await
                .map_err(|cause| Error::Transport {
                    method: request.method.clone(),
                    url,
                    cause,
                    retryable: true,
                    attempts: 1,
                })?;
            Ok(Answer {
                headers: parts.headers,
                body,
            })
        };
        retry::run(&self.retries, attempt).await
    }

    /// Sends a request whose answer is JSON.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        request: &Request,
        expected: StatusCode,
    ) -> Result<T> {
        let answer = self.answer(request, expected).await?;
        serde_json::from_slice(&answer.body).map_err(|_| Error::failed("Bad response from server"))
    }

    /// Sends a request whose answer has no content.
    pub(crate) async fn done(&self, request: &Request, expected: StatusCode) -> Result<()> {
        self.answer(request, expected).await.map(drop)
    }

    /// Repeats an operation that can fail for passing reasons, as the configuration allows.
    pub(crate) async fn retrying<T, F>(&self, attempt: impl FnMut() -> F + Send) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, Attempt>> + Send,
    {
        retry::run(&self.retries, attempt).await
    }

    /// What the server says about itself.
    pub(crate) async fn config(&self) -> Result<Config> {
        self.json(&Request::get(&["config"]), StatusCode::OK).await
    }

    /// The caller, as the server sees them.
    pub(crate) async fn current_user(&self) -> Result<CurrentUser> {
        self.json(&Request::get(&["user"]), StatusCode::OK).await
    }
}

/// Lets an answer with the expected status pass and turns any other into the error it reports.
pub(crate) async fn accept(
    method: Method,
    response: Response<Incoming>,
    expected: StatusCode,
) -> std::result::Result<Response<Incoming>, Attempt> {
    let status = response.status();
    if status == expected {
        return Ok(response);
    }
    let retry_after = retry::retry_after(response.headers());
    let is_json = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    // Answers to HEAD have no body to explain themselves with.
    let body = if method == Method::HEAD {
        Vec::new()
    } else {
        body::collect(response.into_body(), MAX_ERROR_BYTES)
            .await
            .unwrap_or_default()
    };
    let explained = serde_json::from_slice::<ErrorBody>(&body)
        .ok()
        .filter(|_| is_json)
        .map(|body| body.message)
        .filter(|message| !message.is_empty());
    let error = match explained {
        Some(message) => Error::Api { status, message },
        None if status.is_client_error() || status.is_server_error() => Error::Api {
            status,
            message: format!("request failed: {}", status_line(status)),
        },
        None => Error::failed(format!(
            "got unexpected status code: {}, expected: {}",
            status.as_u16(),
            expected.as_u16()
        )),
    };
    Err(Attempt { error, retry_after })
}
