//! Uploads in parts, as clients make them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lakefs_gateway::{BucketAlias, GatewayOptions};
use md5::{Digest as _, Md5};

use crate::harness::{Answer, HOST, Lake};

const PART: usize = 5 << 20;

impl Lake {
    async fn begin(&self, path: &str) -> String {
        let begun = self
            .post(&format!("{path}?uploads"))
            .send()
            .await
            .expect(200);
        begun.element("UploadId").to_owned()
    }

    async fn part(&self, path: &str, id: &str, number: u32, bytes: Vec<u8>) -> Answer {
        let target = format!("{path}?partNumber={number}&uploadId={id}");
        self.put(&target).body(bytes).send().await
    }

    async fn complete(&self, path: &str, id: &str, parts: &[(u32, String)]) -> Answer {
        let target = format!("{path}?uploadId={id}");
        self.post(&target).body(document(parts)).send().await
    }
}

fn document(parts: &[(u32, String)]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|(number, etag)| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
        })
        .collect();
    format!(
        "<CompleteMultipartUpload>{}</CompleteMultipartUpload>",
        parts.concat()
    )
}

fn md5(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

/// The recorded conversation with lakeFS, and what follows from it.
#[tokio::test]
async fn an_upload_goes_as_clients_know_it() {
    let lake = Lake::with_repository().await;
    let begun = lake
        .post("/lake/main/multi?uploads")
        .header("x-amz-meta-Foo", "mp")
        .header("content-type", "image/png")
        .header("cache-control", "no-cache")
        .send()
        .await
        .expect(200);
    assert_eq!(begun.header("content-type"), "application/xml");
    let id = begun.element("UploadId").to_owned();
    assert_eq!(
        begun.text(),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<InitiateMultipartUploadResult>\
             <Bucket>lake</Bucket><Key>main/multi</Key><UploadId>{id}</UploadId>\
             </InitiateMultipartUploadResult>"
        )
    );
    let (first, second) = (vec![b'a'; PART], vec![b'b'; 10]);
    let one = lake
        .part("/lake/main/multi", &id, 1, first.clone())
        .await
        .expect(200);
    assert_eq!(one.header("etag"), "\"79b281060d337b9b2b84ccf390adcf74\"");
    assert_eq!(one.header("x-amz-checksum-crc64nvme"), "");
    let two = lake
        .part("/lake/main/multi", &id, 2, second.clone())
        .await
        .expect(200);
    assert_eq!(two.header("etag"), "\"82136b4240d6ce4ea7d03e51469a393b\"");
    assert_eq!(
        lake.get("/lake/main/multi").send().await.refusal(),
        (404, "NoSuchKey")
    );

    let parts = [
        (1, one.header("etag").to_owned()),
        (2, two.header("etag").to_owned()),
    ];
    let made = lake
        .complete("/lake/main/multi", &id, &parts)
        .await
        .expect(200);
    assert_eq!(
        made.element("Location"),
        format!("http://{HOST}/lake/main/multi")
    );
    assert_eq!(
        (made.element("Bucket"), made.element("Key")),
        ("lake", "main/multi")
    );
    let etag = "\"8b0be7847da5564ae08e97af63b60885-2\"";
    assert_eq!(made.element("ETag"), etag.replace('"', "&#34;"));

    let head = lake.head("/lake/main/multi").send().await.expect(200);
    assert_eq!(head.header("etag"), etag);
    assert_eq!(head.header("content-type"), "image/png");
    assert_eq!(head.header("cache-control"), "no-cache");
    assert_eq!(head.header("x-amz-meta-foo"), "mp");
    let read = lake.get("/lake/main/multi").send().await.expect(200);
    assert_eq!(read.body, [first, second.clone()].concat());
    let part = lake
        .get("/lake/main/multi?partNumber=2")
        .send()
        .await
        .expect(206);
    assert_eq!(part.body, second);
    assert_eq!(part.header("x-amz-mp-parts-count"), "2");

    let again = lake
        .complete("/lake/main/multi", &id, &parts)
        .await
        .expect(200);
    assert_eq!(again.body, made.body);
    let other = lake.complete("/lake/main/multi", &id, &parts[..1]).await;
    assert_eq!(other.refusal(), (404, "NoSuchUpload"));
}

