//! Accepts connections and serves them until told to stop; then lets running requests finish.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::Request;
use hyper::body::{Body as _, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use lakefs_runtime::TaskScope;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::linger::{Lingering, Refused};
use super::{App, Door};

/// A client gets this long to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_mins(1);
/// And this long for its side of a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const BACKLOG: u32 = 4096;
/// Most bytes of a request's headers over HTTP/2.
const MAX_HEADERS: u32 = 64 << 10;

/// A listener and what is served there.
pub(crate) type OpenDoor = (TcpListener, Door);

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    #[error("{address:?} is not an address and port")]
    Address {
        address: String,
        #[source]
        source: std::io::Error,
    },
    #[error("port {} is in use by another program ({address})", address.port())]
    InUse { address: SocketAddr },
    #[error("cannot listen on {address}")]
    Other {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
}

/// An address that is ours and not yet served: a port in use shows before any store is opened, and
/// nobody connects before there are answers.
#[derive(Debug)]
pub(crate) struct Reserved {
    socket: TcpSocket,
    address: SocketAddr,
}

/// Reserves the address of the settings: `host:port`, or `:port` for all interfaces.
pub(crate) async fn reserve(address: &str) -> Result<Reserved, ListenError> {
    let named = if address.starts_with(':') {
        format!("0.0.0.0{address}")
    } else {
        address.to_owned()
    };
    let unresolved = |source| ListenError::Address {
        address: address.to_owned(),
        source,
    };
    let resolved = tokio::net::lookup_host(&named)
        .await
        .map_err(unresolved)?
        .next();
    let address =
        resolved.ok_or_else(|| unresolved(std::io::Error::from(std::io::ErrorKind::NotFound)))?;
    let socket = bind(address).map_err(|source| refused(address, source))?;
    Ok(Reserved { socket, address })
}

impl Reserved {
    /// Begins to take connections.
    pub(crate) fn listen(self) -> Result<TcpListener, ListenError> {
        self.socket
            .listen(BACKLOG)
            .map_err(|source| refused(self.address, source))
    }
}

fn bind(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restarted server takes its port back from connections that linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn refused(address: SocketAddr, source: std::io::Error) -> ListenError {
    if source.kind() == std::io::ErrorKind::AddrInUse {
        ListenError::InUse { address }
    } else {
        ListenError::Other { address, source }
    }
}

/// Serves until `stop` resolves, then waits up to `grace` for running requests. Answers how many
/// connections were still busy after that.
pub(crate) async fn serve(
    doors: Vec<OpenDoor>,
    tls: Option<TlsAcceptor>,
    app: Arc<App>,
    stop: impl Future<Output = ()> + Send,
    grace: Duration,
) -> usize {
    let tasks = TaskScope::new();
    let graceful = GracefulShutdown::new();
    let server = Arc::new(server());
    let mut turn = 0_usize;
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&doors, &mut turn) => accepted,
            () = &mut stop => break,
        };
        let (stream, peer, door) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Usually too many open files: accepting again at once would spin.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot accept a connection"
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Without it small answers wait for the client's acknowledgement of the one before.
        let _best_effort = stream.set_nodelay(true);
        let connection = Connection {
            app: Arc::clone(&app),
            server: Arc::clone(&server),
            watcher: graceful.watcher(),
            peer,
            door,
        };
        let _detached = match &tls {
            None => tasks.spawn(connection.serve(stream)),
            Some(acceptor) => tasks.spawn(connection.serve_tls(acceptor.clone(), stream)),
        };
    }
    drop(doors);
    let busy = graceful.count();
    if busy > 0 {
        tracing::info!(connections = busy, "waiting for open connections");
    }
    // Asked again after the wait: `shutdown` consumes the counter.
    let remaining = tokio::time::timeout(grace, graceful.shutdown()).await;
    if remaining.is_ok() { 0 } else { busy }
}

/// The next connection, at any of the doors. They take turns: a busy one does not keep the others waiting.
async fn accept(
    doors: &[OpenDoor],
    turn: &mut usize,
) -> std::io::Result<(TcpStream, SocketAddr, Door)> {
    *turn = turn.wrapping_add(1);
    std::future::poll_fn(|context| {
        for offset in 0..doors.len() {
            let Some((listener, door)) = doors.get((turn.wrapping_add(offset)) % doors.len())
            else {
                continue;
            };
            if let Poll::Ready(accepted) = listener.poll_accept(context) {
                return Poll::Ready(accepted.map(|(stream, peer)| (stream, peer, *door)));
            }
        }
        Poll::Pending
    })
    .await
}

fn server() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(256)
        .max_header_list_size(MAX_HEADERS)
        .initial_connection_window_size(4 << 20)
        .initial_stream_window_size(1 << 20)
        .keep_alive_interval(Duration::from_mins(1));
    builder
}

struct Connection {
    app: Arc<App>,
    server: Arc<Builder<TokioExecutor>>,
    watcher: hyper_util::server::graceful::Watcher,
    peer: SocketAddr,
    door: Door,
}

impl Connection {
    async fn serve_tls(self, acceptor: TlsAcceptor, stream: TcpStream) {
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream).await,
            Ok(Err(error)) => {
                tracing::debug!(peer = %self.peer, error = &error as &dyn std::error::Error, "TLS handshake failed");
            }
            Err(_elapsed) => tracing::debug!(peer = %self.peer, "TLS handshake took too long"),
        }
    }

    async fn serve<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Self {
            app,
            server,
            watcher,
            peer,
            door,
        } = self;
        let refused = Refused::default();
        let stream = Lingering::new(stream, refused.clone());
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let (app, refused) = (Arc::clone(&app), refused.clone());
            async move {
                let has_body = !request.body().is_end_stream();
                let answer = app.answer(request, peer, door).await;
                refused.set(has_body && !answer.status().is_success());
                Ok::<_, std::convert::Infallible>(answer)
            }
        });
        let connection = server
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%peer, error = error.as_ref() as &dyn std::error::Error, "connection ended early");
        }
    }
}
