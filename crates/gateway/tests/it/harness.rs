//! A gateway without a socket, and signed requests that read like what they ask.
//!
//! `lake.get("/lake/main/a").send().await` is a whole S3 request of the administrator. A request is signed
//! when it is sent, so headers may be added until then. [`Call::raw_body`] gives a body as it goes over the
//! wire, with a payload mode of its own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use lakefs_block::MemBlockStore;
use lakefs_gateway::{Facts, Gateway, GatewayOptions, GatewayParts, RequestBody};
use lakefs_runtime::{Clock, ManualClock, Timestamp};
use lakefs_service::{Caller, Cause, Service};
use lakefs_sigv4::{AmzDate, Credentials, PayloadMode, Signer, encode_path};
use lakefs_testkit::{Installation, KEY, SECRET, Stores, repository};
use sha2::{Digest as _, Sha256};

pub(crate) const REGION: &str = "us-east-1";
pub(crate) const HOST: &str = "lake.example.com:8000";

/// A gateway over stores in memory, with an administrator. Its clock stands until it is advanced.
pub(crate) struct Lake {
    pub(crate) gateway: Gateway,
    pub(crate) service: Service,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) blocks: Arc<MemBlockStore>,
    admin: Caller,
    signer: Signer,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) facts: Facts,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The text of the first element of that name; empty where there is none.
    pub(crate) fn element(&self, name: &str) -> &str {
        self.elements(name).first().copied().unwrap_or_default()
    }

    /// The texts of all elements of that name, in order, still escaped.
    pub(crate) fn elements(&self, name: &str) -> Vec<&str> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        self.text()
            .split(&open)
            .skip(1)
            .filter_map(|rest| rest.split(&close).next())
            .collect()
    }

    /// Status and code of an error document.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status.as_u16(), self.element("Code"))
    }

    /// Stops the test unless the status is this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }
}

impl Lake {
    pub(crate) async fn new() -> Self {
        Self::with(GatewayOptions::default()).await
    }

    /// With settings of its own.
    pub(crate) async fn with(options: GatewayOptions) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let shared_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let (stores, blocks) = Stores::in_memory(Arc::clone(&shared_clock));
        let ids = Arc::clone(&stores.ids);
        let Installation { service, admin } = Installation::set_up(stores).await;
        let gateway = Gateway::new(GatewayParts {
            service: service.clone(),
            clock: shared_clock,
            ids,
            options,
        });
        Self {
            gateway,
            service,
            clock,
            blocks,
            admin,
            signer: Signer::new("s3"),
        }
    }

    /// With the repository `lake` and its branch `main`.
    pub(crate) async fn with_repository() -> Self {
        let lake = Self::new().await;
        lake.create_repository("lake").await;
        lake
    }

    pub(crate) async fn create_repository(&self, name: &str) {
        let namespace = format!("mem://{name}");
        let request = repository(name, &namespace);
        let made = self.service.create_repository(&self.admin, request).await;
        made.unwrap();
    }

    /// The administrator, for use-cases called directly.
    pub(crate) fn admin(&self) -> &Caller {
        &self.admin
    }

    pub(crate) fn now(&self) -> AmzDate {
        AmzDate::from_unix(self.clock.now().seconds)
    }

    /// `target` is a path with a query, encoded already.
    pub(crate) fn get(&self, target: &str) -> Call<'_> {
        self.call(Method::GET, target)
    }

    pub(crate) fn head(&self, target: &str) -> Call<'_> {
        self.call(Method::HEAD, target)
    }

    pub(crate) fn put(&self, target: &str) -> Call<'_> {
        self.call(Method::PUT, target)
    }

    pub(crate) fn post(&self, target: &str) -> Call<'_> {
        self.call(Method::POST, target)
    }

    pub(crate) fn delete(&self, target: &str) -> Call<'_> {
        self.call(Method::DELETE, target)
    }

    /// A request of the administrator.
    pub(crate) fn call(&self, method: Method, target: &str) -> Call<'_> {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", HOST);
        Call {
            lake: self,
            parts: request.body(()).unwrap().into_parts().0,
            chunks: Vec::new(),
            mode: PayloadMode::Sha256(Sha256::digest(b"").into()),
            sign: Sign::With(credentials(KEY, SECRET)),
        }
    }

    /// Puts an object at `/<bucket>/<key>`; the key is not encoded yet.
    pub(crate) async fn put_object(&self, bucket: &str, key: &str, bytes: &'static [u8]) -> Answer {
        let target = format!("/{bucket}/{}", encode_path(key));
        self.put(&target).body(bytes).send().await.expect(200)
    }

    /// Sends a request that is complete.
    pub(crate) async fn send_parts(&self, parts: Parts, body: RequestBody) -> Answer {
        let caller = Caller::anonymous("8b1f0b3e-6c0e-4f6e-9d7a-0a7d3c1f2e4b");
        let mut facts = Facts::default();
        let answered = self.gateway.handle(parts, body, caller, &mut facts);
        let (head, body) = answered.await.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
            facts,
        }
    }

    /// A presigned URL's path and query.
    pub(crate) fn presign(&self, method: &str, path: &str, query: &str, seconds: u64) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static(HOST));
        let credentials = credentials(KEY, SECRET);
        let now = self.now();
        self.signer
            .presign(
                method,
                path,
                query,
                &headers,
                &credentials,
                REGION,
                now,
                seconds,
            )
            .unwrap()
            .path_and_query
    }
}

