//! Error documents, and requests that are for no operation.

use http::Method;

use crate::harness::Lake;

#[tokio::test]
async fn a_document_repeats_what_was_asked_for() {
    let lake = Lake::with_repository().await;
    let answer = lake.get("/lake/main/a%26b").send().await;
    let host = answer.header("x-amz-id-2").to_owned();
    assert_eq!(host.len(), 16);
    let id = answer.header("x-amz-request-id");
    assert_eq!(
        answer.text(),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>\
             <Message>The specified key does not exist.</Message><Key>a&amp;b</Key>\
             <BucketName>lake</BucketName><Resource>main@lake</Resource><Region>us-east-1</Region>\
             <RequestId>{id}</RequestId><HostId>{host}</HostId></Error>"
        )
    );
    assert_eq!(answer.header("content-type"), "application/xml");
    let head = lake.head("/lake/main/a%26b").send().await.expect(404);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), answer.body.len().to_string());
}

#[tokio::test]
async fn nothing_falls_through_to_another_operation() {
    let lake = Lake::with_repository().await;
    lake.put_object("lake", "main/x", b"kept").await;
    for (method, target, wanted) in [
        (
            Method::PUT,
            "/lake/main/x?retention",
            (405, "ERRLakeFSNotSupported"),
        ),
        (Method::PUT, "/lake/main/x?acl", (501, "NotImplemented")),
        (
            Method::PUT,
            "/lake/main/x?tagging",
            (405, "ERRLakeFSNotSupported"),
        ),
        (
            Method::PUT,
            "/lake/main/x?uploads",
            (405, "MethodNotAllowed"),
        ),
        (
            Method::PUT,
            "/lake/main/x?renameObject",
            (501, "NotImplemented"),
        ),
        (
            Method::DELETE,
            "/lake/main/x?tagging",
            (405, "ERRLakeFSNotSupported"),
        ),
        (
            Method::DELETE,
            "/lake/main/x?attributes",
            (405, "MethodNotAllowed"),
        ),
        (
            Method::DELETE,
            "/lake?policy",
            (405, "ERRLakeFSNotSupported"),
        ),
        (Method::PUT, "/lake?versioning", (501, "NotImplemented")),
        (Method::GET, "/lake?acl", (405, "ERRLakeFSNotSupported")),
        (Method::GET, "/lake?session", (501, "NotImplemented")),
        (Method::POST, "/lake", (405, "ERRLakeFSNotSupported")),
        (Method::PATCH, "/lake/main/x", (405, "MethodNotAllowed")),
        (Method::POST, "/", (405, "MethodNotAllowed")),
        (Method::GET, "/?events", (405, "ERRLakeFSNotSupported")),
        (Method::OPTIONS, "/lake/main/x", (403, "AccessForbidden")),
    ] {
        let answer = lake.call(method.clone(), target).send().await;
        assert_eq!(answer.refusal(), wanted, "{method} {target}");
    }
    let silent = lake.post("/lake/main/x").send().await.expect(405);
    assert!(silent.body.is_empty());
    assert_eq!(lake.get("/lake/main/x").send().await.text(), "kept");
}

#[tokio::test]
async fn versions_and_half_kept_promises_are_refused() {
    let lake = Lake::with_repository().await;
    lake.put_object("lake", "main/x", b"kept").await;
    lake.get("/lake/main/x?versionId=null")
        .send()
        .await
        .expect(200);
    for call in [
        lake.get("/lake/main/x?versionId=7"),
        lake.delete("/lake/main/x?versionId=7"),
    ] {
        assert_eq!(call.send().await.refusal(), (404, "NoSuchVersion"));
    }
    let empty = lake.get("/lake/main/x?versionId=").send().await;
    assert_eq!(empty.refusal(), (400, "InvalidArgument"));
    for header in [
        "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-copy-source-server-side-encryption-customer-key",
        "x-amz-write-offset-bytes",
    ] {
        let answer = lake
            .put("/lake/main/x")
            .header(header, "4")
            .body("y")
            .send()
            .await;
        assert_eq!(answer.refusal(), (501, "NotImplemented"), "{header}");
    }
    assert_eq!(lake.get("/lake/main/x").send().await.text(), "kept");
}

#[tokio::test]
async fn requests_for_the_rest_api_are_told_so() {
    let lake = Lake::with_repository().await;
    let answer = lake.get("/api/v1/repositories").send().await;
    assert_eq!(
        answer.refusal(),
        (404, "ErrNoSuchBucketPossibleAPIEndpoint")
    );
    let answer = lake.get("/API_x/y").send().await;
    assert_eq!(answer.refusal(), (404, "NoSuchBucket"));
}

#[tokio::test]
async fn addresses_that_are_no_text_are_refused() {
    let lake = Lake::with_repository().await;
    let answer = lake.get("/lake/main/%FF").send().await;
    assert_eq!(answer.refusal(), (400, "InvalidURI"));
}