#[tokio::test]
async fn requests_that_are_wrong_get_the_codes_of_s3() {
    let lake = Lake::with_repository().await;
    let id = lake.begin("/lake/main/x").await;
    let part = |query: &str| format!("/lake/main/x?{query}");
    for (query, refusal) in [
        (
            format!("partNumber=0&uploadId={id}"),
            (400, "InvalidArgument"),
        ),
        (
            format!("partNumber=10001&uploadId={id}"),
            (400, "InvalidArgument"),
        ),
        (
            format!("partNumber=one&uploadId={id}"),
            (400, "InvalidArgument"),
        ),
        (format!("uploadId={id}"), (400, "InvalidArgument")),
        ("partNumber=1".to_owned(), (400, "InvalidArgument")),
        (
            "partNumber=1&uploadId=zzz".to_owned(),
            (404, "NoSuchUpload"),
        ),
        ("partNumber=1&uploadId=".to_owned(), (404, "NoSuchUpload")),
    ] {
        let answer = lake.put(&part(&query)).body("b").send().await;
        assert_eq!(answer.refusal(), refusal, "{query}");
    }
    let digest = STANDARD.encode(Md5::digest(b"other"));
    for (header, value, refusal) in [
        ("content-md5", digest.as_str(), (400, "BadDigest")),
        ("content-md5", "x", (400, "InvalidDigest")),
        ("x-amz-checksum-crc32", "AAAAAA==", (400, "BadDigest")),
    ] {
        let target = part(&format!("partNumber=1&uploadId={id}"));
        let answer = lake.put(&target).header(header, value).body("bytes");
        assert_eq!(answer.send().await.refusal(), refusal, "{header} {value}");
    }
    let abort = lake.delete(&part(&format!("uploadId={id}"))).header(
        "x-amz-if-match-initiated-time",
        "Thu, 14 Jan 2027 08:00:00 GMT",
    );
    let refusal = (412, "PreconditionFailed");
    assert_eq!(abort.send().await.refusal(), refusal);
    let abort = || lake.delete(&part(&format!("uploadId={id}"))).send();
    assert_eq!(abort().await.expect(204).text(), "");
    assert_eq!(abort().await.refusal(), (404, "NoSuchUpload"));
}

#[tokio::test]
async fn uploads_that_cannot_be_are_refused() {
    let lake = Lake::with_repository().await;
    for (target, refusal) in [
        ("/lake/nope/m?uploads", (404, "NoSuchBucket")),
        ("/nope/main/m?uploads", (404, "NoSuchBucket")),
        ("/lake/main~1/m?uploads", (400, "InvalidArgument")),
    ] {
        assert_eq!(
            lake.post(target).send().await.refusal(),
            refusal,
            "{target}"
        );
    }
    for (header, value, refusal) in [
        ("x-amz-checksum-algorithm", "MD4", (400, "InvalidRequest")),
        ("x-amz-storage-class", "LUKEWARM", (400, "InvalidArgument")),
        ("x-amz-acl", "public-read", (501, "NotImplemented")),
    ] {
        let answer = lake
            .post("/lake/main/m?uploads")
            .header(header, value)
            .send()
            .await;
        assert_eq!(answer.refusal(), refusal, "{header}");
    }
    let abort = lake.delete("/lake/main/x?uploadId=zzz").send().await;
    assert_eq!(abort.refusal(), (404, "NoSuchUpload"));
    let list = lake.get("/lake/main/x?uploadId=zzz").send().await;
    assert_eq!(list.refusal(), (404, "NoSuchUpload"));
}

