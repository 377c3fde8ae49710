//! Listing buckets: pages, prefixes, delimiters, and the answers lakeFS's clients know.

use lakefs_gateway::{BucketAlias, GatewayOptions};
use lakefs_service::CreateBranch;

use crate::harness::{Answer, Lake};

/// The objects of the recorded conversation.
async fn lake() -> Lake {
    let lake = Lake::with_repository().await;
    let request = CreateBranch {
        repository: "lake",
        name: "dev",
        source: "main",
        hidden: false,
        force: false,
    };
    let made = lake.service.create_branch(lake.admin(), request);
    made.await.unwrap();
    for key in [
        "a//b c+d%/ü",
        "a/empty",
        "a/new",
        "a/one.txt",
        "b/two",
        "dir/",
    ] {
        lake.put_object("lake", &format!("main/{key}"), b"hello")
            .await;
    }
    lake
}

async fn list(lake: &Lake, query: &str) -> Answer {
    lake.get(&format!("/lake?{query}")).send().await
}

async fn list_v2(lake: &Lake, query: &str) -> Answer {
    list(lake, &format!("list-type=2&{query}"))
        .await
        .expect(200)
}

fn prefixes(answer: &Answer) -> Vec<&str> {
    answer
        .elements("CommonPrefixes")
        .into_iter()
        .map(|inner| {
            inner
                .trim_start_matches("<Prefix>")
                .trim_end_matches("</Prefix>")
        })
        .collect()
}

const FACTS: &str = "<LastModified>2027-01-15T08:00:00.000Z</LastModified>\
                     <ETag>&#34;5d41402abc4b2a76b9719d911017c592&#34;</ETag><Size>5</Size>\
                     <StorageClass>STANDARD</StorageClass>";

/// The documents, element by element, as lakeFS wrote them.
#[tokio::test]
async fn documents_have_the_recorded_shape() {
    let lake = lake().await;
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult><Name>lake</Name>";
    for (query, rest) in [
        (
            "list-type=2",
            "<IsTruncated>false</IsTruncated><Prefix></Prefix><KeyCount>2</KeyCount>\
             <MaxKeys>1000</MaxKeys><CommonPrefixes><Prefix>dev/</Prefix></CommonPrefixes>\
             <CommonPrefixes><Prefix>main/</Prefix></CommonPrefixes>"
                .to_owned(),
        ),
        (
            "list-type=2&prefix=d",
            "<IsTruncated>false</IsTruncated><Prefix>d</Prefix><KeyCount>1</KeyCount>\
             <MaxKeys>1000</MaxKeys><CommonPrefixes><Prefix>dev/</Prefix></CommonPrefixes>"
                .to_owned(),
        ),
        (
            "list-type=2&prefix=main%2Fa%2F&delimiter=%2F",
            format!(
                "<IsTruncated>false</IsTruncated><Prefix>main/a/</Prefix><Delimiter>/</Delimiter>\
                 <KeyCount>4</KeyCount><MaxKeys>1000</MaxKeys><CommonPrefixes><Prefix>main/a//\
                 </Prefix></CommonPrefixes><Contents><Key>main/a/empty</Key>{FACTS}</Contents>\
                 <Contents><Key>main/a/new</Key>{FACTS}</Contents>\
                 <Contents><Key>main/a/one.txt</Key>{FACTS}</Contents>"
            ),
        ),
        (
            "prefix=main%2F&delimiter=%2F",
            "<IsTruncated>false</IsTruncated><Prefix>main/</Prefix><Delimiter>/</Delimiter>\
             <KeyCount>3</KeyCount><MaxKeys>1000</MaxKeys><CommonPrefixes><Prefix>main/a/</Prefix>\
             </CommonPrefixes><CommonPrefixes><Prefix>main/b/</Prefix></CommonPrefixes>\
             <CommonPrefixes><Prefix>main/dir/</Prefix></CommonPrefixes><Marker></Marker>"
                .to_owned(),
        ),
        (
            "prefix=main%2F&marker=main%2Fb%2F&max-keys=1",
            format!(
                "<IsTruncated>true</IsTruncated><Prefix>main/</Prefix><KeyCount>1</KeyCount>\
                 <MaxKeys>1</MaxKeys><Marker>main/b/</Marker>\
                 <Contents><Key>main/b/two</Key>{FACTS}</Contents>"
            ),
        ),
    ] {
        let answer = list(&lake, query).await.expect(200);
        assert_eq!(
            answer.text(),
            format!("{head}{rest}</ListBucketResult>"),
            "{query}"
        );
        assert_eq!(answer.header("content-type"), "application/xml");
    }
}

