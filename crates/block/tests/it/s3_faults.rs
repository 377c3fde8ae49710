//! The S3 client on a bad line.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use lakefs_block::conformance::{chunked, pattern};
use lakefs_block::{
    BlockError, BlockStore as _, MultipartStore as _, PutBody, PutOptions, S3BlockStore, S3Options,
};
use lakefs_runtime::TaskScope;

use crate::moto;
use crate::proxy::{Fault, Proxy};
use crate::s3::{at, options, store};

async fn through_proxy(retries: u32) -> Option<(Proxy, S3BlockStore)> {
    let proxy = Proxy::start(moto::port()?).await;
    let settings = S3Options {
        max_retries: retries,
        response_timeout: Duration::from_secs(20),
        ..options(format!("http://{}", proxy.address))
    };
    let store = store(settings, proxy.tasks());
    Some((proxy, store))
}

const BAD: [Fault; 4] = [
    Fault::Reset,
    Fault::Answer(503, "SlowDown"),
    Fault::Answer(500, "InternalError"),
    Fault::LoseAnswer,
];

#[tokio::test]
async fn single_calls_survive_passing_faults() {
    let Some((proxy, store)) = through_proxy(1).await else {
        return;
    };
    let bytes = pattern(100_000, 31);
    for fault in BAD {
        proxy.plan("PUT /lake/passing", fault);
        let body = PutBody::from_bytes(bytes.clone());
        store
            .put(&at("passing"), body, &PutOptions::default())
            .await
            .unwrap();
        proxy.plan("HEAD /lake/passing", fault);
        assert_eq!(
            store.head(&at("passing")).await.unwrap().unwrap().size,
            100_000
        );
        proxy.plan("GET /lake/passing", fault);
        let got = store.get(&at("passing"), None).await.unwrap();
        assert!(got.collect(1 << 20).await.unwrap() == bytes);
        proxy.plan("PUT /lake/copy", fault);
        store.copy(&at("passing"), &at("copy")).await.unwrap();
        proxy.plan("DELETE /lake/copy", fault);
        store.delete(&at("copy")).await.unwrap();
        assert_eq!(store.head(&at("copy")).await.unwrap(), None);
        assert_eq!(proxy.pending(), 0);
    }
}

#[tokio::test]
async fn uploads_in_parts_survive_passing_faults() {
    let Some((proxy, store)) = through_proxy(2).await else {
        return;
    };
    let bytes = pattern(18 << 20, 32);
    for fault in BAD {
        proxy.plan("POST /lake/parts?uploads", fault);
        proxy.plan("partNumber=2", fault);
        proxy.plan("POST /lake/parts?uploadId", fault);
        let body = chunked(&bytes, 1 << 20, None);
        let stored = store.put(&at("parts"), body, &PutOptions::default()).await;
        stored.unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
        let got = store.get(&at("parts"), None).await.unwrap();
        assert!(got.collect(1 << 30).await.unwrap() == bytes);
        assert_eq!(proxy.pending(), 0);
    }
}

/// The rest of the body comes only after the fault, so that nothing but its beginning can be lost.
#[tokio::test]
async fn a_body_that_has_only_begun_is_sent_again() {
    let Some((proxy, store)) = through_proxy(1).await else {
        return;
    };
    let proxy = Arc::new(proxy);
    let bytes = pattern(10 << 20, 33);
    proxy.plan("PUT /lake/begun", Fault::Reset);
    let (beginning, rest) = (bytes.slice(..2 << 20), bytes.slice(2 << 20..));
    let waiting = {
        let proxy = Arc::clone(&proxy);
        async move {
            while proxy.pending() > 0 {
                tokio::task::yield_now().await;
            }
            Ok(rest)
        }
    };
    let body = PutBody {
        stream: Box::pin(stream::iter([Ok(beginning)]).chain(stream::once(waiting))),
        length: Some(bytes.len() as u64),
    };
    let stored = store.put(&at("begun"), body, &PutOptions::default()).await;
    assert_eq!(stored.unwrap().size, bytes.len() as u64);
    let got = store.get(&at("begun"), None).await.unwrap();
    assert!(got.collect(1 << 30).await.unwrap() == bytes);
    assert_eq!(proxy.seen("PUT /lake/begun").len(), 2);
}

/// What was sent and is not kept cannot be sent again: the caller is told to.
#[tokio::test]
async fn a_body_that_is_gone_is_unavailable() {
    let Some((proxy, store)) = through_proxy(3).await else {
        return;
    };
    proxy.plan("PUT /lake/gone", Fault::LoseAnswer);
    let body = chunked(&pattern(10 << 20, 34), 1 << 20, Some(10 << 20));
    let stored = store.put(&at("gone"), body, &PutOptions::default()).await;
    assert!(
        matches!(stored, Err(BlockError::Unavailable { .. })),
        "{stored:?}"
    );
    assert_eq!(proxy.seen("PUT /lake/gone").len(), 1);
}

#[tokio::test]
async fn a_lost_completion_is_recognised_as_done() {
    let Some((proxy, store)) = through_proxy(1).await else {
        return;
    };
    let place = at("completed");
    let id = store.create(&place, &PutOptions::default()).await.unwrap();
    let body = PutBody::from_bytes("part");
    let options = PutOptions::default();
    let part = store.upload_part(&place, &id, 1, body, &options).await;
    let part = part.unwrap();
    proxy.plan("POST /lake/completed?uploadId", Fault::LoseAnswer);
    let done = store.complete(&place, &id, &[part]).await.unwrap();
    assert_eq!(done.size, 4);
    assert_eq!(proxy.seen("POST /lake/completed?uploadId").len(), 2);
}