#[tokio::test]
async fn a_list_of_parts_is_held_against_what_was_uploaded() {
    let lake = Lake::with_repository().await;
    let id = lake.begin("/lake/main/x").await;
    for (number, bytes) in [(1, "small"), (2, "two"), (3, "three")] {
        lake.part("/lake/main/x", &id, number, bytes.into())
            .await
            .expect(200);
    }
    let (one, two) = (md5(b"small"), md5(b"two"));
    for (parts, refusal) in [
        (vec![(1, two.clone())], (400, "InvalidPart")),
        (vec![(4, one.clone())], (400, "InvalidPart")),
        (
            vec![(2, two.clone()), (1, one.clone())],
            (400, "InvalidPartOrder"),
        ),
        (
            vec![(1, one.clone()), (1, one.clone())],
            (400, "InvalidPartOrder"),
        ),
        (
            vec![(1, one.clone()), (2, two.clone())],
            (400, "EntityTooSmall"),
        ),
    ] {
        let answer = lake.complete("/lake/main/x", &id, &parts).await;
        assert_eq!(answer.refusal(), refusal, "{parts:?}");
    }
    let target = format!("/lake/main/x?uploadId={id}");
    let many: Vec<(u32, String)> = (1..=10_001).map(|number| (number, one.clone())).collect();
    for (body, refusal) in [
        (document(&many), (400, "MalformedXML")),
        (
            "<CompleteMultipartUpload/>".to_owned(),
            (400, "MalformedXML"),
        ),
        ("nonsense".to_owned(), (400, "MalformedXML")),
        (" ".repeat((4 << 20) + 1), (400, "MaxMessageLengthExceeded")),
    ] {
        assert_eq!(
            lake.post(&target).body(body).send().await.refusal(),
            refusal
        );
    }
    let wrong_size = lake
        .post(&target)
        .header("x-amz-mp-object-size", "4")
        .body(document(&[(1, one.clone())]));
    assert_eq!(wrong_size.send().await.refusal(), (400, "InvalidRequest"));
    assert_eq!(
        lake.get("/lake/main/x").send().await.refusal(),
        (404, "NoSuchKey")
    );
    lake.complete("/lake/main/x", &id, &[(1, one)])
        .await
        .expect(200);
    let read = lake.get("/lake/main/x").send().await.expect(200);
    assert_eq!(read.text(), "small");
}

#[tokio::test]
async fn an_upload_ends_under_its_condition() {
    let lake = Lake::with_repository().await;
    lake.put_object("lake", "main/x", b"there").await;
    let id = lake.begin("/lake/main/x").await;
    lake.part("/lake/main/x", &id, 1, b"new".to_vec())
        .await
        .expect(200);
    let target = format!("/lake/main/x?uploadId={id}");
    let parts = [(1, md5(b"new"))];
    for (header, value, refusal) in [
        ("if-none-match", "*", (412, "PreconditionFailed")),
        ("if-match", "\"other\"", (412, "PreconditionFailed")),
        ("if-none-match", "\"other\"", (501, "NotImplemented")),
    ] {
        let answer = lake
            .post(&target)
            .header(header, value)
            .body(document(&parts));
        assert_eq!(answer.send().await.refusal(), refusal, "{header}");
    }
    let there = format!("\"{}\"", md5(b"there"));
    let call = lake
        .post(&target)
        .header("if-match", &there)
        .body(document(&parts));
    call.send().await.expect(200);
    assert_eq!(lake.get("/lake/main/x").send().await.text(), "new");
}

