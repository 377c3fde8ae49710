//! The S3 client against moto.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use lakefs_block::conformance::{self, Profile, chunked, pattern};
use lakefs_block::{
    Address, BlockError, BlockStore as _, Location, MultipartStore as _, Presign, PutBody,
    PutOptions, S3BlockStore, S3Options, StaticCredentials, UploadedPart,
};
use lakefs_runtime::{Backoff, Ids, SystemClock, TaskScope};
use lakefs_types::StorageNamespace;
use md5::{Digest as _, Md5};

use crate::moto;
use crate::proxy::{Proxy, SECRET};

pub(crate) fn options(endpoint: String) -> S3Options {
    S3Options {
        endpoint: Some(endpoint),
        force_path_style: true,
        credentials: Some(StaticCredentials {
            access_key_id: "id".to_owned(),
            secret_access_key: SECRET.to_owned(),
            session_token: None,
        }),
        max_retries: 3,
        backoff: Backoff {
            initial: Duration::from_millis(1),
            factor: 2.0,
            max: Duration::from_millis(5),
            jitter: 0.5,
        },
        ..S3Options::default()
    }
}

pub(crate) fn store(options: S3Options, tasks: TaskScope) -> S3BlockStore {
    let ids = Arc::new(Ids::system(Arc::new(SystemClock)));
    S3BlockStore::new(options, ids, tasks).unwrap()
}

pub(crate) fn at(key: &str) -> Location {
    Location {
        bucket: "lake".to_owned(),
        key: key.to_owned(),
    }
}

#[tokio::test]
async fn it_conforms() {
    let Some(port) = moto::port() else { return };
    let proxy = Proxy::start(port).await;
    let store = store(options(format!("http://{}", proxy.address)), proxy.tasks());
    let namespace = StorageNamespace::new("s3://lake/conformance").unwrap();
    let profile = Profile {
        min_part_bytes: 5 << 20,
        refuses_dot_segments: false,
        stand_in: true,
    };
    conformance::run(Arc::new(store), &namespace, profile).await;
}

#[tokio::test]
async fn large_bodies_go_in_parts_and_come_back() {
    let Some(port) = moto::port() else { return };
    let proxy = Proxy::start(port).await;
    let store = store(options(format!("http://{}", proxy.address)), proxy.tasks());
    for (size, declared, parts) in [(37 << 20, false, 5), ((64 << 20) + 1, true, 9)] {
        let bytes = pattern(size, 21);
        let body = chunked(&bytes, 1 << 20, declared.then_some(size as u64));
        let before = proxy.seen("PUT /lake/large?partNumber").len();
        let stored = store.put(&at("large"), body, &PutOptions::default()).await;
        assert_eq!(stored.unwrap().size, size as u64);
        let got = store.get(&at("large"), None).await.unwrap();
        assert!(got.collect(1 << 30).await.unwrap() == bytes);
        let seen = proxy.seen("PUT /lake/large?partNumber").len() - before;
        assert_eq!(seen, parts);
    }
    let puts = proxy.seen("PUT /lake/");
    assert!(
        puts.iter()
            .all(|head| head.to_ascii_lowercase().contains("\r\ncontent-md5: "))
    );
}

#[tokio::test]
async fn middling_bodies_go_as_they_arrive() {
    let Some(port) = moto::port() else { return };
    let proxy = Proxy::start(port).await;
    let store = store(options(format!("http://{}", proxy.address)), proxy.tasks());
    for size in [(8 << 20) + 1, 64 << 20] {
        let bytes = pattern(size, 23);
        let body = chunked(&bytes, 300_000, Some(size as u64));
        let stored = store
            .put(&at("middling"), body, &PutOptions::default())
            .await
            .unwrap();
        assert_eq!(stored.size, size as u64);
        assert_eq!(stored.md5, hex::encode(Md5::digest(&bytes)));
        let got = store.get(&at("middling"), None).await.unwrap();
        assert!(got.collect(1 << 30).await.unwrap() == bytes);
    }
    assert_eq!(proxy.seen("/lake/middling?").len(), 0, "no parts");
    let expects_another = PutOptions {
        expected_md5: Some([7; 16]),
        ..PutOptions::default()
    };
    let body = chunked(&pattern(9 << 20, 24), 1 << 20, Some(9 << 20));
    let refused = store.put(&at("another"), body, &expects_another).await;
    assert!(
        matches!(refused, Err(BlockError::DigestMismatch { .. })),
        "{refused:?}"
    );
    for declared in [(9 << 20) + 1, (9 << 20) - 1] {
        let body = chunked(&pattern(9 << 20, 24), 1 << 20, Some(declared));
        let broken = store
            .put(&at("another"), body, &PutOptions::default())
            .await;
        assert!(
            matches!(broken, Err(BlockError::BodyLength { .. })),
            "{broken:?}"
        );
    }
    assert_eq!(store.head(&at("another")).await.unwrap(), None);
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_no_upload() {
    let Some(port) = moto::port() else { return };
    let proxy = Proxy::start(port).await;
    let store = store(options(format!("http://{}", proxy.address)), proxy.tasks());
    let bytes = pattern(20 << 20, 22);
    let body = chunked(&bytes, 1 << 20, Some((64 << 20) + 1));
    let stored = store.put(&at("broken"), body, &PutOptions::default()).await;
    assert!(
        matches!(stored, Err(BlockError::BodyLength { .. })),
        "{stored:?}"
    );
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while proxy.seen("DELETE /lake/broken?uploadId").is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "no abort was seen");
        tokio::task::yield_now().await;
    }
    assert_eq!(store.head(&at("broken")).await.unwrap(), None);
}

