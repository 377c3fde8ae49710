//! `CopyObject`: sources of every kind, conditions on both sides, and what a copy keeps.

use lakefs_gateway::GatewayOptions;
use lakefs_service::{CreateBranch, CreateCommit, ObjectStats, StatObject};

use crate::harness::{Answer, Lake};

const HELLO: &str = "\"5d41402abc4b2a76b9719d911017c592\"";
const HELLO_CRC: &str = "NhCmhg==";

async fn copy(lake: &Lake, source: &str, target: &str, headers: &[(&'static str, &str)]) -> Answer {
    let mut call = lake.put(target).header("x-amz-copy-source", source);
    for (name, value) in headers {
        call = call.header(name, value);
    }
    call.send().await
}

async fn with_source() -> Lake {
    let lake = Lake::with_repository().await;
    put_source(&lake).await;
    lake
}

async fn put_source(lake: &Lake) {
    let put = lake.put("/lake/main/a/one").body("hello");
    let put = put.header("content-type", "text/plain");
    let put = put.header("x-amz-meta-foo", "Bar");
    let put = put.header("cache-control", "no-cache");
    let put = put.header("x-amz-storage-class", "GLACIER_IR");
    let put = put.header("x-amz-checksum-crc32", HELLO_CRC);
    put.send().await.expect(200);
}

async fn stat(lake: &Lake, path: &str) -> ObjectStats {
    let request = StatObject {
        repository: "lake",
        reference: "main",
        path,
        user_metadata: true,
        presign: false,
    };
    lake.service
        .stat_object(lake.admin(), request)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_copy_keeps_what_belongs_to_the_object() {
    let lake = with_source().await;
    let answer = copy(&lake, "/lake/main/a/one", "/lake/main/copied", &[])
        .await
        .expect(200);
    assert_eq!(answer.element("ETag"), HELLO.replace('"', "&#34;"));
    assert_eq!(answer.element("ChecksumCRC32"), HELLO_CRC);
    assert!(answer.element("LastModified").ends_with('Z'));
    assert_eq!(answer.header("content-type"), "application/xml");
    let got = lake
        .get("/lake/main/copied")
        .header("x-amz-checksum-mode", "ENABLED");
    let got = got.send().await.expect(200);
    assert_eq!(got.text(), "hello");
    for (name, value) in [
        ("etag", HELLO),
        ("content-type", "text/plain"),
        ("x-amz-meta-foo", "Bar"),
        ("cache-control", "no-cache"),
        ("x-amz-checksum-crc32", HELLO_CRC),
        // The storage class is the request's.
        ("x-amz-storage-class", ""),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    // A copy has its own bytes.
    assert_ne!(
        stat(&lake, "copied").await.physical_address,
        stat(&lake, "a/one").await.physical_address
    );
}

#[tokio::test]
async fn replaced_metadata_is_all_of_the_requests() {
    let lake = with_source().await;
    let headers = [
        ("x-amz-metadata-directive", "REPLACE"),
        ("x-amz-meta-new", "1"),
        ("content-type", "text/csv"),
        ("content-language", "pl"),
    ];
    copy(&lake, "lake/main/a/one", "/lake/main/b", &headers)
        .await
        .expect(200);
    let got = lake
        .get("/lake/main/b")
        .header("x-amz-checksum-mode", "ENABLED")
        .send()
        .await;
    for (name, value) in [
        ("content-type", "text/csv"),
        ("content-language", "pl"),
        ("x-amz-meta-new", "1"),
        ("x-amz-meta-foo", ""),
        ("cache-control", ""),
        ("x-amz-checksum-crc32", HELLO_CRC),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    let nothing = [("x-amz-metadata-directive", "REPLACE")];
    copy(&lake, "lake/main/a/one", "/lake/main/b", &nothing)
        .await
        .expect(200);
    let got = lake.get("/lake/main/b").send().await;
    assert_eq!(got.header("content-type"), "application/octet-stream");
    let nonsense = [("x-amz-metadata-directive", "KEEP")];
    let answer = copy(&lake, "lake/main/a/one", "/lake/main/b", &nonsense).await;
    assert_eq!(answer.refusal(), (400, "InvalidArgument"));
}

#[tokio::test]
async fn any_reference_of_any_repository_is_a_source() {
    let lake = with_source().await;
    lake.create_repository("other").await;
    let commit = CreateCommit {
        repository: "lake",
        branch: "main",
        message: "one",
        metadata: std::collections::BTreeMap::default(),
        date: None,
        allow_empty: false,
        force: false,
        source_metarange: None,
    };
    let commit = lake
        .service
        .commit(lake.admin(), commit)
        .await
        .unwrap()
        .id()
        .to_owned();
    lake.put_object("lake", "main/a/one", b"changed").await;
    let branch = CreateBranch {
        repository: "lake",
        name: "dev",
        source: "main",
        hidden: false,
        force: false,
    };
    lake.service
        .create_branch(lake.admin(), branch)
        .await
        .unwrap();
    for reference in ["main@", &commit, &commit[..10], "main~0", "dev", "dev%40"] {
        let source = format!("lake/{reference}/a/one");
        for target in ["/other/main/x", "/lake/dev/x"] {
            copy(&lake, &source, target, &[]).await.expect(200);
            assert_eq!(lake.get(target).send().await.text(), "hello", "{source}");
            lake.delete(target).send().await.expect(204);
        }
    }
}

#[tokio::test]
async fn sources_and_targets_that_cannot_be_are_refused() {
    let lake = with_source().await;
    for (source, target, wanted) in [
        ("nonsense", "/lake/main/x", (400, "InvalidArgument")),
        ("/lake/main/zzz", "/lake/main/x", (404, "NoSuchKey")),
        ("/lake/nope/a/one", "/lake/main/x", (404, "NoSuchKey")),
        ("/lake/main", "/lake/main/x", (404, "NoSuchKey")),
        ("/nothing/main/a", "/lake/main/x", (404, "NoSuchBucket")),
        (
            "/lake/main/a/one?versionId=7",
            "/lake/main/x",
            (404, "NoSuchVersion"),
        ),
        ("/lake/main/a/one", "/lake/nope/x", (404, "NoSuchBucket")),
        (
            "/lake/main/a/one",
            "/lake/main~1/x",
            (400, "InvalidArgument"),
        ),
    ] {
        let answer = copy(&lake, source, target, &[]).await;
        assert_eq!(answer.refusal(), wanted, "{source} {target}");
    }
    let answer = copy(&lake, "nonsense", "/lake/main/x", &[]).await;
    assert_eq!(
        answer.element("Message"),
        "Copy Source must mention the source bucket and key: sourcebucket/sourcekey."
    );
}

#[tokio::test]
async fn conditions_hold_on_both_sides() {
    let lake = with_source().await;
    lake.put_object("lake", "main/there", b"x").await;
    let old = "Sat, 01 Jan 2000 00:00:00 GMT";
    let future = "Fri, 01 Jan 2100 00:00:00 GMT";
    for (name, value, target, wanted) in [
        ("x-amz-copy-source-if-match", HELLO, "new", 200),
        ("x-amz-copy-source-if-match", "\"x\"", "new", 412),
        ("x-amz-copy-source-if-none-match", "\"x\"", "new", 200),
        ("x-amz-copy-source-if-none-match", HELLO, "new", 412),
        ("x-amz-copy-source-if-modified-since", old, "new", 200),
        ("x-amz-copy-source-if-modified-since", future, "new", 412),
        ("x-amz-copy-source-if-unmodified-since", future, "new", 200),
        ("x-amz-copy-source-if-unmodified-since", old, "new", 412),
        ("if-none-match", "*", "fresh", 200),
        ("if-none-match", "*", "there", 412),
        ("if-match", "\"x\"", "there", 412),
        (
            "if-match",
            "\"9dd4e461268c8034f5c8564e155c67a6\"",
            "there",
            200,
        ),
        ("if-match", "\"x\"", "absent", 404),
    ] {
        let target = format!("/lake/main/{target}");
        let answer = copy(&lake, "lake/main/a/one", &target, &[(name, value)]).await;
        assert_eq!(answer.status.as_u16(), wanted, "{name}: {value} {target}");
    }
}

#[tokio::test]
async fn a_copy_onto_itself_has_to_change_something() {
    let lake = with_source().await;
    let before = stat(&lake, "a/one").await;
    let source = "lake/main/a/one";
    let answer = copy(&lake, source, "/lake/main/a/one", &[]).await;
    assert_eq!(answer.refusal(), (400, "InvalidRequest"));
    let headers = [
        ("x-amz-metadata-directive", "REPLACE"),
        ("x-amz-meta-mtime", "12"),
    ];
    copy(&lake, source, "/lake/main/a/one", &headers)
        .await
        .expect(200);
    let after = stat(&lake, "a/one").await;
    // No byte is moved for it, and it is no copy of anything.
    assert_eq!(after.physical_address, before.physical_address);
    let metadata = after.metadata.unwrap();
    assert_eq!(
        metadata.get("X-Amz-Meta-mtime").map(String::as_str),
        Some("12")
    );
    assert!(!metadata.contains_key("::lakefs::shallow-copy"));
    assert_eq!(lake.get("/lake/main/a/one").send().await.text(), "hello");
    // From a commit it is another object.
    let answer = copy(&lake, "lake/main$/a/one", "/lake/main/a/one", &[]).await;
    answer.expect(200);
}

#[tokio::test]
async fn a_checksum_that_is_asked_for_is_computed() {
    let lake = with_source().await;
    let headers = [("x-amz-checksum-algorithm", "SHA256")];
    let answer = copy(&lake, "lake/main/a/one", "/lake/main/x", &headers)
        .await
        .expect(200);
    let sha256 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
    assert_eq!(answer.element("ChecksumSHA256"), sha256);
    let head = lake
        .head("/lake/main/x")
        .header("x-amz-checksum-mode", "ENABLED");
    assert_eq!(head.send().await.header("x-amz-checksum-sha256"), sha256);
    let headers = [("x-amz-checksum-algorithm", "MD4")];
    let answer = copy(&lake, "lake/main/a/one", "/lake/main/x", &headers).await;
    assert_eq!(answer.refusal(), (400, "InvalidRequest"));
}

/// Sharing is asked for by a setting, happens inside one branch only, and is marked as lakeFS marks it.
#[tokio::test]
async fn copies_share_their_bytes_only_where_they_may() {
    let lake = Lake::with(GatewayOptions {
        copy_clones: true,
        ..GatewayOptions::default()
    });
    let lake = lake.await;
    lake.create_repository("lake").await;
    put_source(&lake).await;
    let source = stat(&lake, "a/one").await;
    copy(&lake, "lake/main/a/one", "/lake/main/b", &[])
        .await
        .expect(200);
    let shared = stat(&lake, "b").await;
    assert_eq!(shared.physical_address, source.physical_address);
    let mark = |stats: &ObjectStats| {
        let metadata = stats.metadata.as_ref().unwrap();
        metadata.get("::lakefs::shallow-copy").cloned()
    };
    assert_eq!(mark(&shared).as_deref(), Some("a/one"));
    assert_eq!(mark(&source), None);
    // A reference that is not the branch itself might outlive it, or go sooner.
    copy(&lake, "lake/main$/b", "/lake/main/c", &[])
        .await
        .expect(200);
    let own = stat(&lake, "c").await;
    assert_ne!(own.physical_address, source.physical_address);
    assert_eq!(mark(&own), None);
    assert_eq!(lake.get("/lake/main/c").send().await.text(), "hello");
}