#[tokio::test]
async fn any_text_may_be_the_delimiter() {
    let lake = lake().await;
    let answer = list_v2(&lake, "prefix=main%2F&delimiter=o").await;
    assert_eq!(prefixes(&answer), ["main/a/o", "main/b/two"]);
    assert_eq!(
        answer.elements("Key"),
        [
            "main/a//b c+d%/ü",
            "main/a/empty",
            "main/a/new",
            "main/dir/"
        ]
    );
    let answer = list_v2(&lake, "prefix=main%2F&delimiter=%2F%2F").await;
    assert_eq!(prefixes(&answer), ["main/a//"]);
}

#[tokio::test]
async fn names_are_percent_encoded_when_asked_for() {
    let lake = lake().await;
    lake.put_object("lake", "main/c\u{1}\u{b}ü", b"x").await;
    let answer = list_v2(
        &lake,
        "prefix=main%2F&encoding-type=url&start-after=main%2F%2B%20&delimiter=%20c",
    )
    .await;
    assert_eq!(answer.element("EncodingType"), "url");
    assert_eq!(answer.element("StartAfter"), "main/%2B%20");
    assert_eq!(answer.element("Delimiter"), "%20c");
    assert_eq!(prefixes(&answer), ["main/a//b%20c"]);
    assert!(answer.elements("Key").contains(&"main/c%01%0B%C3%BC"));
    let answer = list_v2(&lake, "prefix=main%2Fc").await;
    assert_eq!(answer.elements("Key"), ["main/c&#x1;&#xB;ü"]);
    let answer = list(&lake, "list-type=2&encoding-type=base64").await;
    assert_eq!(answer.refusal(), (400, "InvalidArgument"));
}

#[tokio::test]
async fn pages_follow_each_other_by_token() {
    let lake = lake().await;
    let mut keys: Vec<String> = Vec::new();
    let mut token = String::new();
    for page in 0.. {
        let query = format!("prefix=main%2F&max-keys=2&continuation-token={token}");
        let answer = list_v2(&lake, &query).await;
        assert_eq!(answer.element("ContinuationToken"), token);
        assert_eq!(answer.element("MaxKeys"), "2");
        keys.extend(answer.elements("Key").iter().map(|key| (*key).to_owned()));
        answer
            .element("NextContinuationToken")
            .clone_into(&mut token);
        let more = answer.element("IsTruncated") == "true";
        assert_eq!(more, !token.is_empty());
        if !more {
            assert_eq!(page, 2);
            break;
        }
        assert!(!token.contains('/'), "a token is opaque: {token}");
    }
    assert_eq!(keys.len(), 6);
    let answer = list(&lake, "list-type=2&continuation-token=main%2Fa").await;
    assert_eq!(answer.refusal(), (400, "InvalidArgument"));
}

#[tokio::test]
async fn pages_of_the_first_version_follow_by_marker() {
    let lake = lake().await;
    let answer = list(&lake, "prefix=main%2F&max-keys=1&delimiter=%2F").await;
    assert_eq!(answer.element("NextMarker"), "main/a/");
    let next = list(
        &lake,
        "prefix=main%2F&max-keys=1&delimiter=%2F&marker=main%2Fa%2F",
    )
    .await;
    assert_eq!(prefixes(&next), ["main/b/"]);
    // Without a delimiter clients go on after the last key.
    let answer = list(&lake, "prefix=main%2F&max-keys=1").await;
    assert_eq!(answer.element("IsTruncated"), "true");
    assert_eq!(answer.element("NextMarker"), "");
}

