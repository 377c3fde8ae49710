//! Operations on buckets, aliases, and the roots of references.

use lakefs_gateway::{BucketAlias, GatewayOptions};

use crate::harness::Lake;

fn alias(name: &str, repository: &str, reference: &str, prefix: &str) -> BucketAlias {
    BucketAlias {
        name: name.to_owned(),
        repository: repository.to_owned(),
        reference: reference.to_owned(),
        prefix: prefix.to_owned(),
    }
}

async fn with_aliases(aliases: Vec<BucketAlias>) -> Lake {
    let options = GatewayOptions {
        aliases,
        ..GatewayOptions::default()
    };
    let lake = Lake::with(options).await;
    lake.create_repository("lake").await;
    lake
}

async fn testing() -> Lake {
    Lake::with(GatewayOptions {
        test_buckets: true,
        test_namespace: "mem://tests/".to_owned(),
        ..GatewayOptions::default()
    })
    .await
}

#[tokio::test]
async fn buckets_are_listed_by_name_page_by_page() {
    let lake = with_aliases(vec![
        alias("flat", "lake", "main", ""),
        alias("broken", "nowhere", "main", ""),
    ])
    .await;
    lake.create_repository("another").await;
    let all = lake.get("/").send().await.expect(200);
    assert_eq!(all.elements("Name"), ["another", "flat", "lake"]);
    assert!(
        all.text()
            .contains("<CreationDate>2027-01-15T08:00:00.000Z<")
    );
    let prefixed = lake.get("/?prefix=la").send().await;
    assert_eq!(prefixed.elements("Name"), ["lake"]);
    assert_eq!(prefixed.element("Prefix"), "la");
    let first = lake.get("/?max-buckets=2").send().await;
    assert_eq!(first.elements("Name"), ["another", "flat"]);
    let token = first.element("ContinuationToken");
    let second = lake.get(&format!("/?max-buckets=2&continuation-token={token}"));
    let second = second.send().await;
    assert_eq!(second.elements("Name"), ["lake"]);
    assert_eq!(second.element("ContinuationToken"), "");
    let elsewhere = lake.get("/?bucket-region=eu-west-1").send().await;
    assert!(elsewhere.elements("Name").is_empty());
    for bad in ["0", "10001", "x"] {
        let answer = lake.get(&format!("/?max-buckets={bad}")).send().await;
        assert_eq!(answer.refusal(), (400, "InvalidArgument"), "{bad}");
    }
}

#[tokio::test]
async fn a_bucket_tells_its_region_and_versioning() {
    let lake = Lake::with_repository().await;
    let head = lake.head("/lake").send().await.expect(200);
    assert_eq!(head.header("x-amz-bucket-region"), "us-east-1");
    let location = lake.get("/lake?location").send().await.expect(200);
    assert!(location.text().ends_with("\"></LocationConstraint>"));
    let versioning = lake.get("/lake?versioning").send().await.expect(200);
    assert!(
        versioning.text().ends_with(
            "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>"
        )
    );
    for target in ["/nowhere", "/nowhere?location", "/nowhere?versioning"] {
        let answer = lake.get(target).send().await;
        assert_eq!(answer.refusal(), (404, "NoSuchBucket"), "{target}");
        assert_eq!(answer.header("content-type"), "text/xml; charset=utf-8");
    }
}

#[tokio::test]
async fn a_region_of_ones_own_is_told() {
    let lake = Lake::with(GatewayOptions {
        region: "eu-1".to_owned(),
        ..GatewayOptions::default()
    })
    .await;
    lake.create_repository("lake").await;
    let location = lake.get("/lake?location").send().await;
    assert!(location.text().contains(">eu-1</LocationConstraint>"));
}

#[tokio::test]
async fn buckets_are_neither_made_nor_removed() {
    let lake = Lake::with_repository().await;
    let answer = lake.put("/lake").send().await;
    assert_eq!(answer.refusal(), (409, "BucketAlreadyExists"));
    assert_eq!(answer.element("BucketName"), "lake");
    let answer = lake.put("/new-bucket").send().await;
    assert_eq!(answer.refusal(), (501, "NotImplemented"));
    let answer = lake.delete("/lake").send().await;
    assert_eq!(answer.refusal(), (405, "ERRLakeFSNotSupported"));
    assert_eq!(lake.get("/").send().await.elements("Name"), ["lake"]);
}

