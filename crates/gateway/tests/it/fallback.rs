//! Requests for buckets nobody has here go on to another service as they came.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use lakefs_gateway::{BucketAlias, GatewayOptions};
use lakefs_runtime::TaskScope;
use tokio::net::TcpListener;

use crate::harness::{HOST, Lake};

/// What came to the other service.
type Seen = Arc<Mutex<Vec<(http::request::Parts, Bytes)>>>;

/// A service that answers everything alike, and tells what it was asked.
struct Other {
    address: SocketAddr,
    seen: Seen,
    _tasks: TaskScope,
}

async fn other() -> Other {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let tasks = TaskScope::new();
    let (inside, told) = (tasks.clone(), Arc::clone(&seen));
    tasks.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let told = Arc::clone(&told);
            let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                let told = Arc::clone(&told);
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    told.lock().unwrap().push((head, body));
                    Response::builder()
                        .status(203)
                        .header("etag", "\"other\"")
                        .header("keep-alive", "timeout=5")
                        .header("x-amz-request-id", "theirs")
                        .body(Full::<Bytes>::from("from the other"))
                }
            });
            inside.spawn(async move {
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                let _ended = connection.await;
            });
        }
    });
    Other {
        address,
        seen,
        _tasks: tasks,
    }
}

async fn lake(address: SocketAddr) -> Lake {
    let lake = Lake::with(GatewayOptions {
        fallback: Some(format!("http://{address}/below").parse().unwrap()),
        aliases: vec![BucketAlias {
            name: "flat".to_owned(),
            repository: "lake".to_owned(),
            reference: "main".to_owned(),
            prefix: String::new(),
        }],
        ..GatewayOptions::default()
    })
    .await;
    lake.create_repository("lake").await;
    lake
}

#[tokio::test]
async fn a_request_for_an_unknown_bucket_goes_on_as_it_came() {
    let other = other().await;
    let lake = lake(other.address).await;
    let target = "/elsewhere/a%2Fb//c%20d?list-type=2&x=%3D";
    let call = lake.get(target).header("connection", "x-private");
    let answer = call.header("x-private", "1").send().await.expect(203);
    assert_eq!(answer.text(), "from the other");
    assert_eq!(answer.header("etag"), "\"other\"");
    assert_eq!(answer.header("keep-alive"), "");
    assert_eq!(answer.header("content-length"), "14");
    assert_ne!(answer.header("x-amz-request-id"), "theirs");
    let (head, _) = other.seen.lock().unwrap().remove(0);
    assert_eq!(head.uri.to_string(), format!("/below{target}"));
    assert_eq!(head.headers["host"], HOST);
    let signature = head.headers["authorization"].to_str().unwrap();
    assert!(signature.starts_with("AWS4-HMAC-SHA256"), "{signature}");
    assert!(head.headers.contains_key("x-amz-date"));
    assert!(!head.headers.contains_key("x-private"));
    // Names no repository can have, and requests that would be refused here.
    for call in [
        lake.get("/Some.Bucket_Name/k?versionId=7"),
        lake.put("/new-bucket"),
        lake.get("/elsewhere?acl"),
    ] {
        call.send().await.expect(203);
    }
    let head = lake.head("/elsewhere/k").send().await.expect(203);
    assert_eq!(head.header("content-length"), "14");
    assert!(head.body.is_empty());
    assert_eq!(other.seen.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn bodies_go_on_too() {
    let other = other().await;
    let lake = lake(other.address).await;
    let bytes = vec![7; 3 << 20];
    let put = lake.put("/elsewhere/k").body(bytes.clone()).send().await;
    put.expect(203);
    let (head, body) = other.seen.lock().unwrap().remove(0);
    assert_eq!(head.method, "PUT");
    assert!(body == bytes);
}

#[tokio::test]
async fn what_is_here_stays_here() {
    let other = other().await;
    let lake = lake(other.address).await;
    lake.put_object("lake", "main/x", b"hello").await;
    assert_eq!(lake.get("/lake/main/x").send().await.text(), "hello");
    assert_eq!(lake.get("/flat/x").send().await.text(), "hello");
    lake.get("/").send().await.expect(200);
    let missing = lake.get("/lake/main/y").send().await;
    assert_eq!(missing.refusal(), (404, "NoSuchKey"));
    let unsigned = lake.get("/elsewhere/k").unsigned().send().await;
    assert_eq!(unsigned.refusal(), (403, "AccessDenied"));
    // What came back from the other service is not sent there again.
    let again = lake.get("/elsewhere/k").header("x-lakefs-rs-fallback", "1");
    assert_eq!(again.send().await.refusal(), (404, "NoSuchBucket"));
    assert!(other.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_service_that_is_away_is_told_as_such() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let lake = lake(nobody).await;
    let answer = lake.get("/elsewhere/k").send().await;
    assert_eq!(answer.refusal(), (503, "ServiceUnavailable"));
    let answer = lake.put("/elsewhere/k").body("bytes").send().await;
    assert_eq!(answer.refusal(), (503, "ServiceUnavailable"));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_silent_is_not_waited_for_forever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let lake = lake(listener.local_addr().unwrap()).await;
    let (answer, accepted) = tokio::join!(lake.get("/elsewhere/k").send(), listener.accept());
    assert_eq!(answer.refusal(), (503, "ServiceUnavailable"));
    drop(accepted);
}
