//! The S3 client over TLS.

use std::sync::Arc;

use lakefs_block::{BlockError, BlockStore as _, S3BlockStore, S3Options};
use lakefs_runtime::TaskScope;
use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::s3::{at, options, store};

/// A service with a certificate of its own making, whose every object has three bytes. Answers its port
/// and the heads of the requests it gets.
async fn service(tasks: &TaskScope) -> (u16, Arc<Mutex<Vec<String>>>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    drop(tasks.spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            // A client that does not trust us breaks off.
            let Ok(mut connection) = acceptor.accept(connection).await else {
                continue;
            };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(connection.read_u8().await.unwrap());
            }
            seen.lock().push(String::from_utf8(head).unwrap());
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n";
            connection.write_all(answer).await.unwrap();
            connection.shutdown().await.unwrap();
        }
    }));
    (port, heads)
}

fn client(port: u16, skip_verify: bool) -> S3BlockStore {
    let settings = S3Options {
        skip_verify_certificate_test_only: skip_verify,
        max_retries: 0,
        discover_bucket_region: false,
        ..options(format!("https://localhost:{port}"))
    };
    store(settings, TaskScope::new())
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_unless_told_otherwise() {
    let tasks = TaskScope::new();
    let (port, heads) = service(&tasks).await;
    let refused = client(port, false).head(&at("k")).await;
    assert!(
        matches!(refused, Err(BlockError::Unavailable { .. })),
        "{refused:?}"
    );
    assert!(heads.lock().is_empty());
    let info = client(port, true).head(&at("k")).await.unwrap().unwrap();
    assert_eq!(info.size, 3);
    let head = heads.lock().concat();
    assert!(
        head.contains("x-amz-content-sha256: UNSIGNED-PAYLOAD"),
        "{head}"
    );
}
