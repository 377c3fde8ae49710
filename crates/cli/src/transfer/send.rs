//! A request body that streams (part of) a file, counts and checksums what went out.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncRead, AsyncSeekExt as _, ReadBuf};

use super::checksum::Checksum;
use crate::client::RequestBody;
use crate::error::{Error, Result};
use crate::ui::Bar;

const CHUNK: usize = 128 << 10;

/// What was sent, readable while it is being sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent(Arc<Mutex<Checksum>>);

impl Sent {
    /// The checksum of what was sent.
    pub(crate) fn checksum(&self) -> Checksum {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn add(&self, content: &[u8]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .update(content);
    }
}

/// Streams a reader; `left` is how much is still to come, when that is known.
struct Stream<R> {
    reader: R,
    left: Option<u64>,
    sent: Sent,
    bar: Bar,
}

impl<R: AsyncRead + Unpin> Body for Stream<R> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if this.left == Some(0) {
            return Poll::Ready(None);
        }
        let want = this.left.map_or(CHUNK, |left| {
            usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)
        });
        let mut chunk = BytesMut::zeroed(want);
        let mut buffer = ReadBuf::new(&mut chunk);
        if let Err(error) = ready!(Pin::new(&mut this.reader).poll_read(context, &mut buffer)) {
            return Poll::Ready(Some(Err(error)));
        }
        let read = buffer.filled().len();
        if read == 0 {
            return Poll::Ready(this.left.map(|_| {
                Err(io::Error::other(
                    "the file became shorter while it was being uploaded",
                ))
            }));
        }
        chunk.truncate(read);
        this.sent.add(&chunk);
        this.bar.advance(read as u64);
        if let Some(left) = &mut this.left {
            *left = left.saturating_sub(read as u64);
        }
        Poll::Ready(Some(Ok(Frame::data(chunk.freeze()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// `length` bytes of a file from `offset`.
pub(crate) async fn file_body(
    path: &Path,
    offset: u64,
    length: u64,
    bar: &Bar,
) -> Result<(RequestBody, Sent)> {
    let open = async {
        let mut file = tokio::fs::File::open(path).await?;
        if offset > 0 {
            file.seek(io::SeekFrom::Start(offset)).await?;
        }
        Ok(file)
    };
    let reader = open
        .await
        .map_err(|error| Error::file("open", path, &error))?;
    let sent = Sent::default();
    let stream = Stream {
        reader,
        left: Some(length),
        sent: sent.clone(),
        bar: bar.clone(),
    };
    Ok((stream.boxed_unsync(), sent))
}

/// Everything a reader gives, until it ends.
pub(crate) fn endless_body(
    reader: impl AsyncRead + Send + Unpin + 'static,
    bar: &Bar,
) -> (RequestBody, Sent) {
    let sent = Sent::default();
    let stream = Stream {
        reader,
        left: None,
        sent: sent.clone(),
        bar: bar.clone(),
    };
    (stream.boxed_unsync(), sent)
}
