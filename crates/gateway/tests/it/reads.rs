//! Reading objects: what comes back of what was put, parts of it, and on which conditions.

use std::fmt::Write as _;

use http::Method;
use lakefs_block::BlockStore as _;
use lakefs_gateway::GatewayOptions;

use crate::harness::{Answer, Lake};

const MAIN: &str = "/lake/main/a/b.txt";
const ETAG: &str = "\"5d41402abc4b2a76b9719d911017c592\"";

/// A lake with `hello` at [`MAIN`].
async fn lake() -> Lake {
    let lake = Lake::with_repository().await;
    lake.put(MAIN)
        .header("content-type", "text/plain")
        .header("cache-control", "max-age=60")
        .header("content-encoding", "gzip")
        .header("x-amz-meta-Owner", "Team A")
        .header("x-amz-meta-city", "Łódź")
        .body("hello")
        .send()
        .await
        .expect(200);
    lake
}

async fn get(lake: &Lake, header: &'static str, value: &str) -> Answer {
    lake.get(MAIN).header(header, value).send().await
}

#[tokio::test]
async fn what_was_put_comes_back_with_all_its_headers() {
    let lake = lake().await;
    let answer = lake.get(MAIN).send().await.expect(200);
    assert_eq!(answer.text(), "hello");
    for (name, value) in [
        ("accept-ranges", "bytes"),
        ("content-length", "5"),
        ("content-type", "text/plain"),
        ("content-encoding", "gzip"),
        ("cache-control", "max-age=60"),
        ("etag", ETAG),
        ("last-modified", "Fri, 15 Jan 2027 08:00:00 GMT"),
        ("x-amz-meta-owner", "Team A"),
        ("x-amz-meta-city", "=?utf-8?q?=C5=81=C3=B3d=C5=BA?="),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("content-security-policy", "default-src 'none'"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert!(!answer.headers.contains_key("x-amz-mp-parts-count"));
    assert!(!answer.headers.contains_key("x-amz-checksum-crc32"));
}

/// Every request below, as GET and as HEAD: the same status and headers, and no bytes.
#[tokio::test]
async fn head_is_get_without_the_bytes() {
    let lake = lake().await;
    for (query, header, value) in [
        ("", "range", ""),
        ("", "range", "bytes=1-3"),
        ("", "range", "bytes=-2"),
        ("", "range", "bytes=9-"),
        ("", "if-none-match", ETAG),
        ("", "if-match", "\"other\""),
        ("?partNumber=1", "x-ignored", "1"),
        ("?partNumber=2", "x-ignored", "1"),
        (
            "?response-content-type=image%2Fpng&response-cache-control=no-store",
            "x-ignored",
            "1",
        ),
        ("?versionId=null", "x-ignored", "1"),
        ("?versionId=zzz", "x-ignored", "1"),
    ] {
        let target = format!("{MAIN}{query}");
        let ask = |method| lake.call(method, &target).header(header, value).send();
        let (get, head) = (ask(Method::GET).await, ask(Method::HEAD).await);
        let what = format!("{query} {header}: {value}");
        assert_eq!(get.status, head.status, "{what}");
        assert!(head.body.is_empty(), "{what}");
        let kept = |answer: &Answer| {
            let mut headers = answer.headers.clone();
            headers.remove("content-length");
            headers
        };
        assert_eq!(kept(&get), kept(&head), "{what}");
        if get.status.is_success() {
            assert_eq!(get.header("content-length"), head.header("content-length"));
        }
    }
}

#[tokio::test]
async fn a_range_is_answered_with_its_bytes() {
    let lake = lake().await;
    for (range, bytes, told) in [
        ("bytes=1-3", "ell", "bytes 1-3/5"),
        ("bytes=-2", "lo", "bytes 3-4/5"),
        ("bytes=2-", "llo", "bytes 2-4/5"),
        ("bytes=0-99", "hello", "bytes 0-4/5"),
    ] {
        let answer = get(&lake, "range", range).await.expect(206);
        assert_eq!(answer.text(), bytes, "{range}");
        assert_eq!(answer.header("content-range"), told);
        assert_eq!(answer.header("content-length"), bytes.len().to_string());
    }
    for range in ["bytes=0-1,3-4", "bytes=3-1", "lines=1-2", "bytes=a-b"] {
        let answer = get(&lake, "range", range).await.expect(200);
        assert_eq!(answer.text(), "hello", "{range}");
    }
    let answer = get(&lake, "range", "bytes=5-").await.expect(416);
    assert_eq!(answer.element("Code"), "InvalidRange");
    assert_eq!(answer.element("ActualObjectSize"), "5");
    assert_eq!(answer.element("RangeRequested"), "bytes=5-");
    assert_eq!(answer.header("content-range"), "bytes */5");
    lake.put_object("lake", "main/empty", b"").await;
    for range in ["bytes=0-", "bytes=-1"] {
        let call = lake.get("/lake/main/empty").header("range", range);
        call.send().await.expect(416);
    }
}

#[tokio::test]
async fn a_range_of_another_object_is_the_whole_one() {
    let lake = lake().await;
    for (if_range, status) in [
        (ETAG, 206),
        ("\"other\"", 200),
        ("Fri, 15 Jan 2027 08:00:00 GMT", 206),
        ("Fri, 15 Jan 2027 07:59:59 GMT", 200),
    ] {
        let call = lake.get(MAIN).header("range", "bytes=0-0");
        call.header("if-range", if_range)
            .send()
            .await
            .expect(status);
    }
}

#[tokio::test]
async fn conditions_are_judged_on_the_stored_object() {
    let lake = lake().await;
    get(&lake, "if-match", ETAG).await.expect(200);
    get(&lake, "if-none-match", "\"x\"").await.expect(200);
    let answer = get(&lake, "if-none-match", ETAG).await.expect(304);
    assert_eq!(answer.header("etag"), ETAG);
    assert_eq!(answer.header("cache-control"), "max-age=60");
    assert_eq!(
        answer.header("last-modified"),
        "Fri, 15 Jan 2027 08:00:00 GMT"
    );
    assert!(answer.body.is_empty());
    let answer = get(&lake, "if-match", "\"x\"").await;
    assert_eq!(answer.refusal(), (412, "PreconditionFailed"));
    assert_eq!(answer.element("Condition"), "If-Match");
    let later = "Fri, 15 Jan 2027 08:00:01 GMT";
    get(&lake, "if-modified-since", later).await.expect(304);
    get(&lake, "if-unmodified-since", later).await.expect(200);
}

#[tokio::test]
async fn the_query_of_a_signed_request_replaces_headers() {
    let lake = lake().await;
    let target = format!(
        "{MAIN}?response-content-type=image%2Fpng&response-content-disposition=attachment%3B%20filename%3Dx\
         &response-content-language=pl&response-content-encoding=br&response-cache-control=no-store\
         &response-expires=0"
    );
    let answer = lake.get(&target).send().await.expect(200);
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-disposition", "attachment; filename=x"),
        ("content-language", "pl"),
        ("content-encoding", "br"),
        ("cache-control", "no-store"),
        ("expires", "0"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let bad = format!("{MAIN}?response-content-type=a%0Db");
    let answer = lake.get(&bad).send().await;
    assert_eq!(answer.refusal(), (400, "InvalidArgument"));
}

#[tokio::test]
async fn an_object_put_at_once_is_its_own_only_part() {
    let lake = lake().await;
    let ask = |query: &str| lake.get(&format!("{MAIN}?{query}")).send();
    let answer = ask("partNumber=1").await.expect(206);
    assert_eq!(answer.text(), "hello");
    assert_eq!(answer.header("content-range"), "bytes 0-4/5");
    assert_eq!(
        ask("partNumber=2").await.refusal(),
        (416, "InvalidPartNumber")
    );
    for number in ["0", "-1", "10001", "x", ""] {
        let answer = ask(&format!("partNumber={number}")).await;
        assert_eq!(answer.refusal(), (400, "InvalidArgument"), "{number}");
    }
    let both = lake.get(&format!("{MAIN}?partNumber=1"));
    let answer = both.header("range", "bytes=0-1").send().await;
    assert_eq!(answer.refusal(), (400, "InvalidRequest"));
}

#[tokio::test]
async fn parts_of_an_upload_are_read_one_by_one() {
    let lake = Lake::with(GatewayOptions {
        min_part_bytes: 1,
        ..GatewayOptions::default()
    })
    .await;
    lake.create_repository("lake").await;
    let begun = lake.post(&format!("{MAIN}?uploads")).send().await;
    let id = begun.expect(200).element("UploadId").to_owned();
    let mut named = String::new();
    for (number, bytes) in [(1, "hello "), (2, "world"), (3, "!")] {
        let target = format!("{MAIN}?partNumber={number}&uploadId={id}");
        let put = lake.put(&target).body(bytes).send().await.expect(200);
        let etag = put.header("etag");
        write!(
            named,
            "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        )
        .unwrap();
    }
    let document = format!("<CompleteMultipartUpload>{named}</CompleteMultipartUpload>");
    let call = lake.post(&format!("{MAIN}?uploadId={id}")).body(document);
    call.send().await.expect(200);
    for (number, bytes, range) in [
        (1, "hello ", "bytes 0-5/12"),
        (2, "world", "bytes 6-10/12"),
        (3, "!", "bytes 11-11/12"),
    ] {
        let answer = lake
            .get(&format!("{MAIN}?partNumber={number}"))
            .send()
            .await;
        let answer = answer.expect(206);
        assert_eq!(answer.text(), bytes);
        assert_eq!(answer.header("content-range"), range);
        assert_eq!(answer.header("x-amz-mp-parts-count"), "3");
    }
    let answer = lake.get(&format!("{MAIN}?partNumber=4")).send().await;
    assert_eq!(answer.refusal(), (416, "InvalidPartNumber"));
    let answer = lake.get(MAIN).send().await.expect(200);
    assert_eq!(answer.text(), "hello world!");
    assert!(answer.header("etag").ends_with("-3\""));
    let ask = lake.get(&format!("{MAIN}?attributes"));
    let ask = ask.header("x-amz-object-attributes", "ObjectParts");
    let ask = ask.header("x-amz-max-parts", "2");
    let answer = ask.send().await.expect(200);
    assert_eq!(answer.element("PartsCount"), "3");
    assert_eq!(answer.element("NextPartNumberMarker"), "2");
    assert_eq!(answer.element("IsTruncated"), "true");
    assert_eq!(answer.elements("Size"), ["6", "5"]);
}

#[tokio::test]
async fn a_checksum_is_told_to_who_asks_for_it_and_takes_the_whole_object() {
    let lake = Lake::with_repository().await;
    let put = lake.put(MAIN).header("x-amz-checksum-crc32", "NhCmhg==");
    put.body("hello").send().await.expect(200);
    let ask = || lake.get(MAIN).header("x-amz-checksum-mode", "ENABLED");
    let answer = ask().send().await.expect(200);
    assert_eq!(answer.header("x-amz-checksum-crc32"), "NhCmhg==");
    assert_eq!(answer.header("x-amz-checksum-type"), "FULL_OBJECT");
    let answer = ask().header("range", "bytes=0-1").send().await.expect(206);
    assert_eq!(answer.header("x-amz-checksum-crc32"), "");
    let answer = lake.get(MAIN).send().await.expect(200);
    assert_eq!(answer.header("x-amz-checksum-crc32"), "");
}

#[tokio::test]
async fn what_is_not_there_is_no_such_key() {
    let lake = lake().await;
    for target in [
        "/lake/main/zzz",
        "/lake/nope/zzz",
        "/lake/main~1/a",
        "/lake/main~9/a",
        "/lake/main~x/a",
        "/lake/a%20b/c",
        "/lake/main",
        "/lake/main/a/b.txt/",
    ] {
        let answer = lake.get(target).send().await;
        assert_eq!(answer.refusal(), (404, "NoSuchKey"), "{target}");
    }
    let answer = lake.get("/nolake/main/a").send().await;
    assert_eq!(answer.refusal(), (404, "NoSuchBucket"));
    let answer = lake.get(&format!("{MAIN}?versionId=x")).send().await;
    assert_eq!(answer.refusal(), (404, "NoSuchVersion"));
    let long = format!("/lake/main/{}", "k".repeat(1025));
    let answer = lake.get(&long).send().await;
    assert_eq!(answer.refusal(), (400, "KeyTooLongError"));
}

/// Clients must fail loudly, rather than take the object for one that was never there.
#[tokio::test]
async fn an_object_whose_bytes_are_gone_is_no_such_version() {
    let lake = lake().await;
    for location in lake.blocks.locations() {
        lake.blocks.delete(&location).await.unwrap();
    }
    let answer = lake.get(MAIN).send().await;
    assert_eq!(answer.refusal(), (404, "NoSuchVersion"));
}

#[tokio::test]
async fn the_root_of_a_reference_is_an_empty_directory() {
    let lake = lake().await;
    for method in [Method::GET, Method::HEAD] {
        let answer = lake.call(method.clone(), "/lake/main/").send().await;
        let answer = answer.expect(200);
        assert_eq!(answer.header("content-type"), "application/x-directory");
        assert_eq!(answer.header("content-length"), "0");
        // A client that asks whether it is a file must not be told so.
        lake.call(method, "/lake/main").send().await.expect(404);
    }
    lake.get("/lake/nope/").send().await.expect(404);
}

#[tokio::test]
async fn attributes_are_those_that_were_asked_for() {
    let lake = Lake::with_repository().await;
    let put = lake.put(MAIN).header("x-amz-checksum-crc32", "NhCmhg==");
    let put = put.header("x-amz-storage-class", "STANDARD_IA");
    put.body("hello").send().await.expect(200);
    let target = format!("{MAIN}?attributes");
    let ask = |names: &str| {
        lake.get(&target)
            .header("x-amz-object-attributes", names)
            .send()
    };
    let answer = ask("ObjectSize, ETag,StorageClass,Checksum,ObjectParts").await;
    let answer = answer.expect(200);
    assert_eq!(answer.element("ETag"), "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(answer.element("ObjectSize"), "5");
    assert_eq!(answer.element("StorageClass"), "STANDARD_IA");
    assert_eq!(answer.element("ChecksumCRC32"), "NhCmhg==");
    assert_eq!(answer.element("ChecksumType"), "FULL_OBJECT");
    assert!(!answer.text().contains("ObjectParts"));
    assert_eq!(
        answer.header("last-modified"),
        "Fri, 15 Jan 2027 08:00:00 GMT"
    );
    let answer = ask("ObjectSize").await.expect(200);
    assert!(!answer.text().contains("ETag"), "{}", answer.text());
    assert_eq!(ask("Colour").await.refusal(), (400, "InvalidArgument"));
    let answer = lake.get(&target).send().await;
    assert_eq!(answer.refusal(), (400, "InvalidRequest"));
}

#[tokio::test]
async fn no_object_has_tags() {
    let lake = lake().await;
    let answer = lake
        .get(&format!("{MAIN}?tagging"))
        .send()
        .await
        .expect(200);
    assert!(answer.text().ends_with("<TagSet></TagSet></Tagging>"));
    let answer = lake.get("/lake/main/zzz?tagging").send().await;
    assert_eq!(answer.refusal(), (404, "NoSuchKey"));
}