#[tokio::test]
async fn branches_come_in_pages_too() {
    let lake = lake().await;
    let first = list_v2(&lake, "max-keys=1").await;
    assert_eq!(prefixes(&first), ["dev/"]);
    let token = first.element("NextContinuationToken");
    let second = list_v2(&lake, &format!("max-keys=1&continuation-token={token}")).await;
    assert_eq!(prefixes(&second), ["main/"]);
    assert_eq!(second.element("IsTruncated"), "false");
    let marker = list(&lake, "max-keys=1").await.expect(200);
    assert_eq!(marker.element("NextMarker"), "dev/");
    for (after, expected) in [
        ("dev", vec!["dev/", "main/"]),
        ("dev%2F", vec!["main/"]),
        ("dev%2Fa", vec!["main/"]),
        ("x", vec![]),
    ] {
        let answer = list_v2(&lake, &format!("start-after={after}")).await;
        assert_eq!(prefixes(&answer), expected, "{after}");
    }
}

#[tokio::test]
async fn no_keys_wanted_are_no_keys_left() {
    let lake = lake().await;
    for query in ["max-keys=0", "max-keys=0&prefix=main%2F"] {
        let answer = list_v2(&lake, query).await;
        assert_eq!(answer.element("KeyCount"), "0");
        assert_eq!(answer.element("IsTruncated"), "false");
        assert!(answer.elements("NextContinuationToken").is_empty());
    }
    let answer = list_v2(&lake, "max-keys=5000&prefix=main%2F").await;
    assert_eq!(answer.element("MaxKeys"), "1000");
    for amount in ["-1", "x"] {
        let answer = list(&lake, &format!("max-keys={amount}")).await;
        assert_eq!(answer.refusal(), (400, "InvalidArgument"), "{amount}");
    }
}

#[tokio::test]
async fn a_start_in_another_reference_sorts_like_any_key() {
    let lake = lake().await;
    for (after, count) in [
        ("dev%2Fzzz", 6),
        ("main", 6),
        ("main%2Fa%2Fone.txt", 2),
        ("nope%2Fa", 0),
    ] {
        let query = format!("prefix=main%2F&start-after={after}");
        let answer = list_v2(&lake, &query).await;
        assert_eq!(answer.elements("Key").len(), count, "{after}");
    }
    let long = "k".repeat(3000);
    let answer = list(&lake, &format!("prefix=main%2F&marker=main%2F{long}")).await;
    assert_eq!(answer.refusal(), (400, "KeyTooLongError"));
    let answer = list_v2(&lake, &format!("prefix=main%2F{long}")).await;
    assert_eq!(answer.element("KeyCount"), "0");
}

#[tokio::test]
async fn an_unknown_reference_is_a_bad_request_and_was_empty_before() {
    let lake = lake().await;
    for reference in ["nope", "main~7", "main~x", "a%20b"] {
        let answer = list(&lake, &format!("list-type=2&prefix={reference}%2F")).await;
        assert_eq!(answer.refusal(), (400, "BadRequest"), "{reference}");
        let answer = list(&lake, &format!("prefix={reference}%2F")).await;
        assert_eq!(answer.expect(200).element("KeyCount"), "0");
        let answer = list(&lake, &format!("versions&prefix={reference}%2F")).await;
        answer.expect(200);
    }
    let answer = lake.get("/nolake?list-type=2&prefix=main%2F").send().await;
    assert_eq!(answer.refusal(), (404, "NoSuchBucket"));
    let answer = lake.get("/nolake?list-type=2").send().await;
    assert_eq!(answer.refusal(), (404, "NoSuchBucket"));
}

