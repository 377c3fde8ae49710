//! The access line of each request, under the names lakeFS gives its fields. The use-cases write an
//! audit line of their own, which says what was done rather than how it was transported.

use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, HOST, USER_AGENT};
use http::request::Parts;
use tracing::Level;

use crate::request_id::RequestId;

const CLIENT: HeaderName = HeaderName::from_static("x-lakefs-client");
/// Text of a client's own making is cut here in a line.
const MAX_TEXT: usize = 2048;

/// What the settings say about these lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AuditOptions {
    /// Level of the lines; `None` writes none.
    pub(crate) level: Option<Level>,
    /// At TRACE, log request headers too.
    pub(crate) trace_headers: bool,
}

#[derive(Debug)]
pub(super) struct Audit {
    options: AuditOptions,
}

/// What the line will say about the request, kept until the answer is gone.
#[derive(Debug)]
pub(super) struct Call {
    method: String,
    path: String,
    host: String,
    client: String,
    source: SocketAddr,
}

/// What the line says about the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending<'a> {
    pub(super) id: RequestId,
    /// `rest_api` or `s3_gateway`.
    pub(super) service: &'static str,
    pub(super) operation: &'a str,
    pub(super) user: &'a str,
    /// Repository and reference of an S3 request.
    pub(super) repository: &'a str,
    pub(super) reference: &'a str,
    /// S3's name of the error, of an S3 request.
    pub(super) error_code: &'a str,
    pub(super) code: u16,
    pub(super) took: Duration,
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) whole: bool,
}

impl Audit {
    pub(super) fn new(options: AuditOptions) -> Self {
        Self { options }
    }

    /// Notes a request, if its line will be written.
    pub(super) fn begin(&self, head: &Parts, source: SocketAddr) -> Option<Box<Call>> {
        if self.options.trace_headers && tracing::enabled!(Level::TRACE) {
            trace_headers(head);
        }
        if !self.enabled() {
            return None;
        }
        let header = |name: &HeaderName| {
            let value = head.headers.get(name)?.to_str().ok()?;
            Some(cut(value).to_owned())
        };
        Some(Box::new(Call {
            method: head.method.to_string(),
            path: cut(head.uri.path_and_query().map_or("", |path| path.as_str())).to_owned(),
            host: header(&HOST)
                .or_else(|| head.uri.authority().map(ToString::to_string))
                .unwrap_or_default(),
            client: header(&CLIENT)
                .or_else(|| header(&USER_AGENT))
                .unwrap_or_default(),
            source,
        }))
    }

    fn enabled(&self) -> bool {
        match self.options.level {
            None => false,
            Some(Level::ERROR) => tracing::enabled!(Level::ERROR),
            Some(Level::WARN) => tracing::enabled!(Level::WARN),
            Some(Level::INFO) => tracing::enabled!(Level::INFO),
            Some(Level::DEBUG) => tracing::enabled!(Level::DEBUG),
            Some(_) => tracing::enabled!(Level::TRACE),
        }
    }

    /// Writes the line.
    pub(super) fn end(&self, call: &Call, ending: Ending<'_>) {
        macro_rules! line {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    request_id = %ending.id,
                    method = call.method,
                    path = call.path,
                    host = call.host,
                    client = call.client,
                    source_ip = %call.source,
                    service_name = ending.service,
                    operation_id = ending.operation,
                    user = ending.user,
                    repository = told(ending.repository),
                    r#ref = told(ending.reference),
                    error_code = told(ending.error_code),
                    status_code = ending.code,
                    received_bytes = ending.received,
                    sent_bytes = ending.sent,
                    complete = ending.whole,
                    took_nsecs = u64::try_from(ending.took.as_nanos()).unwrap_or(u64::MAX),
                    took_str = ?ending.took,
                    "HTTP call ended"
                )
            };
        }
        match self.options.level {
            None => {}
            Some(Level::ERROR) => line!(Level::ERROR),
            Some(Level::WARN) => line!(Level::WARN),
            Some(Level::INFO) => line!(Level::INFO),
            Some(Level::DEBUG) => line!(Level::DEBUG),
            Some(_) => line!(Level::TRACE),
        }
    }
}

fn trace_headers(head: &Parts) {
    let shown: Vec<_> = head
        .headers
        .iter()
        .map(|(name, value)| {
            let secret = name == AUTHORIZATION || name == COOKIE || name.as_str().contains("token");
            (
                name.as_str(),
                if secret {
                    "[SECRET]".into()
                } else {
                    value.to_str().unwrap_or("?").to_owned()
                },
            )
        })
        .collect();
    tracing::trace!(headers = ?shown, "HTTP request headers");
}

/// A field is left out where there is nothing to tell.
fn told(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(MAX_TEXT.min(text.len()));
    text.get(..end).unwrap_or(text)
}