#[tokio::test]
async fn buckets_elsewhere_are_signed_for_their_region() {
    let Some(port) = moto::port() else { return };
    let proxy = Proxy::start(port).await;
    let store = store(options(format!("http://{}", proxy.address)), proxy.tasks());
    let faraway = Location {
        bucket: "faraway".to_owned(),
        key: "k".to_owned(),
    };
    let body = PutBody::from_bytes("x");
    store
        .put(&faraway, body, &PutOptions::default())
        .await
        .unwrap();
    let heads = proxy.seen("PUT /faraway/k");
    assert!(heads[0].contains("/eu-west-1/s3/aws4_request"), "{heads:?}");
    assert_eq!(proxy.seen("HEAD /faraway/ ").len(), 1);
}

#[tokio::test]
async fn absent_buckets_and_options_of_new_objects() {
    let Some(port) = moto::port() else { return };
    let proxy = Proxy::start(port).await;
    let settings = S3Options {
        server_side_encryption: Some("aws:kms".to_owned()),
        server_side_encryption_kms_key_id: Some("alias/lake".to_owned()),
        ..options(format!("http://{}", proxy.address))
    };
    let store = store(settings, proxy.tasks());
    let nowhere = Location {
        bucket: "nowhere".to_owned(),
        key: "k".to_owned(),
    };
    let put = |place| {
        let options = PutOptions {
            content_type: Some("text/x-test".to_owned()),
            storage_class: Some("STANDARD_IA".to_owned()),
            ..PutOptions::default()
        };
        let (store, body) = (store.clone(), PutBody::from_bytes("x"));
        async move { store.put(&place, body, &options).await }
    };
    let refused = put(nowhere).await;
    assert!(
        matches!(refused, Err(BlockError::InvalidAddress { .. })),
        "{refused:?}"
    );
    put(at("dressed")).await.unwrap();
    let head = proxy.seen("PUT /lake/dressed")[0].to_ascii_lowercase();
    for header in [
        "x-amz-server-side-encryption: aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id: alias/lake",
        "content-type: text/x-test",
        "x-amz-storage-class: standard_ia",
    ] {
        assert!(
            head.contains(&format!("\r\n{header}\r\n")),
            "{header} in {head}"
        );
    }
    let info = store.head(&at("dressed")).await.unwrap().unwrap();
    assert_eq!(info.storage_class.as_deref(), Some("STANDARD_IA"));
    assert!(info.modified.seconds > 1_600_000_000);
}

async fn request(method: &str, url: &str, body: &Bytes) -> (u16, http::HeaderMap, Bytes) {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let request = http::Request::builder().method(method).uri(url);
    let request = request.body(Full::new(body.clone())).unwrap();
    let (head, body) = client.request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), head.headers, body)
}

#[tokio::test]
async fn presigned_urls_work_without_credentials() {
    let Some(port) = moto::port() else { return };
    let proxy = Proxy::start(port).await;
    let store = store(options(format!("http://{}", proxy.address)), proxy.tasks());
    let namespace = StorageNamespace::new("s3://lake/pre signed").unwrap();
    let place = store.locate(&namespace, Address::Relative("ż//k")).unwrap();
    let minute = Duration::from_mins(1);
    let url = |what: Presign| {
        let (store, place) = (store.clone(), place.clone());
        async move { store.presign(&place, &what, minute).await.unwrap().url }
    };
    let bytes = pattern(1000, 23);
    let (status, _, answer) = request("PUT", &url(Presign::Put).await, &bytes).await;
    assert_eq!(status, 200, "{answer:?}");
    let filename = Some("näme.txt".to_owned());
    let get = url(Presign::Get { filename }).await;
    assert!(
        get.contains("response-content-disposition=attachment%3B"),
        "{get}"
    );
    let (status, _, got) = request("GET", &get, &Bytes::new()).await;
    assert_eq!((status, got), (200, bytes));

    let options = PutOptions::default();
    let upload_id = store.create(&place, &options).await.unwrap();
    let first = Presign::Part {
        upload_id: upload_id.clone(),
        number: 1,
    };
    let (status, headers, _) = request("PUT", &url(first).await, &Bytes::from("part")).await;
    assert_eq!(status, 200);
    let uploaded = UploadedPart {
        number: 1,
        etag: headers["etag"].to_str().unwrap().to_owned(),
    };
    let done = store
        .complete(&place, &upload_id, &[uploaded])
        .await
        .unwrap();
    assert_eq!(done.size, 4);
}

#[tokio::test]
async fn presigned_urls_can_name_another_host_or_be_disabled() {
    let settings = S3Options {
        pre_signed_endpoint: Some("https://public.example".to_owned()),
        discover_bucket_region: false,
        force_path_style: false,
        disable_pre_signed_multipart: true,
        ..options("http://127.0.0.1:1".to_owned())
    };
    let store = store(settings, TaskScope::new());
    let minute = Duration::from_mins(1);
    let get = Presign::Get { filename: None };
    let url = store.presign(&at("k"), &get, minute).await.unwrap().url;
    assert!(
        url.starts_with("https://lake.public.example/k?X-Amz-Algorithm="),
        "{url}"
    );
    assert!(!store.descriptor().presign_multipart);
    let part = Presign::Part {
        upload_id: "u".to_owned(),
        number: 1,
    };
    let refused = store.presign(&at("k"), &part, minute).await;
    assert!(matches!(refused, Err(BlockError::Unsupported { .. })));
}