#[tokio::test]
async fn test_buckets_are_flat_and_come_and_go() {
    let lake = testing().await;
    for _ in 0..2 {
        lake.put("/flat.bucket").send().await.expect(200);
        lake.put_object("flat.bucket", "a/b", b"hello").await;
        let object = lake.get("/flat.bucket/a/b").send().await.expect(200);
        assert_eq!(object.text(), "hello");
        assert_eq!(object.facts.repository, "flat-bucket");
        assert_eq!(object.facts.reference, "main");
        let again = lake.put("/flat.bucket").send().await;
        assert_eq!(again.refusal(), (409, "BucketAlreadyOwnedByYou"));
        let full = lake.delete("/flat.bucket").send().await;
        assert_eq!(full.refusal(), (409, "BucketNotEmpty"));
        lake.delete("/flat.bucket/a/b").send().await.expect(204);
        lake.delete("/flat.bucket").send().await.expect(204);
        let gone = lake.get("/flat.bucket").send().await;
        assert_eq!(gone.refusal(), (404, "NoSuchBucket"));
    }
    let bad = lake.put("/Bad_Name").send().await;
    assert_eq!(bad.refusal(), (400, "InvalidBucketName"));
}

#[tokio::test]
async fn an_alias_shows_a_part_of_a_repository() {
    let lake = with_aliases(vec![alias("flat", "lake", "main", "data/")]).await;
    lake.put_object("flat", "x/y", b"1").await;
    let through = lake.get("/lake/main/data/x/y").send().await.expect(200);
    assert_eq!(through.text(), "1");
    let missing = lake.get("/flat/zzz").send().await;
    assert_eq!(missing.refusal(), (404, "NoSuchKey"));
    assert_eq!(missing.element("Key"), "zzz");
    assert_eq!(missing.element("BucketName"), "flat");
    assert_eq!(missing.element("Resource"), "main@lake");
}

#[tokio::test]
async fn a_bucket_may_be_named_by_the_host() {
    let lake = Lake::with_repository().await;
    lake.put_object("lake", "main/a", b"1").await;
    for (host, target) in [
        ("lake.s3.local.lakefs.io", "/main/a"),
        ("LAKE.S3.local.lakefs.io:8000", "/main/a"),
        ("s3.local.lakefs.io", "/lake/main/a"),
        ("lake.elsewhere.example.com", "/lake/main/a"),
    ] {
        let object = lake.get(target).host(host).send().await.expect(200);
        assert_eq!(object.text(), "1", "{host}");
    }
    let other = lake
        .get("/main/x/a")
        .host("lakes3.local.lakefs.io")
        .send()
        .await;
    assert_eq!(other.refusal(), (404, "NoSuchBucket"));
}

#[tokio::test]
async fn the_root_of_a_branch_is_an_empty_directory() {
    let lake = Lake::with_repository().await;
    for target in ["/lake/main/", "/lake/main"] {
        let made = lake.put(target).header("content-length", "0").send().await;
        let made = made.expect(200);
        assert_eq!(made.header("etag"), "\"d41d8cd98f00b204e9800998ecf8427e\"");
        lake.delete(target).send().await.expect(204);
        let full = lake.put(target).body("x").send().await;
        assert_eq!(full.refusal(), (400, "InvalidArgument"));
    }
    for read in [lake.get("/lake/main/"), lake.head("/lake/main/")] {
        let read = read.send().await.expect(200);
        assert_eq!(read.header("content-type"), "application/x-directory");
        assert!(read.body.is_empty());
    }
    // What is no directory by its name is asked for to tell files from directories.
    lake.head("/lake/main").send().await.expect(404);
    let missing = lake.get("/lake/nowhere/").send().await;
    assert_eq!(missing.refusal(), (404, "NoSuchKey"));
    for call in [lake.put("/lake/nowhere/"), lake.delete("/lake/nowhere/")] {
        let answer = call.header("content-length", "0").send().await;
        assert_eq!(answer.refusal(), (404, "NoSuchBucket"));
    }
    let listed = lake.get("/lake?list-type=2&prefix=main/").send().await;
    assert!(listed.elements("Key").is_empty());
}
