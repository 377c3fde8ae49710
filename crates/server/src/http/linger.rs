//! Closing a connection on a client that is still sending.
//!
//! A request that is refused before its body has been read leaves bytes in the socket. Closing that makes
//! the kernel answer with a reset, which overtakes the refusal: the client sees a broken connection and
//! sends everything again. So our side is closed first, and what still comes is thrown away until the client has
//! read the answer and closes too, for a bounded time. Only connections on which a body was refused are closed
//! this way; a client that keeps a connection for later would hold up the others.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How long a client may go on sending.
const LINGER: Duration = Duration::from_secs(3);
const SCRATCH_BYTES: usize = 16 << 10;
/// Reads in one turn; others are served between two turns.
const READS: usize = 16;

/// Whether the last answer on a connection was a refusal of a request with a body.
#[derive(Debug, Clone, Default)]
pub(super) struct Refused(Arc<AtomicBool>);

impl Refused {
    pub(super) fn set(&self, refused: bool) {
        self.0.store(refused, Ordering::Relaxed);
    }
}

/// A connection that is closed in steps.
#[derive(Debug)]
pub(super) struct Lingering<S> {
    stream: S,
    refused: Refused,
    closing: Closing,
}

#[derive(Debug)]
enum Closing {
    No,
    /// Our side is closed.
    Reading(Pin<Box<Sleep>>),
    Done,
}

impl<S> Lingering<S> {
    pub(super) fn new(stream: S, refused: Refused) -> Self {
        Self {
            stream,
            refused,
            closing: Closing::No,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match &mut this.closing {
                Closing::No => {
                    ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
                    this.closing = if this.refused.0.load(Ordering::Relaxed) {
                        Closing::Reading(Box::pin(tokio::time::sleep(LINGER)))
                    } else {
                        Closing::Done
                    };
                }
                Closing::Reading(deadline) => {
                    if deadline.as_mut().poll(context).is_pending()
                        && ready!(throw_away(&mut this.stream, context))
                    {
                        context.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    this.closing = Closing::Done;
                }
                Closing::Done => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// Reads for a turn; answers whether there may be more.
fn throw_away<S: AsyncRead + Unpin>(stream: &mut S, context: &mut Context<'_>) -> Poll<bool> {
    let mut scratch = [0; SCRATCH_BYTES];
    for _ in 0..READS {
        let mut buffer = ReadBuf::new(&mut scratch);
        match ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer)) {
            Ok(()) if !buffer.filled().is_empty() => {}
            Ok(()) | Err(_) => return Poll::Ready(false),
        }
    }
    Poll::Ready(true)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    const SENT: usize = 8 << 20;

    /// Answers a client that is sending, closes, and tells what the client got of the answer.
    async fn refused(told: bool) -> io::Result<Vec<u8>> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let refused = Refused::default();
        refused.set(told);
        let mut server = Lingering::new(stream, refused);
        let mut first = [0; 4];
        client.write_all(b"body").await.unwrap();
        server.read_exact(&mut first).await.unwrap();
        let serving = async move {
            server.write_all(b"refused").await.unwrap();
            server.shutdown().await.unwrap();
        };
        let sending = async move {
            client.write_all(&vec![0; SENT]).await?;
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await?;
            Ok(answer)
        };
        let ((), answer) = tokio::join!(serving, sending);
        answer
    }

    #[tokio::test]
    async fn a_client_that_is_still_sending_gets_the_answer() {
        assert_eq!(refused(true).await.unwrap(), b"refused");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_ends_is_left() {
        let (client, stream) = tokio::io::duplex(64);
        let refused = Refused::default();
        refused.set(true);
        let started = tokio::time::Instant::now();
        Lingering::new(stream, refused).shutdown().await.unwrap();
        assert!(started.elapsed() >= LINGER);
        drop(client);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_keeps_a_connection_for_later_is_not_waited_for() {
        let (client, stream) = tokio::io::duplex(64);
        let started = tokio::time::Instant::now();
        Lingering::new(stream, Refused::default())
            .shutdown()
            .await
            .unwrap();
        assert_eq!(started.elapsed(), Duration::ZERO);
        drop(client);
    }
}
