//! One S3 call: where it goes, how it is signed, and how often it is tried.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use lakefs_runtime::Ids;
use lakefs_sigv4::{AmzDate, EMPTY_SHA256, PayloadMode, Signer, encode_path};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::S3Options;
use super::arriving::Arriving;
use super::credentials::{CredentialSource, Found};
use super::endpoint::Endpoint;
use super::failure::{Failure, Refusal};
use super::transport::{SendBody, Transport, read_small};
use crate::{BlockError, Location};

/// Longest XML answer that is read: 1,000 parts are some 300 KiB.
const MAX_ANSWER: usize = 8 << 20;
/// Buckets whose region is remembered.
const MAX_REGIONS: usize = 1024;
/// A body gets this much longer for every such many bytes, so that slow is not mistaken for dead.
const SLOWEST_BYTES_PER_SECOND: u64 = 64 << 10;

/// A body to send.
#[derive(Default)]
pub(super) enum Payload {
    #[default]
    Empty,
    /// Can be sent again.
    Chunks(Vec<Bytes>),
    /// Can be sent again as long as only its beginning was.
    Arriving(Arriving),
}

impl Payload {
    /// The bytes from the start; `None` where they cannot be had again.
    fn body(&self) -> Option<SendBody> {
        Some(match self {
            Self::Empty => SendBody::Chunks(VecDeque::new()),
            Self::Chunks(chunks) => SendBody::Chunks(chunks.clone().into()),
            Self::Arriving(body) => SendBody::Stream {
                stream: body.stream()?,
                left: body.length(),
            },
        })
    }

    fn can_begin_again(&self) -> bool {
        match self {
            Self::Empty | Self::Chunks(_) => true,
            Self::Arriving(body) => body.can_begin_again(),
        }
    }
}

fn already_sent() -> BlockError {
    BlockError::Body("the body was sent already".into())
}

/// A call to make.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) location: &'a Location,
    /// Encoded pairs.
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) payload: Payload,
    once: bool,
}

impl<'a> Call<'a> {
    pub(super) fn new(method: Method, location: &'a Location) -> Self {
        Self {
            method,
            location,
            query: String::new(),
            headers: HeaderMap::new(),
            payload: Payload::Empty,
            once: false,
        }
    }

    /// Leaves it to the caller to try again: two loops inside each other would multiply.
    pub(super) fn once(mut self) -> Self {
        self.once = true;
        self
    }

    pub(super) fn query(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Result<Self, BlockError> {
        self.headers.insert(name, header_value(name, value)?);
        Ok(self)
    }

    pub(super) fn payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }
}

/// A value that a header can hold.
pub(super) fn header_value(name: &str, value: &str) -> Result<HeaderValue, BlockError> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| BlockError::InvalidRequest {
        reason: format!("{name} cannot be {value:?}"),
    })
}

/// How often and since when something was tried.
#[derive(Debug)]
pub(super) struct Tries {
    again: u32,
    begun: Instant,
}

impl Tries {
    pub(super) fn begin() -> Self {
        Self {
            again: 0,
            begun: Instant::now(),
        }
    }
}

/// Makes calls.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) ids: Arc<Ids>,
    pub(super) endpoint: Endpoint,
    pub(super) presign_endpoint: Endpoint,
    pub(super) signer: Signer,
    pub(super) credentials: CredentialSource,
    pub(super) timeout: Duration,
    transport: Transport,
    options: S3Options,
    regions: Mutex<HashMap<String, String>>,
}

impl Client {
    pub(super) fn new(options: S3Options, ids: Arc<Ids>) -> Result<Self, BlockError> {
        let transport = Transport::new(
            options.connect_timeout,
            options.skip_verify_certificate_test_only,
        );
        let path_style = options.force_path_style;
        let endpoint = Endpoint::new(options.endpoint.as_deref(), path_style)?;
        let presign_endpoint = match &options.pre_signed_endpoint {
            Some(url) => Endpoint::new(Some(url), path_style)?,
            None => endpoint.clone(),
        };
        Ok(Self {
            credentials: CredentialSource::new(&options, &transport, Arc::clone(ids.clock())),
            ids,
            endpoint,
            presign_endpoint,
            signer: Signer::new("s3"),
            timeout: options.response_timeout,
            transport,
            options,
            regions: Mutex::default(),
        })
    }

