//! Who may come in, and what the others are told.

use http::Method;
use lakefs_service::Presented;
use lakefs_sigv4::{AmzDate, PayloadMode};
use lakefs_testkit::{KEY, SECRET, basic};

use crate::harness::{HOST, Lake, TOO_LONG, body_of};

#[tokio::test]
async fn a_signature_in_the_header_lets_in() {
    let lake = Lake::with_repository().await;
    let answer = lake.head("/lake").send().await.expect(200);
    assert_eq!(answer.facts.user, "admin");
    assert_eq!(answer.facts.operation, Some("HeadBucket"));
    assert_eq!(answer.facts.repository, "lake");
}

#[tokio::test]
async fn wrong_secrets_and_unknown_keys_are_told_apart() {
    let lake = Lake::with_repository().await;
    let answer = lake.get("/lake").signed_by(KEY, "nope").send().await;
    assert_eq!(answer.refusal(), (403, "SignatureDoesNotMatch"));
    assert_eq!(answer.header("content-type"), "text/xml; charset=utf-8");
    assert_eq!(answer.element("Resource"), "");
    assert!(answer.facts.unproven);
    let answer = lake
        .get("/lake")
        .signed_by("AKIANOBODY", SECRET)
        .send()
        .await;
    assert_eq!(answer.refusal(), (403, "InvalidAccessKeyId"));
    let answer = lake.get("/lake").unsigned().send().await;
    assert_eq!(answer.refusal(), (403, "AccessDenied"));
    // Not even whether there is such a repository.
    let answer = lake.get("/other").unsigned().send().await;
    assert_eq!(answer.refusal(), (403, "AccessDenied"));
}

#[tokio::test]
async fn what_was_signed_cannot_be_changed() {
    let lake = Lake::with_repository().await;
    let changes: [fn(&mut http::request::Parts); 4] = [
        |parts| parts.method = Method::HEAD,
        |parts| parts.uri = "/lake?prefix=b".parse().unwrap(),
        |parts| parts.uri = "/other?prefix=a".parse().unwrap(),
        |parts| {
            let host = "other.example.com".parse().unwrap();
            parts.headers.insert("host", host);
        },
    ];
    for change in changes {
        let mut parts = lake.get("/lake?prefix=a").into_signed();
        change(&mut parts);
        let answer = lake.send_parts(parts, body_of(Vec::new())).await;
        assert_eq!(answer.status, 403);
        assert_eq!(answer.facts.code, Some("SignatureDoesNotMatch"));
    }
    let mut parts = lake.get("/lake?prefix=a").into_signed();
    parts
        .headers
        .insert("x-amz-meta-more", "1".parse().unwrap());
    let answer = lake.send_parts(parts, body_of(Vec::new())).await;
    assert_eq!(answer.refusal(), (403, "AccessDenied"));
    assert_eq!(answer.element("HeadersNotSigned"), "x-amz-meta-more");
}

#[tokio::test]
async fn replayed_and_postdated_requests_are_skewed() {
    let lake = Lake::with_repository().await;
    let parts = lake.get("/lake").into_signed();
    lake.clock.advance(TOO_LONG);
    let answer = lake.send_parts(parts, body_of(Vec::new())).await;
    assert_eq!(answer.refusal(), (403, "RequestTimeTooSkewed"));
    let later = AmzDate::from_unix(lake.now().unix() + 901);
    let parts = lake.get("/lake").into_signed_at(later);
    let answer = lake.send_parts(parts, body_of(Vec::new())).await;
    assert_eq!(answer.refusal(), (403, "RequestTimeTooSkewed"));
}

