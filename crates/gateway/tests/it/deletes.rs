//! Deleting objects, one by one and a thousand at a time.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lakefs_gateway::{BucketAlias, GatewayOptions};
use md5::{Digest as _, Md5};

use crate::harness::{Answer, Lake};

const ETAG: &str = "\"5d41402abc4b2a76b9719d911017c592\"";

async fn lake_with(keys: &[&str]) -> Lake {
    let lake = Lake::with_repository().await;
    for key in keys {
        lake.put_object("lake", key, b"hello").await;
    }
    lake
}

async fn exists(lake: &Lake, key: &str) -> bool {
    let target = format!("/lake/{}", lakefs_sigv4::encode_path(key));
    lake.head(&target).send().await.status == 200
}

async fn delete_all(lake: &Lake, bucket: &str, inner: &str) -> Answer {
    let text = format!("<Delete>{inner}</Delete>");
    let call = lake.post(&format!("/{bucket}?delete"));
    call.body(text).send().await
}

fn object(key: &str) -> String {
    format!("<Object><Key>{key}</Key></Object>")
}

#[tokio::test]
async fn an_object_is_gone_and_deleting_it_again_is_fine() {
    let lake = lake_with(&["main/a", "main/b"]).await;
    for _ in 0..2 {
        let answer = lake.delete("/lake/main/a").send().await.expect(204);
        assert!(answer.body.is_empty());
    }
    assert!(!exists(&lake, "main/a").await);
    assert!(exists(&lake, "main/b").await);
}

#[tokio::test]
async fn only_branches_can_be_deleted_from() {
    let lake = lake_with(&["main/a"]).await;
    let answer = lake.delete("/lake/nope/a").send().await;
    assert_eq!(answer.refusal(), (404, "NoSuchBucket"));
    let answer = lake.delete("/lake/main~1/a").send().await;
    assert_eq!(answer.refusal(), (400, "InvalidArgument"));
    let answer = lake.delete("/nolake/main/a").send().await;
    assert_eq!(answer.refusal(), (404, "NoSuchBucket"));
    let answer = lake.delete("/lake/main/a?versionId=x").send().await;
    assert_eq!(answer.refusal(), (404, "NoSuchVersion"));
    lake.delete("/lake/main/").send().await.expect(204);
    assert!(exists(&lake, "main/a").await);
    let answer = lake.delete("/lake/main/a?versionId=null").send().await;
    answer.expect(204);
    assert!(!exists(&lake, "main/a").await);
}

#[tokio::test]
async fn a_deletion_may_depend_on_what_is_there() {
    let modified = "Fri, 15 Jan 2027 08:00:00 GMT";
    let (size, time) = ("x-amz-if-match-size", "x-amz-if-match-last-modified-time");
    let lake = lake_with(&["main/a"]).await;
    for (name, value) in [
        ("if-match", "\"other\""),
        (size, "6"),
        (time, "Fri, 15 Jan 2027 08:00:01 GMT"),
    ] {
        let call = lake.delete("/lake/main/a").header(name, value);
        let answer = call.send().await;
        assert_eq!(answer.refusal(), (412, "PreconditionFailed"), "{name}");
        // What is not there is deleted already, whatever it should have been.
        let call = lake.delete("/lake/main/zzz").header(name, value);
        call.send().await.expect(204);
    }
    let both = lake.delete("/lake/main/a").header("if-match", ETAG);
    let answer = both.header(size, "4").send().await;
    assert_eq!(answer.refusal(), (412, "PreconditionFailed"));
    let any = lake.delete("/lake/main/zzz").header("if-match", "*");
    let answer = any.send().await;
    assert_eq!(answer.refusal(), (412, "PreconditionFailed"));
    let nonsense = lake.delete("/lake/main/a").header(size, "many");
    let answer = nonsense.send().await;
    assert_eq!(answer.refusal(), (400, "InvalidArgument"));
    assert!(exists(&lake, "main/a").await);
    for (name, value) in [
        ("if-match", ETAG),
        ("if-match", "*"),
        (size, "5"),
        (time, modified),
    ] {
        let call = lake.delete("/lake/main/a").header(name, value);
        call.send().await.expect(204);
        assert!(!exists(&lake, "main/a").await, "{name}: {value}");
        lake.put_object("lake", "main/a", b"hello").await;
    }
    let all = lake.delete("/lake/main/a").header("if-match", ETAG);
    let all = all.header(size, "5").header(time, modified);
    all.send().await.expect(204);
    assert!(!exists(&lake, "main/a").await);
}

#[tokio::test]
async fn every_key_has_its_own_outcome_in_order() {
    let lake = lake_with(&["main/a", "main/b", "main/x<&>"]).await;
    let keys = [
        "main/b",
        "nope/a",
        "main/gone",
        "main/",
        "main/x&lt;&amp;&gt;",
        "plain",
    ];
    let objects: String = keys.iter().map(|key| object(key)).collect();
    let other_version = "<Object><Key>main/a</Key><VersionId>v1</VersionId></Object>".to_owned();
    let answer = delete_all(&lake, "lake", &(objects + &other_version)).await;
    let answer = answer.expect(200);
    let mut expected = String::new();
    for key in keys {
        if key == "nope/a" {
            expected.push_str(
                "<Error><Key>nope/a</Key><Code>NoSuchBucket</Code>\
                 <Message>The specified bucket does not exist</Message></Error>",
            );
        } else {
            write!(expected, "<Deleted><Key>{key}</Key></Deleted>").unwrap();
        }
    }
    expected.push_str(
        "<Error><Key>main/a</Key><VersionId>v1</VersionId><Code>NoSuchVersion</Code>\
         <Message>The specified version does not exist.</Message></Error>",
    );
    assert_eq!(
        answer.text(),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DeleteResult xmlns=\
             \"http://s3.amazonaws.com/doc/2006-03-01/\">{expected}</DeleteResult>"
        )
    );
    assert!(exists(&lake, "main/a").await);
    assert!(!exists(&lake, "main/b").await);
    assert!(!exists(&lake, "main/x<&>").await);
}