#[tokio::test]
async fn parts_are_listed_page_by_page() {
    let lake = Lake::with_repository().await;
    let begun = lake
        .post("/lake/main/a%20b?uploads")
        .header("x-amz-checksum-algorithm", "SHA256")
        .send()
        .await
        .expect(200);
    assert_eq!(begun.header("x-amz-checksum-algorithm"), "SHA256");
    assert_eq!(begun.header("x-amz-checksum-type"), "COMPOSITE");
    let id = begun.element("UploadId").to_owned();
    for number in [5, 1, 3] {
        let sum = STANDARD.encode(sha2::Sha256::digest([number]));
        let target = format!("/lake/main/a%20b?partNumber={number}&uploadId={id}");
        let answer = lake
            .put(&target)
            .header("x-amz-checksum-sha256", &sum)
            .body(vec![number])
            .send()
            .await
            .expect(200);
        assert_eq!(answer.header("x-amz-checksum-sha256"), sum);
    }
    let unsummed = lake.part("/lake/main/a%20b", &id, 6, b"x".to_vec()).await;
    assert_eq!(unsummed.refusal(), (400, "InvalidRequest"));
    let page = |marker: &str, limit: u32| {
        let query = format!("max-parts={limit}&part-number-marker={marker}&uploadId={id}");
        lake.get(&format!("/lake/main/a%20b?{query}&encoding-type=url"))
    };
    let first = page("0", 2).send().await.expect(200);
    assert_eq!(first.elements("PartNumber"), ["1", "3"]);
    assert_eq!(first.element("IsTruncated"), "true");
    assert_eq!(first.element("NextPartNumberMarker"), "3");
    assert_eq!(first.element("Key"), "main/a%20b");
    assert_eq!(first.element("ChecksumType"), "COMPOSITE");
    assert_eq!(first.elements("ChecksumSHA256").len(), 2);
    assert_eq!(first.elements("Size"), ["1", "1"]);
    assert_eq!(
        first.elements("LastModified")[0],
        "2027-01-15T08:00:00.000Z"
    );
    let second = page("3", 2).send().await.expect(200);
    assert_eq!(second.elements("PartNumber"), ["5"]);
    assert_eq!(second.element("IsTruncated"), "false");
    assert_eq!(
        page("x", 2).send().await.refusal(),
        (400, "InvalidArgument")
    );
}

#[tokio::test]
async fn uploads_are_listed_with_prefix_delimiter_and_markers() {
    let lake = Lake::with_repository().await;
    for key in ["main/a", "main/b/1", "main/b/2", "main/c%26"] {
        lake.begin(&format!("/lake/{key}")).await;
    }
    let list = |query: &str| lake.get(&format!("/lake?uploads&{query}"));
    let all = list("").send().await.expect(200);
    assert_eq!(
        all.elements("Key"),
        ["main/a", "main/b/1", "main/b/2", "main/c&amp;"]
    );
    assert_eq!(all.element("IsTruncated"), "false");
    assert_eq!(all.elements("ID")[0], "admin");
    let folded = list("prefix=main%2F&delimiter=%2F&encoding-type=url")
        .send()
        .await;
    assert_eq!(folded.elements("Key"), ["main/a", "main/c%26"]);
    assert_eq!(
        folded.elements("CommonPrefixes"),
        ["<Prefix>main/b/</Prefix>"]
    );
    let first = list("max-uploads=2").send().await.expect(200);
    assert_eq!(first.element("NextKeyMarker"), "main/b/1");
    let marker = first.element("NextUploadIdMarker");
    let query = format!("key-marker=main%2Fb%2F1&upload-id-marker={marker}");
    let rest = list(&query).send().await.expect(200);
    assert_eq!(rest.elements("Key"), ["main/b/2", "main/c&amp;"]);
    let none = list("max-uploads=0").send().await.expect(200);
    assert_eq!(
        (none.element("IsTruncated"), none.elements("Key").len()),
        ("false", 0)
    );
    assert_eq!(
        list("max-uploads=x").send().await.refusal(),
        (400, "InvalidArgument")
    );
}

#[tokio::test]
async fn an_alias_shows_its_own_uploads_under_its_own_keys() {
    let options = GatewayOptions {
        aliases: vec![BucketAlias {
            name: "flat".to_owned(),
            repository: "lake".to_owned(),
            reference: "main".to_owned(),
            prefix: "in/".to_owned(),
        }],
        ..GatewayOptions::default()
    };
    let lake = Lake::with(options).await;
    lake.create_repository("lake").await;
    lake.begin("/lake/main/other").await;
    let id = lake.begin("/flat/dir/x").await;
    let list = lake
        .get("/flat?uploads&prefix=dir/")
        .send()
        .await
        .expect(200);
    assert_eq!(list.elements("Key"), ["dir/x"]);
    lake.part("/flat/dir/x", &id, 1, b"bytes".to_vec())
        .await
        .expect(200);
    let made = lake
        .complete("/flat/dir/x", &id, &[(1, md5(b"bytes"))])
        .await
        .expect(200);
    assert_eq!(
        (made.element("Bucket"), made.element("Key")),
        ("flat", "dir/x")
    );
    let read = lake.get("/lake/main/in/dir/x").send().await.expect(200);
    assert_eq!(read.text(), "bytes");
}

