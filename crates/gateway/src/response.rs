//! Answers: the body type and the few shapes most operations share.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body::{Frame, SizeHint};
use lakefs_service::{BlockError, ByteStream};

/// The body of an answer. Bytes go from the store to the socket as they are.
pub struct Body(Inner);

enum Inner {
    Empty,
    Full(Bytes),
    Stream { stream: ByteStream, left: u64 },
    Open(ByteStream),
}

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self(Inner::Empty)
    }

    /// All of it at once.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Inner::Full(bytes.into()))
    }

    /// `length` bytes as they come from the store.
    pub fn stream(stream: ByteStream, length: u64) -> Self {
        Self(Inner::Stream {
            stream,
            left: length,
        })
    }

    /// Bytes whose number is not known yet.
    pub(crate) fn open(stream: ByteStream) -> Self {
        Self(Inner::Open(stream))
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Inner::Empty => "Body::Empty",
            Inner::Full(_) => "Body::Full",
            Inner::Stream { .. } => "Body::Stream",
            Inner::Open(_) => "Body::Open",
        })
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BlockError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BlockError>>> {
        match &mut self.0 {
            Inner::Empty => Poll::Ready(None),
            Inner::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Inner::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Inner::Stream { stream, left } => match stream.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => {
                    *left = left.saturating_sub(bytes.len() as u64);
                    Poll::Ready(Some(Ok(Frame::data(bytes))))
                }
                Poll::Ready(Some(Err(error))) => {
                    // The status is on its way already: the connection is cut, and only the log knows why.
                    tracing::error!("an object could not be read to its end: {error}");
                    Poll::Ready(Some(Err(error)))
                }
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            },
            Inner::Open(stream) => stream
                .as_mut()
                .poll_next(context)
                .map(|next| next.map(|bytes| bytes.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Empty => true,
            Inner::Full(bytes) => bytes.is_empty(),
            Inner::Stream { left, .. } => *left == 0,
            Inner::Open(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match &self.0 {
            Inner::Empty => 0,
            Inner::Full(bytes) => bytes.len() as u64,
            Inner::Stream { left, .. } => *left,
            Inner::Open(_) => return SizeHint::default(),
        })
    }
}

/// Media type of every document.
pub(crate) const XML: HeaderValue = HeaderValue::from_static("application/xml");

/// A document.
pub(crate) fn document(status: StatusCode, xml: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::full(xml));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, XML);
    response
}

/// A status and nothing else.
pub(crate) fn bare(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, XML);
    response
}