#[tokio::test]
async fn expressions_list_like_branches() {
    let lake = lake().await;
    let answer = list_v2(&lake, "prefix=main%40%2F&encoding-type=url").await;
    assert_eq!(answer.element("KeyCount"), "0");
    let answer = list_v2(&lake, "prefix=main%24%2Fb&encoding-type=url").await;
    assert_eq!(answer.elements("Key"), ["main%24/b/two"]);
}

#[tokio::test]
async fn owners_are_told_when_asked_for() {
    let lake = lake().await;
    let answer = list_v2(&lake, "prefix=main%2Fb&fetch-owner=true").await;
    assert_eq!(answer.elements("Owner").len(), 1);
    let answer = list_v2(&lake, "prefix=main%2Fb").await;
    assert!(answer.elements("Owner").is_empty());
}

#[tokio::test]
async fn every_object_has_one_version() {
    let lake = lake().await;
    let answer = list(
        &lake,
        "versions&prefix=main%2Fa%2F&delimiter=%2F&max-keys=3",
    )
    .await;
    let answer = answer.expect(200);
    assert_eq!(prefixes(&answer), ["main/a//"]);
    assert_eq!(answer.elements("Key"), ["main/a/empty", "main/a/new"]);
    assert_eq!(answer.elements("VersionId"), ["null", "null"]);
    assert_eq!(answer.elements("IsLatest"), ["true", "true"]);
    assert_eq!(answer.element("NextKeyMarker"), "main/a/new");
    assert_eq!(answer.element("NextVersionIdMarker"), "null");
    let rest = "versions&prefix=main%2Fa%2F&delimiter=%2F&key-marker=main%2Fa%2Fnew\
                &version-id-marker=null";
    let answer = list(&lake, rest).await.expect(200);
    assert_eq!(answer.elements("Key"), ["main/a/one.txt"]);
    let answer = list(&lake, "versions&version-id-marker=null").await;
    assert_eq!(answer.refusal(), (400, "InvalidArgument"));
}

#[tokio::test]
async fn rows_tell_class_and_checksum() {
    let lake = Lake::with_repository().await;
    let put = lake
        .put("/lake/main/a")
        .header("x-amz-storage-class", "GLACIER");
    let put = put.header("x-amz-checksum-crc32", "NhCmhg==");
    put.body("hello").send().await.expect(200);
    let answer = list_v2(&lake, "prefix=main%2F").await;
    assert_eq!(answer.element("StorageClass"), "GLACIER");
    assert_eq!(answer.element("ChecksumAlgorithm"), "CRC32");
    assert_eq!(answer.element("ChecksumType"), "FULL_OBJECT");
}

#[tokio::test]
async fn an_alias_lists_as_a_flat_bucket() {
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
    for key in ["a", "deep/a", "deep/b/c", "deep/d", "e"] {
        lake.put_object("lake", &format!("main/{key}"), b"hello")
            .await;
    }
    let ask = |query: &str| lake.get(&format!("/flat?list-type=2&{query}")).send();
    let answer = ask("").await.expect(200);
    assert_eq!(answer.element("Name"), "flat");
    assert_eq!(answer.elements("Key"), ["a", "b/c", "d"]);
    let answer = ask("delimiter=%2F&max-keys=2").await.expect(200);
    assert_eq!(answer.elements("Key"), ["a"]);
    assert_eq!(prefixes(&answer), ["b/"]);
    let token = answer.element("NextContinuationToken");
    let query = format!("delimiter=%2F&continuation-token={token}");
    let answer = ask(&query).await.expect(200);
    assert_eq!(answer.elements("Key"), ["d"]);
    assert!(prefixes(&answer).is_empty());
    let answer = ask("prefix=b%2F&start-after=a").await.expect(200);
    assert_eq!(answer.elements("Key"), ["b/c"]);
}