#[tokio::test]
async fn parts_are_copied_from_objects() {
    let lake = Lake::with_repository().await;
    lake.put_object("lake", "main/source", b"0123456789").await;
    let etag = format!("\"{}\"", md5(b"0123456789"));
    let begun = lake
        .post("/lake/main/x?uploads")
        .header("x-amz-checksum-algorithm", "CRC32")
        .header("x-amz-checksum-type", "FULL_OBJECT")
        .send()
        .await
        .expect(200);
    let id = begun.element("UploadId").to_owned();
    let copy = |number: u32| {
        lake.put(&format!("/lake/main/x?partNumber={number}&uploadId={id}"))
            .header("x-amz-copy-source", "/lake/main/source")
    };
    let part = copy(1)
        .header("x-amz-copy-source-range", "bytes=2-4")
        .header("x-amz-copy-source-if-match", &etag)
        .send()
        .await
        .expect(200);
    assert_eq!(part.element("ETag"), format!("&#34;{}&#34;", md5(b"234")));
    assert!(part.text().contains("<CopyPartResult>"));
    assert!(!part.element("ChecksumCRC32").is_empty());
    for (header, value, refusal) in [
        (
            "x-amz-copy-source-range",
            "bytes=2-",
            (400, "InvalidArgument"),
        ),
        (
            "x-amz-copy-source-range",
            "bytes=-2",
            (400, "InvalidArgument"),
        ),
        ("x-amz-copy-source-range", "2-4", (400, "InvalidArgument")),
        (
            "x-amz-copy-source-range",
            "bytes=4-2",
            (400, "InvalidArgument"),
        ),
        (
            "x-amz-copy-source-range",
            "bytes=0-10",
            (400, "InvalidArgument"),
        ),
        (
            "x-amz-copy-source-if-none-match",
            &etag,
            (412, "PreconditionFailed"),
        ),
        (
            "x-amz-copy-source-if-match",
            "\"x\"",
            (412, "PreconditionFailed"),
        ),
    ] {
        let answer = copy(2).header(header, value).send().await;
        assert_eq!(answer.refusal(), refusal, "{header} {value}");
    }
    let missing = lake
        .put(&format!("/lake/main/x?partNumber=2&uploadId={id}"))
        .header("x-amz-copy-source", "/lake/main/nothing");
    assert_eq!(missing.send().await.refusal(), (404, "NoSuchKey"));
    let made = lake
        .complete("/lake/main/x", &id, &[(1, md5(b"234"))])
        .await
        .expect(200);
    assert_eq!(made.element("ChecksumType"), "FULL_OBJECT");
    let read = lake
        .get("/lake/main/x")
        .header("x-amz-checksum-mode", "ENABLED")
        .send()
        .await
        .expect(200);
    assert_eq!(read.text(), "234");
    assert_eq!(
        read.header("x-amz-checksum-crc32"),
        made.element("ChecksumCRC32")
    );
}

#[tokio::test]
async fn a_protected_branch_is_refused_before_anything_is_uploaded() {
    let lake = Lake::with_repository().await;
    let id = lake.begin("/lake/main/x").await;
    lake.part("/lake/main/x", &id, 1, b"bytes".to_vec())
        .await
        .expect(200);
    let rules = vec!["main".to_owned()];
    lake.service
        .set_branch_protection_rules(lake.admin(), "lake", rules, None)
        .await
        .unwrap();
    let refusal = (403, "ErrWriteToProtectedBranch");
    let begun = lake.post("/lake/main/y?uploads").send().await;
    assert_eq!(begun.refusal(), refusal);
    let part = lake.part("/lake/main/x", &id, 2, b"bytes".to_vec()).await;
    assert_eq!(part.refusal(), refusal);
    let objects = lake.blocks.locations().len();
    let made = lake
        .complete("/lake/main/x", &id, &[(1, md5(b"bytes"))])
        .await;
    assert_eq!(made.refusal(), refusal);
    assert_eq!(lake.blocks.locations().len(), objects);
}