    pub(super) fn options(&self) -> &S3Options {
        &self.options
    }

    pub(super) fn now(&self) -> AmzDate {
        AmzDate::from_unix(self.ids.clock().now().seconds)
    }

    /// Waits before the next try; false when there is none. Tries are limited by `max_retries` and by
    /// the time of one answer: a service that is silent is not waited for again and again.
    pub(super) async fn back_off(&self, tries: &mut Tries) -> bool {
        if tries.again >= self.options.max_retries || tries.begun.elapsed() >= self.timeout {
            return false;
        }
        self.options.backoff.sleep(tries.again, &self.ids).await;
        tries.again += 1;
        true
    }

    /// Makes a call, trying again where that can help, and answers what the service sent with a
    /// status of success.
    pub(super) async fn send(&self, call: Call<'_>) -> Result<Response<Incoming>, Failure> {
        let region = self.region(&call.location.bucket).await?;
        let mut tries = Tries::begin();
        let mut last = None;
        loop {
            let Some(body) = call.payload.body() else {
                return Err(last.unwrap_or_else(|| Failure::Body(already_sent())));
            };
            let failure = match self
                .try_once(
                    &call.method,
                    call.location,
                    &call.query,
                    &call.headers,
                    body,
                    &region,
                )
                .await
            {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let again = !call.once && failure.is_transient() && call.payload.can_begin_again();
            if !again || !self.back_off(&mut tries).await {
                return Err(failure);
            }
            tracing::debug!(?failure, ?tries, "object store call is tried again");
            last = Some(failure);
        }
    }

    /// Makes a call whose answer is a document.
    pub(super) async fn send_for_text(
        &self,
        call: Call<'_>,
    ) -> Result<(HeaderMap, String), Failure> {
        let (head, body) = self.send(call).await?.into_parts();
        let body = read_small(body, MAX_ANSWER, self.timeout)
            .await
            .map_err(Failure::Transport)?;
        let text = String::from_utf8_lossy(&body).into_owned();
        // Long operations answer 200 first and may still fail.
        let refusal = Refusal::read(StatusCode::INTERNAL_SERVER_ERROR, &body);
        if text.contains("<Error>") && refusal.code != "Internal Server Error" {
            return Err(Failure::Refused(refusal));
        }
        Ok((head.headers, text))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one request")]
    async fn try_once(
        &self,
        method: &Method,
        location: &Location,
        query: &str,
        headers: &HeaderMap,
        body: SendBody,
        region: &str,
    ) -> Result<Response<Incoming>, Failure> {
        let found = self.credentials.get().await.map_err(Failure::Credentials)?;
        let length = http_body::Body::size_hint(&body).exact().unwrap_or(0);
        let request = self
            .build(method, location, query, headers, body, region, &found)
            .map_err(Failure::Body)?;
        let extra = Duration::from_secs(length / SLOWEST_BYTES_PER_SECOND);
        let answer = self.transport.send(request, self.timeout + extra).await;
        let answer = answer.map_err(classify_transport)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (head, body) = answer.into_parts();
        // The status alone decides when the document is lost.
        let document = read_small(body, MAX_ANSWER, self.timeout).await;
        let document = document.unwrap_or_default();
        Err(Failure::Refused(Refusal::read(head.status, &document)))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one request")]
    fn build(
        &self,
        method: &Method,
        location: &Location,
        query: &str,
        headers: &HeaderMap,
        body: SendBody,
        region: &str,
        found: &Found,
    ) -> Result<Request<SendBody>, BlockError> {
        let place = self.endpoint.place(&location.bucket, region);
        let path = format!("{}{}", place.prefix, encode_path(&location.key));
        let mut url = format!("{}://{}{path}", place.scheme, place.host);
        if !query.is_empty() {
            url.push('?');
            url.push_str(query);
        }
        let invalid = || BlockError::InvalidAddress {
            address: format!("s3://{}/{}", location.bucket, location.key),
            reason: "it makes no URL".to_owned(),
        };
        let uri = Uri::try_from(&url).map_err(|_| invalid())?;
        // Over TLS nobody can change the body; hashing it once more would only cost time.
        let mode = match &body {
            _ if place.scheme == "https" => PayloadMode::Unsigned,
            SendBody::Chunks(chunks) if chunks.is_empty() => {
                PayloadMode::parse(EMPTY_SHA256).ok_or_else(invalid)?
            }
            SendBody::Chunks(chunks) => {
                let mut hash = Sha256::new();
                for chunk in chunks {
                    hash.update(chunk);
                }
                PayloadMode::Sha256(hash.finalize().into())
            }
            SendBody::Stream { .. } => PayloadMode::Unsigned,
        };
        let length = http_body::Body::size_hint(&body).exact().unwrap_or(0);
        let mut request = Request::new(body);
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers.clone();
        let host = HeaderValue::from_str(&place.host).map_err(|_| invalid())?;
        request.headers_mut().insert(HOST, host);
        if length > 0 || matches!(*method, Method::PUT | Method::POST) {
            request.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        let (mut parts, body) = request.into_parts();
        self.signer
            .sign(&mut parts, &found.keys, region, self.now(), &mode)
            .map_err(|error| BlockError::InvalidRequest {
                reason: error.to_string(),
            })?;
        Ok(Request::from_parts(parts, body))
    }

    /// The region of a bucket: asked for once, and the configured one where that fails.
    pub(super) async fn region(&self, bucket: &str) -> Result<String, Failure> {
        if !self.options.discover_bucket_region {
            return Ok(self.options.region.clone());
        }
        if let Some(region) = self.regions.lock().get(bucket) {
            return Ok(region.clone());
        }
        let region = self.discover_region(bucket).await?;
        let mut regions = self.regions.lock();
        if regions.len() >= MAX_REGIONS {
            regions.clear();
        }
        regions.insert(bucket.to_owned(), region.clone());
        Ok(region)
    }

    async fn discover_region(&self, bucket: &str) -> Result<String, Failure> {
        let home = &self.options.region;
        let location = Location {
            bucket: bucket.to_owned(),
            key: String::new(),
        };
        let mut tries = Tries::begin();
        loop {
            let found = self.credentials.get().await.map_err(Failure::Credentials)?;
            let body = SendBody::Chunks(VecDeque::new());
            let headers = HeaderMap::new();
            let request = self
                .build(&Method::HEAD, &location, "", &headers, body, home, &found)
                .map_err(Failure::Body)?;
            let failure = match self.transport.send(request, self.timeout).await {
                Ok(answer) => {
                    // Also a refusal names the region.
                    let named = answer.headers().get("x-amz-bucket-region");
                    let named = named.and_then(|value| value.to_str().ok());
                    if let Some(region) = named.filter(|region| !region.is_empty()) {
                        return Ok(region.to_owned());
                    }
                    let failure = Failure::Refused(Refusal::read(answer.status(), b""));
                    if answer.status().is_success() || !failure.is_transient() {
                        // Other services need not know regions.
                        return Ok(home.clone());
                    }
                    failure
                }
                Err(cause) => classify_transport(cause),
            };
            if !failure.is_transient() || !self.back_off(&mut tries).await {
                return Err(failure);
            }
        }
    }
}

/// A broken body of ours comes back through the transport; it must not be taken for its fault.
fn classify_transport(cause: crate::Cause) -> Failure {
    let mut at: Option<&(dyn std::error::Error + 'static)> = Some(cause.as_ref());
    while let Some(error) = at {
        if let Some(BlockError::Body(source)) = error.downcast_ref::<BlockError>() {
            return Failure::Body(BlockError::Body(source.to_string().into()));
        }
        at = error.source();
    }
    Failure::Transport(cause)
}
