//! Bodies of requests on their way from the connection.
//!
//! A [`Received`] counts its bytes and gives up when nothing comes for a while; the time is taken only
//! while somebody waits for the next frame, so that a slow store is not blamed on the client. It is not
//! polled, and so the client not told to go on, before an operation wants it. A body that was not
//! read to its end comes back through its [`Meter`] when it is dropped: what is left of a small one is
//! read and thrown away, which keeps the connection.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, EXPECT};
use http::request::Parts;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use lakefs_gateway::{BodyError, RequestBody};
use parking_lot::Mutex;
use tokio::time::Sleep;

/// A body with at most this much left is read to its end when the request is refused.
const MAX_DRAIN: u64 = 256 << 10;
/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// What is known of a body, also after it was dropped.
#[derive(Debug, Default)]
pub(super) struct Meter {
    bytes: AtomicU64,
    left: Mutex<Option<Incoming>>,
    /// Whether bytes are left that nobody is going to read.
    cut: AtomicBool,
}

impl Meter {
    /// Bytes received.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Reads what is left of a small body. To be called when nobody wants it any more. Answers whether the
    /// body was read to its end, so that another request can follow it.
    pub(super) async fn drain(&self) -> bool {
        let Some(mut left) = self.left.lock().take() else {
            return !self.cut.load(Ordering::Relaxed);
        };
        let reading = async {
            let mut more = MAX_DRAIN;
            while let Some(frame) = left.frame().await {
                let Ok(frame) = frame else { return false };
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                self.bytes.fetch_add(length, Ordering::Relaxed);
                match more.checked_sub(length) {
                    Some(rest) => more = rest,
                    None => return false,
                }
            }
            true
        };
        // Out of time is as good as too much: the connection is closed then.
        let in_time = tokio::time::timeout(DRAIN_TIME, reading).await;
        in_time.unwrap_or(false)
    }
}

/// The body of a request, and its meter if it has bytes.
pub(super) fn receive(
    head: &Parts,
    body: Incoming,
    idle: Duration,
) -> (RequestBody, Option<Arc<Meter>>) {
    if body.is_end_stream() {
        let empty = Empty::new().map_err(|never: std::convert::Infallible| match never {});
        return (empty.boxed(), None);
    }
    let meter = Arc::new(Meter::default());
    let length = head
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let received = Received {
        incoming: Some(body),
        meter: Arc::clone(&meter),
        idle,
        timer: None,
        polled: false,
        // Reading the body of a client that waits for permission would give it.
        waits: head.headers.contains_key(EXPECT),
        length,
    };
    (received.boxed(), Some(meter))
}

struct Received {
    incoming: Option<Incoming>,
    meter: Arc<Meter>,
    idle: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    polled: bool,
    waits: bool,
    length: Option<u64>,
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = lakefs_service::Cause;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, lakefs_service::Cause>>> {
        let this = &mut *self;
        this.polled = true;
        let Some(incoming) = &mut this.incoming else {
            return Poll::Ready(None);
        };
        match Pin::new(incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    this.meter
                        .bytes
                        .fetch_add(data.len() as u64, Ordering::Relaxed);
                }
                this.timer = None;
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.incoming = None;
                Poll::Ready(Some(Err(BodyError::Broken(error.into()).into())))
            }
            Poll::Ready(None) => {
                this.incoming = None;
                Poll::Ready(None)
            }
            Poll::Pending => {
                let timer = this
                    .timer
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep(this.idle)));
                match timer.as_mut().poll(context) {
                    Poll::Ready(()) => {
                        this.meter.cut.store(true, Ordering::Relaxed);
                        this.incoming = None;
                        Poll::Ready(Some(Err(BodyError::Idle.into())))
                    }
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming
            .as_ref()
            .is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        let small = self
            .length
            .is_some_and(|length| length.saturating_sub(self.meter.bytes()) <= MAX_DRAIN);
        let Some(incoming) = self.incoming.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        if !small || (self.waits && !self.polled) {
            self.meter.cut.store(true, Ordering::Relaxed);
            return;
        }
        *self.meter.left.lock() = Some(incoming);
    }
}
