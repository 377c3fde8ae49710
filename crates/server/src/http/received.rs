//! Bodies of requests on their way from the connection.
//!
//! A [`Received`] counts its bytes and gives up when nothing comes for a while; the time is taken only
//! while somebody waits for the next frame, so that a slow store is not blamed on the client. It is not
//! polled, and so the client not told to go on, before an operation wants it. A body that was not
//! read to its end comes back through its [`Meter`] when it is dropped: what is left of a small one is
//! read and thrown away, which keeps the connection. Over HTTP/2 the answer goes out first, and what the client
//! still sends is thrown away beside it: ending its stream then would overtake the answer in clients that
//! look at the end before they look at what came (curl 7).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Version;
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

/// Most bytes read of a body over HTTP/2 that nobody wants, and how long that may take. The stream is ended
/// then.
const MAX_READ_ON: u64 = 64 << 20;
const READ_ON_TIME: Duration = Duration::from_secs(3);

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

    /// What is left of the body of a request over HTTP/2, as a task that reads it while the answer goes out;
    /// `None` where nothing is.
    pub(super) fn read_on(&self) -> Option<impl Future<Output = ()> + Send + 'static> {
        let mut left = self.left.lock().take()?;
        Some(async move {
            let reading = async {
                let mut more = MAX_READ_ON;
                while let Some(Ok(frame)) = left.frame().await {
                    let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                    let Some(rest) = more.checked_sub(length) else {
                        return;
                    };
                    more = rest;
                }
            };
            let _in_time = tokio::time::timeout(READ_ON_TIME, reading).await;
        })
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
        alone: head.version < Version::HTTP_2,
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
    /// Whether it has the connection for itself.
    alone: bool,
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
        if self.alone && (!small || (self.waits && !self.polled)) {
            self.meter.cut.store(true, Ordering::Relaxed);
            return;
        }
        *self.meter.left.lock() = Some(incoming);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::AtomicUsize;

    use http::{Request, Response, StatusCode};
    use http_body_util::StreamBody;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use lakefs_runtime::TaskScope;

    use super::*;

    const CHUNK: usize = 16 << 10;
    const CHUNKS: usize = 192;

    /// Serves one connection, on which every request is refused without a look at its body.
    async fn refuse(stream: tokio::io::DuplexStream, tasks: TaskScope) {
        let service = hyper::service::service_fn(|request: Request<Incoming>| {
            let tasks = tasks.clone();
            async move {
                let (head, body) = request.into_parts();
                let (body, meter) = receive(&head, body, Duration::from_mins(1));
                drop(body);
                let mut answer = Response::new(Empty::<Bytes>::new());
                *answer.status_mut() = StatusCode::FORBIDDEN;
                super::super::settle(&tasks, meter, head.version, &mut answer).await;
                Ok::<_, Infallible>(answer)
            }
        });
        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ended = server.serve_connection(TokioIo::new(stream), service).await;
    }

    /// curl asks of a stream that was ended under it no more what the answer was.
    #[tokio::test]
    async fn a_refused_body_over_http2_is_not_cut_off() {
        let (near, far) = tokio::io::duplex(64 << 10);
        let tasks = TaskScope::new();
        tasks.spawn(refuse(far, tasks.clone()));
        let client =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(near));
        let (mut client, connection) = client.await.unwrap();
        tasks.spawn(connection);
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let chunks = futures_util::stream::iter((0..CHUNKS).map(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[0; CHUNK])))
        }));
        let request = Request::put("http://lake/x")
            .header(CONTENT_LENGTH, CHUNK * CHUNKS)
            .body(StreamBody::new(chunks))
            .unwrap();
        let answer = client.send_request(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        answer.into_body().collect().await.unwrap();
        let whole = async {
            while sent.load(Ordering::Relaxed) < CHUNKS {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let whole = tokio::time::timeout(Duration::from_secs(30), whole).await;
        assert!(whole.is_ok(), "cut off after {sent:?} chunks");
    }
}
