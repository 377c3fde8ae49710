//! TLS and proxies.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::fake_lake::{FakeLake, Offers};
use crate::lakectl::{Home, Outcome, finish};

/// Answers `identity` over TLS with a certificate for `localhost` and `lake.example` that only those
/// trust who are told to.
struct SecureLake {
    address: SocketAddr,
    certificate: String,
    connections: Arc<AtomicUsize>,
    runtime: Runtime,
}

impl SecureLake {
    fn start() -> Self {
        let names = vec!["localhost".to_owned(), "lake.example".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        runtime.handle().spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                if let Ok(socket) = acceptor.accept(socket).await {
                    serve(socket).await;
                }
            }
        });
        Self {
            address,
            certificate: made.cert.pem(),
            connections,
            runtime,
        }
    }

    fn identity(&self, home: &Home, trusted: bool, proxy: Option<SocketAddr>) -> Outcome {
        let mut command = home.command(&["identity"]);
        let certificate = home.write("ca.pem", &self.certificate);
        if trusted {
            command.env("SSL_CERT_FILE", certificate);
        }
        if let Some(proxy) = proxy {
            command.env("HTTPS_PROXY", format!("user:pass@{proxy}"));
        }
        finish(command, b"")
    }

    /// A proxy that tunnels to this server whatever it is asked for.
    fn proxy(&self) -> SocketAddr {
        let target = self.address;
        let listener = self
            .runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = listener.local_addr().unwrap();
        self.runtime.handle().spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let request = read_head(&mut socket).await;
                let wanted = "CONNECT lake.example:443 HTTP/1.1\r\n";
                let authorized = request.contains("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n");
                if !request.starts_with(wanted) || !authorized {
                    socket.write_all(b"HTTP/1.1 407 No\r\n\r\n").await.unwrap();
                    continue;
                }
                socket
                    .write_all(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n")
                    .await
                    .unwrap();
                let mut server = TcpStream::connect(target).await.unwrap();
                drop(tokio::io::copy_bidirectional(&mut socket, &mut server).await);
            }
        });
        address
    }
}

async fn read_head(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

async fn serve(mut socket: impl AsyncRead + AsyncWrite + Unpin) {
    let request = read_head(&mut socket).await;
    assert!(
        request.starts_with("GET /api/v1/user HTTP/1.1\r\n"),
        "{request}"
    );
    let body = r#"{"user":{"id":"ann","creation_date":0}}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    drop(socket.write_all(answer.as_bytes()).await);
    drop(socket.shutdown().await);
}

#[test]
fn a_trusted_certificate_is_accepted_and_another_refused_at_once() {
    let lake = SecureLake::start();
    let home = Home::with_url(format!("https://localhost:{}", lake.address.port()));
    assert!(
        lake.identity(&home, true, None)
            .ok()
            .starts_with("User ID:          ann\n")
    );
    assert_eq!(lake.connections.load(Ordering::SeqCst), 1);
    let message = lake.identity(&home, false, None).error();
    assert!(
        message.contains("tls: invalid peer certificate"),
        "{message}"
    );
    assert!(!message.contains("giving up"), "{message}");
    assert_eq!(
        lake.connections.load(Ordering::SeqCst),
        2,
        "it was not tried again"
    );
}

#[test]
fn encrypted_requests_go_through_a_tunnel() {
    let lake = SecureLake::start();
    let home = Home::with_url("https://lake.example");
    let outcome = lake.identity(&home, true, Some(lake.proxy()));
    assert!(outcome.ok().starts_with("User ID:          ann\n"));
}

#[test]
fn plain_requests_are_handed_to_the_proxy() {
    let lake = FakeLake::start(Offers::default());
    lake.put("a", "content");
    let home = Home::with_url("http://lake.example");
    let mut command = home.command(&["fs", "cat", "lakefs://repo/main/a"]);
    command.env("http_proxy", lake.url());
    assert_eq!(finish(command, b"").ok(), "content");
    assert!(
        lake.log()[0].starts_with("GET http://lake.example/api/v1/"),
        "{:?}",
        lake.log()
    );
}