#[tokio::test]
async fn quiet_tells_failures_only() {
    let lake = lake_with(&["main/a"]).await;
    let inner = format!(
        "<Quiet>true</Quiet>{}{}",
        object("main/a"),
        object("nope/a")
    );
    let answer = delete_all(&lake, "lake", &inner).await.expect(200);
    assert_eq!(answer.elements("Key"), ["nope/a"]);
    assert!(!exists(&lake, "main/a").await);
}

#[tokio::test]
async fn keys_may_have_conditions() {
    let lake = lake_with(&["main/a", "main/b", "main/c"]).await;
    let inner = format!(
        "<Object><Key>main/a</Key><ETag>{ETAG}</ETag><Size>5</Size></Object>\
         <Object><Key>main/b</Key><ETag>\"other\"</ETag></Object>{}",
        object("main/c")
    );
    let answer = delete_all(&lake, "lake", &inner).await.expect(200);
    assert_eq!(answer.elements("Code"), ["PreconditionFailed"]);
    assert!(!exists(&lake, "main/a").await);
    assert!(exists(&lake, "main/b").await);
    assert!(!exists(&lake, "main/c").await);
}

#[tokio::test]
async fn a_thousand_keys_go_at_once() {
    let lake = lake_with(&["main/k0", "main/k999"]).await;
    let document = |count: usize| -> String {
        (0..count)
            .map(|index| object(&format!("main/k{index}")))
            .collect()
    };
    let answer = delete_all(&lake, "lake", &document(1000)).await.expect(200);
    assert_eq!(answer.elements("Deleted").len(), 1000);
    assert!(!exists(&lake, "main/k0").await);
    assert!(!exists(&lake, "main/k999").await);
    let answer = delete_all(&lake, "lake", &document(1001)).await;
    assert_eq!(answer.refusal(), (400, "MalformedXML"));
    let answer = delete_all(&lake, "lake", "").await;
    assert_eq!(answer.refusal(), (400, "MalformedXML"));
    let answer = delete_all(&lake, "lake", "<Object>").await;
    assert_eq!(answer.refusal(), (400, "BadRequest"));
}

#[tokio::test]
async fn the_documents_digest_is_checked_and_its_length_limited() {
    let lake = lake_with(&["main/a"]).await;
    let text = format!("<Delete>{}</Delete>", object("main/a"));
    let wrong = STANDARD.encode(Md5::digest(b"another document"));
    let call = lake.post("/lake?delete").header("content-md5", &wrong);
    let answer = call.body(text.clone()).send().await;
    assert_eq!(answer.refusal(), (400, "BadDigest"));
    let call = lake.post("/lake?delete");
    let call = call.header("x-amz-checksum-crc32", "AAAAAA==");
    let answer = call.body(text.clone()).send().await;
    assert_eq!(answer.refusal(), (400, "BadDigest"));
    assert!(exists(&lake, "main/a").await);
    let long = format!("{text}{}", " ".repeat(8 << 20));
    let answer = lake.post("/lake?delete").body(long).send().await;
    assert_eq!(answer.refusal(), (400, "MaxMessageLengthExceeded"));
    let right = STANDARD.encode(Md5::digest(text.as_bytes()));
    let call = lake.post("/lake?delete").header("content-md5", &right);
    call.body(text).send().await.expect(200);
    assert!(!exists(&lake, "main/a").await);
}

#[tokio::test]
async fn an_unknown_bucket_is_one_failure() {
    let lake = lake_with(&[]).await;
    let answer = delete_all(&lake, "nolake", &object("main/a")).await;
    assert_eq!(answer.refusal(), (404, "NoSuchBucket"));
}

#[tokio::test]
async fn keys_of_an_alias_lie_below_its_prefix() {
    let lake = Lake::with(GatewayOptions {
        aliases: vec![BucketAlias {
            name: "flat".to_owned(),
            repository: "lake".to_owned(),
            reference: "main".to_owned(),
            prefix: "deep/".to_owned(),
        }],
        ..GatewayOptions::default()
    })
    .await;
    lake.create_repository("lake").await;
    for key in ["main/deep/a", "main/a", "main/deep/b"] {
        lake.put_object("lake", key, b"hello").await;
    }
    let answer = delete_all(&lake, "flat", &object("a")).await.expect(200);
    assert_eq!(answer.elements("Key"), ["a"]);
    lake.delete("/flat/b").send().await.expect(204);
    assert!(!exists(&lake, "main/deep/a").await);
    assert!(!exists(&lake, "main/deep/b").await);
    assert!(exists(&lake, "main/a").await);
}
