//! Bodies that stream, over a real connection: large both ways, and broken off in the middle.

use std::time::Duration;

use axum::body::Body;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use lakefs_testkit::{KEY, SECRET, basic};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use crate::harness::{Lake, MAIN, REPO};

/// Serves one connection at a time on a free port.
async fn listen(lake: &Lake) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let api = lake.api.clone();
    let tasks = lakefs_runtime::TaskScope::new();
    let serving = tasks.clone();
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let api = api
                .clone()
                .map_request(|request: http::Request<hyper::body::Incoming>| {
                    request.map(Body::new)
                });
            serving.spawn(async move {
                let service = TowerToHyperService::new(api);
                let builder = Builder::new(TokioExecutor::new());
                let served = builder
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
                drop(served);
            });
        }
    });
    address
}

fn upload_head(path: &str, content_type: &str, length: usize) -> String {
    format!(
        "POST /api/v1{MAIN}/objects?path={path} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n",
        basic(KEY, SECRET)
    )
}

async fn is_there(lake: &Lake, path: &str) -> bool {
    let stat = format!("{REPO}/refs/main/objects/stat?path={path}");
    lake.get(&stat).send().await.status == 200
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let lake = Lake::with_repository().await;
    let address = listen(&lake).await;
    let before = lake.blocks.as_ref().unwrap().locations().len();
    for (content_type, body) in [
        ("application/octet-stream", "half of it"),
        (
            "multipart/form-data; boundary=XX",
            "--XX\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\nhalf of it",
        ),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = upload_head("broken", content_type, 1000);
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(!answer.contains(" 201 "), "{answer}");
    }
    assert!(!is_there(&lake, "broken").await);
    assert_eq!(lake.blocks.as_ref().unwrap().locations().len(), before);
}

#[tokio::test]
async fn a_form_cut_short_of_its_end_is_refused() {
    let lake = Lake::with_repository().await;
    let body =
        "--XX\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\nall of it, it seems";
    let answer = lake
        .post(&format!("{MAIN}/objects?path=cut"))
        .text("multipart/form-data; boundary=XX", body)
        .send()
        .await;
    assert_eq!(answer.refusal().0, 400);
    assert!(!is_there(&lake, "cut").await);
}

#[tokio::test]
async fn large_objects_stream_both_ways() {
    const LENGTH: usize = 24 << 20;
    let lake = Lake::with_repository().await;
    let address = listen(&lake).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = upload_head("large", "application/octet-stream", LENGTH);
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = vec![7; 1 << 20];
    for _ in 0..LENGTH >> 20 {
        stream.write_all(&chunk).await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");

    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/v1{REPO}/refs/main/objects?path=large HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nConnection: close\r\n\r\n",
        basic(KEY, SECRET)
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let reading = stream.read_to_end(&mut received);
    tokio::time::timeout(Duration::from_secs(30), reading)
        .await
        .unwrap()
        .unwrap();
    let body = received
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap()
        + 4;
    assert_eq!(received.len() - body, LENGTH);
    assert!(received[body..].iter().all(|byte| *byte == 7));
}

#[tokio::test]
async fn a_refused_upload_is_answered_though_the_client_still_sends() {
    const LENGTH: usize = 6 << 20;
    let lake = Lake::with_repository().await;
    let address = listen(&lake).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = upload_head("x", "application/octet-stream", LENGTH);
    let head = head.replace("/branches/main/", "/branches/nope/");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![7; LENGTH]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

/// A client that asks before it sends is told no, without "go on": it would send everything for nothing.
#[tokio::test]
async fn a_client_that_asks_first_need_not_send_what_is_refused() {
    let lake = Lake::with_repository().await;
    let address = listen(&lake).await;
    let asking = "\r\nExpect: 100-continue\r\n\r\n";
    let upload = upload_head("x", "application/octet-stream", 6 << 20);
    let upload = upload.replace("/branches/main/", "/branches/nope/");
    let json = format!(
        "POST /api/v1{REPO}/branches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000000\r\n\r\n"
    );
    for (head, status) in [(upload, "404"), (json, "413")] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = head.replace("\r\n\r\n", asking);
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let reading = stream.read_to_string(&mut answer);
        tokio::time::timeout(Duration::from_secs(1), reading)
            .await
            .unwrap()
            .unwrap();
        let first = format!("HTTP/1.1 {status}");
        assert!(answer.starts_with(&first), "{answer}");
    }
}

#[tokio::test]
async fn a_json_body_that_breaks_off_changes_nothing() {
    let lake = Lake::with_repository().await;
    let address = listen(&lake).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1{REPO}/branches HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"name\":\"dev\",",
        basic(KEY, SECRET)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(!answer.contains(" 201 "), "{answer}");
    let branch = lake.get(&format!("{REPO}/branches/dev")).send().await;
    assert_eq!(branch.status, 404);
}