pub(crate) fn credentials(key: &str, secret: &str) -> Credentials {
    Credentials {
        access_key_id: key.to_owned(),
        secret_access_key: secret.to_owned(),
        session_token: None,
    }
}

#[derive(Debug)]
enum Sign {
    Not,
    With(Credentials),
}

/// A request in the making.
pub(crate) struct Call<'l> {
    lake: &'l Lake,
    parts: Parts,
    chunks: Vec<Result<Bytes, Cause>>,
    mode: PayloadMode,
    sign: Sign,
}

impl Call<'_> {
    /// Signs nothing; headers may prove who sends it, or nobody does.
    pub(crate) fn unsigned(mut self) -> Self {
        self.sign = Sign::Not;
        self
    }

    pub(crate) fn signed_by(mut self, key: &str, secret: &str) -> Self {
        self.sign = Sign::With(credentials(key, secret));
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.parts.headers.append(name, value);
        self
    }

    /// A body, its SHA-256 signed and its length told.
    pub(crate) fn body(self, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let mode = PayloadMode::Sha256(Sha256::digest(&bytes).into());
        let length = bytes.len().to_string();
        self.raw_body(mode, vec![Ok(bytes)])
            .header("content-length", &length)
    }

    /// A body as it goes over the wire, piece by piece.
    pub(crate) fn raw_body(mut self, mode: PayloadMode, chunks: Vec<Result<Bytes, Cause>>) -> Self {
        self.mode = mode;
        self.chunks = chunks;
        self
    }

    /// Asks another host.
    pub(crate) fn host(mut self, host: &str) -> Self {
        let host = HeaderValue::from_str(host).unwrap();
        self.parts.headers.insert("host", host);
        self
    }

    /// The head of the request, signed.
    pub(crate) fn into_signed(self) -> Parts {
        let now = self.lake.now();
        self.into_signed_at(now)
    }

    /// The head of the request, signed at a moment.
    pub(crate) fn into_signed_at(mut self, date: AmzDate) -> Parts {
        if let Sign::With(credentials) = &self.sign {
            self.lake
                .signer
                .sign(&mut self.parts, credentials, REGION, date, &self.mode)
                .unwrap();
        }
        self.parts
    }

    pub(crate) async fn send(mut self) -> Answer {
        let (lake, chunks) = (self.lake, std::mem::take(&mut self.chunks));
        let parts = self.into_signed();
        lake.send_parts(parts, body_of(chunks)).await
    }
}

/// A request body of these pieces.
pub(crate) fn body_of(chunks: Vec<Result<Bytes, Cause>>) -> RequestBody {
    if chunks.is_empty() {
        return Full::new(Bytes::new())
            .map_err(|never| match never {})
            .boxed();
    }
    let frames = stream::iter(chunks).map(|chunk| chunk.map(Frame::data));
    http_body_util::BodyExt::boxed(StreamBody::new(frames))
}

/// A quarter of an hour and a second: beyond every skew.
pub(crate) const TOO_LONG: Duration = Duration::from_secs(15 * 60 + 1);