#[tokio::test]
async fn truncated_reads_go_on_where_they_broke() {
    let Some((proxy, store)) = through_proxy(2).await else {
        return;
    };
    let bytes = pattern(5_000_000, 33);
    let body = PutBody::from_bytes(bytes.clone());
    let options = PutOptions::default();
    store.put(&at("cut"), body, &options).await.unwrap();
    // Tries are counted anew after every break that brought something.
    for cut in [0, 1, 2_000_000, 1, 1, 1, 1, 0, 1_000_000] {
        proxy.plan("GET /lake/cut", Fault::Truncate(cut));
    }
    let got = store.get(&at("cut"), None).await.unwrap();
    assert!(got.collect(1 << 30).await.unwrap() == bytes);
    assert_eq!(proxy.pending(), 0);
    let resumed = &proxy.seen("GET /lake/cut")[1..];
    assert!(resumed.iter().all(|head| head.contains("if-match: ")));
}

#[tokio::test]
async fn a_truncated_read_without_retries_is_an_error_not_a_short_object() {
    let Some((proxy, store)) = through_proxy(0).await else {
        return;
    };
    let bytes = pattern(1_000_000, 34);
    let body = PutBody::from_bytes(bytes);
    store
        .put(&at("short"), body, &PutOptions::default())
        .await
        .unwrap();
    proxy.plan("GET /lake/short", Fault::Truncate(500_000));
    let got = store
        .get(&at("short"), None)
        .await
        .unwrap()
        .collect(1 << 30)
        .await;
    assert!(
        matches!(got, Err(BlockError::Unavailable { .. })),
        "{got:?}"
    );
}

#[tokio::test]
async fn lasting_faults_are_reported_as_what_they_are() {
    let Some((proxy, store)) = through_proxy(1).await else {
        return;
    };
    for (status, code) in [(503, "SlowDown"), (500, "InternalError")] {
        proxy.plan("PUT /lake/lasting", Fault::Answer(status, code));
        proxy.plan("PUT /lake/lasting", Fault::Answer(status, code));
        let body = PutBody::from_bytes("x");
        let stored = store
            .put(&at("lasting"), body, &PutOptions::default())
            .await;
        assert!(
            matches!(stored, Err(BlockError::Unavailable { .. })),
            "{stored:?}"
        );
        assert_eq!(proxy.pending(), 0);
    }
    proxy.plan("PUT /lake/lasting", Fault::Answer(403, "AccessDenied"));
    let body = PutBody::from_bytes("x");
    let stored = store
        .put(&at("lasting"), body, &PutOptions::default())
        .await;
    assert!(
        matches!(stored, Err(BlockError::Denied { .. })),
        "{stored:?}"
    );
    assert_eq!(proxy.seen("PUT /lake/lasting").len(), 5);
}

/// Copies and completions try again what comes inside of a 200: around a call that tried again by
/// itself, six tries became thirty-six.
#[tokio::test]
async fn tries_do_not_multiply() {
    let Some((proxy, store)) = through_proxy(2).await else {
        return;
    };
    let body = PutBody::from_bytes("x");
    store
        .put(&at("often"), body, &PutOptions::default())
        .await
        .unwrap();
    let (place, settings) = (at("parts-often"), PutOptions::default());
    let upload = store.create(&place, &settings).await.unwrap();
    let part = lakefs_block::UploadedPart {
        number: 1,
        etag: "d41d8cd98f00b204e9800998ecf8427e".to_owned(),
    };
    for _ in 0..3 {
        proxy.plan("PUT /lake/copied", Fault::Answer(503, "SlowDown"));
        proxy.plan(
            "POST /lake/parts-often?uploadId",
            Fault::Answer(503, "SlowDown"),
        );
    }
    let copied = store.copy(&at("often"), &at("copied")).await;
    assert!(
        matches!(copied, Err(BlockError::Unavailable { .. })),
        "{copied:?}"
    );
    let done = store.complete(&place, &upload, &[part]).await;
    assert!(
        matches!(done, Err(BlockError::Unavailable { .. })),
        "{done:?}"
    );
    assert_eq!(proxy.pending(), 0);
}

/// A service that takes connections and says nothing was waited for six times over.
#[tokio::test]
async fn a_silent_service_is_waited_for_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = S3Options {
        max_retries: 5,
        response_timeout: Duration::from_millis(300),
        ..options(format!("http://{}", listener.local_addr().unwrap()))
    };
    let store = store(settings, TaskScope::new());
    let head = store.head(&at("k")).await;
    assert!(
        matches!(head, Err(BlockError::Unavailable { .. })),
        "{head:?}"
    );
    listener.set_nonblocking(true).unwrap();
    assert_eq!(std::iter::from_fn(|| listener.accept().ok()).count(), 1);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable() {
    let settings = S3Options {
        max_retries: 1,
        ..options("http://127.0.0.1:1".to_owned())
    };
    let store = store(settings, TaskScope::new());
    let head = store.head(&at("k")).await;
    assert!(
        matches!(head, Err(BlockError::Unavailable { .. })),
        "{head:?}"
    );
    let secretless = S3Options {
        credentials: None,
        connect_timeout: Duration::from_millis(200),
        environment: [("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned())]
            .into_iter()
            .collect(),
        ..options("http://127.0.0.1:1".to_owned())
    };
    let store = crate::s3::store(secretless, TaskScope::new());
    let head = store.head(&at("k")).await;
    assert!(matches!(head, Err(BlockError::Denied { .. })), "{head:?}");
}