#[tokio::test]
async fn a_presigned_url_lives_as_long_as_it_says() {
    let lake = Lake::with_repository().await;
    let url = lake.presign("GET", "/lake", "location=", 3600);
    lake.get(&url).unsigned().send().await.expect(200);
    lake.clock.advance(std::time::Duration::from_secs(3599));
    lake.get(&url).unsigned().send().await.expect(200);
    lake.clock.advance(std::time::Duration::from_secs(2));
    let answer = lake.get(&url).unsigned().send().await;
    assert_eq!(answer.refusal(), (403, "AccessDenied"));
    assert_eq!(answer.element("Message"), "Request has expired");
    let other = url.replace("/lake?", "/lake2?");
    let answer = lake.get(&other).unsigned().send().await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn unreadable_signatures_are_named() {
    let lake = Lake::with_repository().await;
    let header = "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0";
    let date = lake.now().to_string();
    for (header, wanted) in [
        (header, (400, "AuthorizationHeaderMalformed")),
        ("AWS4-HMAC-SHA256", (400, "InvalidArgument")),
        ("AWS4-ECDSA-P256-SHA256 x", (400, "InvalidArgument")),
        ("Basic %%%", (403, "AccessDenied")),
        ("Bearer x.y.z", (403, "AccessDenied")),
        ("Digest x", (400, "InvalidArgument")),
    ] {
        let call = lake.get("/lake").unsigned().header("authorization", header);
        let answer = call.header("x-amz-date", &date).send().await;
        assert_eq!(answer.refusal(), wanted, "{header}");
    }
    let url = lake.presign("GET", "/lake", "", 60);
    for (from, to) in [
        ("X-Amz-Expires=60", "X-Amz-Expires=604801"),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1"),
        ("X-Amz-Expires=60&", ""),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
        ("aws4_request", "aws5_request"),
    ] {
        let answer = lake.get(&url.replace(from, to)).unsigned().send().await;
        let wanted = (400, "AuthorizationQueryParametersError");
        assert_eq!(answer.refusal(), wanted, "{to}");
    }
    let twice = lake.get(&url).send().await;
    assert_eq!(twice.refusal(), (400, "InvalidArgument"));
}

#[tokio::test]
async fn what_the_rest_api_takes_lets_in_too() {
    let lake = Lake::with_repository().await;
    let call = || lake.get("/lake?location").unsigned();
    let answer = call().header("authorization", &basic(KEY, SECRET));
    assert_eq!(answer.send().await.expect(200).facts.user, "admin");
    let answer = call().header("authorization", &basic(KEY, "nope"));
    assert_eq!(answer.send().await.refusal(), (403, "AccessDenied"));
    let login = lake.service.login(lake.admin(), KEY, SECRET).await.unwrap();
    let token = format!("Bearer {}", login.token);
    call()
        .header("authorization", &token)
        .send()
        .await
        .expect(200);
    let cookie = format!("internal_auth_session={}", login.cookie);
    call().header("cookie", &cookie).send().await.expect(200);
    // The web interface signs with keys nobody has, and proves itself by its session.
    let dummy = lake
        .get("/lake?location")
        .signed_by("use_swagger_credentials", "x");
    dummy.header("cookie", &cookie).send().await.expect(200);
    // A session that is over leaves it to the signature.
    let stale = "internal_auth_session=abc";
    call().header("cookie", stale).send().await.expect(403);
    let signed = lake.get("/lake?location").header("cookie", stale);
    signed.send().await.expect(200);
    let proven = lake.service.authenticate(Presented::Bearer(&login.token));
    assert_eq!(proven.await.unwrap().name, "admin");
}

#[tokio::test]
async fn the_declared_protection_of_the_body_must_be_known() {
    let lake = Lake::with_repository().await;
    let mut parts = lake.put("/lake/main/x").into_signed();
    parts
        .headers
        .insert("x-amz-content-sha256", "0".parse().unwrap());
    let answer = lake.send_parts(parts, body_of(Vec::new())).await;
    assert_eq!(answer.refusal(), (400, "InvalidArgument"));
    let plain = lake
        .put("/lake/main/x")
        .raw_body(PayloadMode::Unsigned, Vec::new());
    plain.header("content-length", "0").send().await.expect(200);
}

#[tokio::test]
async fn the_host_of_http2_is_in_the_address() {
    let lake = Lake::with_repository().await;
    let mut parts = lake.get("/lake?location").into_signed();
    parts.headers.remove("host");
    parts.uri = format!("http://{HOST}/lake?location").parse().unwrap();
    lake.send_parts(parts, body_of(Vec::new()))
        .await
        .expect(200);
}

#[tokio::test]
async fn headers_in_a_presigned_url_count() {
    let lake = Lake::with_repository().await;
    let query = "x-amz-meta-note=a%20b";
    let url = lake.presign("PUT", "/lake/main/x", query, 60);
    let put = lake
        .put(&url)
        .unsigned()
        .raw_body(PayloadMode::Unsigned, vec![Ok("hi".into())]);
    put.header("content-length", "2").send().await.expect(200);
    let read = lake.get("/lake/main/x").send().await.expect(200);
    assert_eq!((read.text(), read.header("x-amz-meta-note")), ("hi", "a b"));
    // Not where the signature is in a header: one of Version 2 does not cover the query.
    let put = lake
        .put("/lake/main/y?Signature=0&x-amz-meta-note=a")
        .body("hi");
    put.send().await.expect(200);
    let read = lake.get("/lake/main/y").send().await.expect(200);
    assert_eq!((read.text(), read.header("x-amz-meta-note")), ("hi", ""));
}

/// The AWS SDK for JavaScript signs the digest of an empty body into each URL for a put, and S3 takes it.
#[tokio::test]
async fn digests_in_a_presigned_url_do_not_count() {
    let lake = Lake::with_repository().await;
    let query = "x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32";
    let url = lake.presign("PUT", "/lake/main/x", query, 60);
    let put = lake
        .put(&url)
        .unsigned()
        .raw_body(PayloadMode::Unsigned, vec![Ok("hi".into())]);
    put.header("content-length", "2").send().await.expect(200);
    let read = lake.get("/lake/main/x").send().await.expect(200);
    assert_eq!(read.text(), "hi");
}

/// As curl signs: the hash of the body is part of the signature, and no header says so.
#[tokio::test]
async fn the_hash_of_no_body_need_not_be_sent() {
    let lake = Lake::with_repository().await;
    let call = lake.get("/lake?location");
    let credentials = crate::harness::credentials(KEY, SECRET);
    let parts = sign_without_hash(&lake, call.unsigned().into_signed(), &credentials);
    assert!(!parts.headers.contains_key("x-amz-content-sha256"));
    let answer = lake.send_parts(parts.clone(), body_of(Vec::new())).await;
    answer.expect(200);
    let mut with_body = parts;
    let length = "5".parse().unwrap();
    with_body.headers.insert("content-length", length);
    let answer = lake.send_parts(with_body, body_of(vec![Ok("hello".into())]));
    assert_eq!(answer.await.refusal(), (403, "SignatureDoesNotMatch"));
}

fn sign_without_hash(
    lake: &Lake,
    mut parts: http::request::Parts,
    credentials: &lakefs_sigv4::Credentials,
) -> http::request::Parts {
    use lakefs_sigv4::{EMPTY_SHA256, Received, Scope, SigningKey, canonical_request};
    let date = lake.now();
    let value = date.to_string().parse().unwrap();
    parts.headers.insert("x-amz-date", value);
    let received = Received {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
    };
    let names = ["host", "x-amz-date"];
    let canonical = canonical_request(&received, received.path, names.into_iter(), EMPTY_SHA256);
    let scope = Scope::parse(&format!("{}/any-1/s3/aws4_request", date.day())).unwrap();
    let key = SigningKey::derive(&credentials.secret_access_key, &scope);
    let signature = key.sign_request(date, &scope, &canonical);
    let value = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=host;x-amz-date, Signature={signature}",
        credentials.access_key_id
    );
    parts
        .headers
        .insert("authorization", value.parse().unwrap());
    parts
}

#[tokio::test]
async fn what_is_known_of_a_request_outlives_it() {
    let lake = Lake::with_repository().await;
    let parts = lake
        .put("/lake/main/x")
        .header("content-length", "5")
        .into_signed();
    let endless = http_body_util::StreamBody::new(futures_util::stream::pending());
    let body = http_body_util::BodyExt::boxed(endless);
    let mut facts = lakefs_gateway::Facts::default();
    let caller = lakefs_service::Caller::anonymous("gone");
    let answer = lake.gateway.handle(parts, body, caller, &mut facts);
    let left = tokio::time::timeout(std::time::Duration::from_millis(50), answer).await;
    assert!(left.is_err(), "the body never ends");
    assert_eq!(
        (facts.operation, facts.user.as_str()),
        (Some("PutObject"), "admin")
    );
    assert_eq!(
        (facts.repository.as_str(), facts.reference.as_str()),
        ("lake", "main")
    );
}
