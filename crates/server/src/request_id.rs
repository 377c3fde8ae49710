//! The identifier of the request being served, known to every log line written while serving it.
//!
//! A task-local rather than a tracing span: it costs two words per poll, a span an allocation and a
//! registry entry per request.

use http::HeaderValue;
use lakefs_runtime::Ids;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// A version 4 UUID, always fresh: what a client sends is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestId(uuid::Uuid);

impl RequestId {
    pub(crate) fn fresh(ids: &Ids) -> Self {
        Self(uuid::Builder::from_random_bytes(ids.random()).into_uuid())
    }

    /// Runs `future` with this identifier on its log lines.
    pub(crate) fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }

    /// The identifier of the request this task serves.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(|id| *id).ok()
    }

    pub(crate) fn header(self) -> HeaderValue {
        let mut buffer = uuid::Uuid::encode_buffer();
        HeaderValue::from_str(self.0.hyphenated().encode_lower(&mut buffer))
            .expect("hexadecimal digits make a header value")
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}
