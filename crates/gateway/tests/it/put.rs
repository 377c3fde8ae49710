//! `PutObject`: what is stored, what is refused before the body is asked for, and conditions that many
//! ask at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::join_all;
use http::StatusCode;
use http_body_util::BodyExt as _;
use lakefs_gateway::{GatewayOptions, RequestBody};
use lakefs_service::{BeginUpload, Caller, CreateBranch, CreateRepository, Reason, WriteCondition};
use lakefs_sigv4::PayloadMode;
use md5::{Digest as _, Md5};

use crate::harness::{Answer, Lake};

/// A body that never comes: whoever asks for it hangs.
fn untouchable() -> RequestBody {
    let stream = futures_util::stream::pending();
    http_body_util::StreamBody::new(stream).boxed()
}

/// How many objects the store holds for users.
fn objects(lake: &Lake) -> usize {
    let locations = lake.blocks.locations();
    locations
        .iter()
        .filter(|at| at.key.starts_with("data/"))
        .count()
}

fn md5(bytes: &[u8]) -> String {
    STANDARD.encode(Md5::digest(bytes))
}

async fn branch(lake: &Lake, name: &str) {
    let request = CreateBranch {
        repository: "lake",
        name,
        source: "main",
        force: false,
        hidden: false,
    };
    lake.service
        .create_branch(lake.admin(), request)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_object_reads_back_as_it_was_put() {
    let lake = Lake::with_repository().await;
    let put = lake.put("/lake/main/a//b%20c%2Bd%25/%C3%BC");
    let put = put.body("hello").header("content-type", "text/plain");
    let put = put.header("x-amz-meta-Foo", "Bar baz");
    let put = put.header("cache-control", "no-store");
    let put = put.header("content-encoding", "aws-chunked,gzip");
    let put = put.header("x-amz-storage-class", "GLACIER_IR");
    let put = put.send().await.expect(200);
    assert_eq!(put.header("etag"), "\"5d41402abc4b2a76b9719d911017c592\"");
    assert_eq!(put.header("content-type"), "application/xml");
    assert!(put.body.is_empty());
    let got = lake.get("/lake/main/a//b%20c%2Bd%25/%C3%BC").send().await;
    let got = got.expect(200);
    assert_eq!(got.text(), "hello");
    for (name, value) in [
        ("content-type", "text/plain"),
        ("x-amz-meta-foo", "Bar baz"),
        ("cache-control", "no-store"),
        ("content-encoding", "gzip"),
        ("x-amz-storage-class", "GLACIER_IR"),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    for key in ["main/dir/", "main/a/../b", "main/a//b"] {
        lake.put_object("lake", key, b"").await;
        let head = lake.head(&format!("/lake/{key}")).send().await;
        assert_eq!(head.expect(200).header("content-length"), "0", "{key}");
    }
}

/// A request, what it says besides, and how it is refused.
type Refused<'a> = (&'a str, (&'static str, &'a str), (u16, &'a str));

/// Sends each with a body that never comes.
async fn all_refused(lake: &Lake, requests: &[Refused<'_>]) {
    for (target, header, wanted) in requests {
        let call = lake.put(target).header(header.0, header.1);
        let call = if header.0 == "content-length" {
            call
        } else {
            call.header("content-length", "5")
        };
        let parts = call
            .raw_body(PayloadMode::Unsigned, Vec::new())
            .into_signed();
        let answer = lake.send_parts(parts, untouchable()).await;
        assert_eq!(answer.refusal(), *wanted, "{target} {header:?}");
    }
}

#[tokio::test]
async fn a_place_that_takes_no_object_is_told_before_the_body() {
    let lake = Lake::with_repository().await;
    branch(&lake, "guarded").await;
    let rules = vec!["guard*".to_owned()];
    let set = lake
        .service
        .set_branch_protection_rules(lake.admin(), "lake", rules, None);
    set.await.unwrap();
    let long = format!("/lake/main/{}", "k".repeat(1025));
    let any = ("x-amz-meta-a", "b");
    all_refused(
        &lake,
        &[
            ("/lake/nope/x", any, (404, "NoSuchBucket")),
            ("/lake/v1.0/x", any, (404, "NoSuchBucket")),
            ("/lake/main~1/x", any, (400, "InvalidArgument")),
            ("/lake/main@/x", any, (400, "InvalidArgument")),
            ("/nothing/main/x", any, (404, "NoSuchBucket")),
            ("/lake/guarded/x", any, (403, "ErrWriteToProtectedBranch")),
            (&long, any, (400, "KeyTooLongError")),
        ],
    )
    .await;
    let longest = format!("/lake/main/{}", "k".repeat(1024));
    lake.put(&longest).body("x").send().await.expect(200);
}

#[tokio::test]
async fn headers_that_cannot_be_kept_are_refused_before_the_body() {
    let lake = Lake::with_repository().await;
    lake.put_object("lake", "main/there", b"x").await;
    let big = "x".repeat(2049);
    let (x, there) = ("/lake/main/x", "/lake/main/there");
    let customer_key = "x-amz-server-side-encryption-customer-algorithm";
    all_refused(
        &lake,
        &[
            (x, ("x-amz-meta-a", &big), (400, "MetadataTooLarge")),
            (there, ("if-none-match", "*"), (412, "PreconditionFailed")),
            (there, ("if-none-match", "\"x\""), (501, "NotImplemented")),
            (there, ("if-match", "\"x\""), (412, "PreconditionFailed")),
            (x, ("if-match", "\"x\""), (404, "NoSuchKey")),
            (x, ("content-md5", "short"), (400, "InvalidDigest")),
            (x, ("x-amz-checksum-crc32", "AAAA"), (400, "InvalidRequest")),
            (x, ("x-amz-acl", "public-read"), (501, "NotImplemented")),
            (x, ("x-amz-tagging", "a=b"), (501, "NotImplemented")),
            (
                x,
                ("x-amz-write-offset-bytes", "1"),
                (501, "NotImplemented"),
            ),
            (x, ("x-amz-storage-class", "COSY"), (400, "InvalidArgument")),
            (x, (customer_key, "AES256"), (501, "NotImplemented")),
            (x, ("content-length", "5368709121"), (400, "EntityTooLarge")),
            (x, ("content-length", ""), (411, "MissingContentLength")),
        ],
    )
    .await;
    assert_eq!(lake.get(there).send().await.text(), "x");
    lake.get(x).send().await.expect(404);
}

/// Tags and commits are no branches.
#[tokio::test]
async fn only_branches_are_written() {
    let lake = Lake::with_repository().await;
    lake.put_object("lake", "main/x", b"x").await;
    let tag = lake
        .service
        .create_tag(lake.admin(), "lake", "t1", "main", false);
    let commit = tag.await.unwrap().commit_id;
    for reference in ["t1", commit.as_str(), &commit[..12]] {
        let target = format!("/lake/{reference}/x");
        let answer = lake.put(&target).body("y").send().await;
        assert_eq!(answer.refusal(), (404, "NoSuchBucket"), "{reference}");
        let resource = format!("{reference}@lake");
        assert_eq!(answer.element("Resource"), resource);
    }
}

/// Nothing of a body that is not what it says becomes visible, and nothing stays in the store.
#[tokio::test]
async fn a_body_that_is_not_what_it_says_leaves_nothing() {
    let lake = Lake::with_repository().await;
    let wrong = md5(b"another");
    for (headers, body, wanted) in [
        (
            vec![("content-md5", wrong.as_str())],
            "hello",
            (400, "BadDigest"),
        ),
        (
            vec![("x-amz-checksum-crc32", "AAAAAA==")],
            "hello",
            (400, "BadDigest"),
        ),
        (
            vec![("content-length", "4")],
            "hello",
            (400, "IncompleteBody"),
        ),
        (
            vec![("content-length", "6")],
            "hello",
            (400, "IncompleteBody"),
        ),
    ] {
        let mut call = lake.put("/lake/main/x");
        for (name, value) in &headers {
            call = call.header(name, value);
        }
        if headers[0].0 != "content-length" {
            call = call.header("content-length", "5");
        }
        let call = call.raw_body(PayloadMode::Unsigned, vec![Ok(Bytes::from(body))]);
        assert_eq!(call.send().await.refusal(), wanted, "{headers:?}");
    }
    let call = lake.put("/lake/main/x").header("content-length", "5");
    let mode = PayloadMode::Sha256([7; 32]);
    let answer = call
        .raw_body(mode, vec![Ok(Bytes::from("hello"))])
        .send()
        .await;
    assert_eq!(answer.refusal(), (400, "XAmzContentSHA256Mismatch"));
    let call = lake.put("/lake/main/x").header("content-length", "10");
    let pieces = vec![Ok(Bytes::from("hello")), Err("connection reset".into())];
    let answer = call.raw_body(PayloadMode::Unsigned, pieces).send().await;
    assert_eq!(answer.refusal(), (400, "IncompleteBody"));
    lake.get("/lake/main/x").send().await.expect(404);
    assert_eq!(objects(&lake), 0);
}

#[tokio::test]
async fn a_checksum_is_kept_and_told() {
    let lake = Lake::with_repository().await;
    let crc = "NhCmhg==";
    let put = lake.put("/lake/main/x").body("hello");
    let put = put.header("x-amz-checksum-crc32", crc);
    let put = put
        .header("content-md5", &md5(b"hello"))
        .send()
        .await
        .expect(200);
    assert_eq!(put.header("x-amz-checksum-crc32"), crc);
    assert_eq!(put.header("x-amz-checksum-type"), "FULL_OBJECT");
    let head = lake
        .head("/lake/main/x")
        .header("x-amz-checksum-mode", "ENABLED");
    assert_eq!(head.send().await.header("x-amz-checksum-crc32"), crc);
    // In a trailer, behind a body without a length of its own.
    let wire = format!("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:{crc}\r\n\r\n");
    let call = lake
        .put("/lake/main/y")
        .header("transfer-encoding", "chunked");
    let call = call.header("x-amz-decoded-content-length", "5");
    let call = call.header("x-amz-trailer", "x-amz-checksum-crc32");
    let call = call.header("content-encoding", "aws-chunked");
    let mode = PayloadMode::UnsignedChunksTrailer;
    let put = call
        .raw_body(mode, vec![Ok(Bytes::from(wire))])
        .send()
        .await;
    assert_eq!(put.expect(200).header("x-amz-checksum-crc32"), crc);
    let got = lake
        .get("/lake/main/y")
        .header("x-amz-checksum-mode", "ENABLED");
    let got = got.send().await;
    assert_eq!((got.text(), got.header("content-encoding")), ("hello", ""));
    assert_eq!(got.header("x-amz-checksum-crc32"), crc);
}

async fn put_if(lake: &Lake, header: &'static str, value: &str, body: String) -> Answer {
    let call = lake.put("/lake/main/one").header(header, value);
    call.body(body).send().await
}

#[tokio::test]
async fn of_many_who_create_one_wins() {
    let lake = Lake::with_repository().await;
    let puts = (0..32).map(|n| put_if(&lake, "if-none-match", "*", format!("content {n}")));
    let answers = join_all(puts).await;
    let won = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK);
    assert_eq!(won.count(), 1);
    let lost = answers
        .iter()
        .filter(|answer| answer.status != StatusCode::OK);
    for answer in lost {
        assert_eq!(answer.refusal(), (412, "PreconditionFailed"));
    }
    let winner = answers
        .iter()
        .position(|answer| answer.status == StatusCode::OK);
    let content = format!("content {}", winner.unwrap());
    assert_eq!(lake.get("/lake/main/one").send().await.text(), content);
    // The losers' bytes are gone.
    assert_eq!(objects(&lake), 1);
}

/// A counter kept in an object: each writer reads it, adds one, and writes it if nobody did meanwhile.
#[tokio::test]
async fn no_update_under_if_match_is_lost() {
    let lake = Lake::with_repository().await;
    lake.put_object("lake", "main/one", b"0").await;
    let writers = (0..16).map(|_| async {
        for _ in 0..1000 {
            let read = lake.get("/lake/main/one").send().await.expect(200);
            let count: u64 = read.text().parse().unwrap();
            let etag = read.header("etag").to_owned();
            let put = put_if(&lake, "if-match", &etag, (count + 1).to_string()).await;
            match put.refusal() {
                (200, _) => return,
                (412, "PreconditionFailed") | (409, "ConditionalRequestConflict") => {}
                other => panic!("{other:?}"),
            }
        }
        panic!("never got through");
    });
    join_all(writers).await;
    assert_eq!(lake.get("/lake/main/one").send().await.text(), "16");
}

#[tokio::test]
async fn roots_of_branches_can_be_made_and_hold_nothing() {
    let lake = Lake::with_repository().await;
    let put = lake.put("/lake/main/").body("").send().await.expect(200);
    assert_eq!(put.header("etag"), "\"d41d8cd98f00b204e9800998ecf8427e\"");
    let put = lake.put("/lake/main/").body("x").send().await;
    assert_eq!(put.refusal(), (400, "InvalidArgument"));
    let put = lake.put("/lake/nope/").body("").send().await;
    assert_eq!(put.refusal(), (404, "NoSuchBucket"));
}

/// A read-only repository is refused with a code of lakeFS's own, as a use-case and over S3.
#[tokio::test]
async fn a_read_only_repository_takes_nothing() {
    let lake = Lake::with(GatewayOptions::default()).await;
    let request = CreateRepository {
        name: "lake",
        storage_namespace: "mem://lake",
        default_branch: None,
        sample_data: false,
        read_only: true,
        bare: false,
        storage_id: "",
    };
    lake.service
        .create_repository(lake.admin(), request)
        .await
        .unwrap();
    let put = lake.put("/lake/main/x").body("x").send().await;
    assert_eq!(put.refusal(), (403, "ErrReadOnlyRepository"));
    let nobody = Caller::anonymous("test");
    let begin = BeginUpload {
        operation: "PutObject",
        repository: "lake",
        branch: "main",
        path: "x",
        condition: WriteCondition::Always,
        force: false,
    };
    let error = lake.service.begin_upload(&nobody, begin.clone()).await;
    assert_ne!(
        error.unwrap_err().reason(),
        Some(Reason::ReadOnlyRepository)
    );
    let error = lake.service.begin_upload(lake.admin(), begin).await;
    assert_eq!(
        error.unwrap_err().reason(),
        Some(Reason::ReadOnlyRepository)
    );
}
