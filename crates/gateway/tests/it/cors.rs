//! Pages of other origins: nothing unless configured, and then what the rules say.

use std::time::Duration;

use http::Method;
use lakefs_gateway::{CorsOptions, GatewayOptions};

use crate::harness::{Answer, Lake};

const PAGE: &str = "https://app.example.com";

async fn lake(origins: &[&str]) -> Lake {
    let lake = Lake::with(GatewayOptions {
        cors: Some(CorsOptions {
            origins: origins.iter().map(ToString::to_string).collect(),
            methods: vec![Method::GET, Method::PUT],
            headers: vec!["content-type".to_owned(), "X-Amz-*".to_owned()],
            exposed: vec!["Content-Range".to_owned()],
            max_age: Duration::from_mins(10),
        }),
        ..GatewayOptions::default()
    })
    .await;
    lake.create_repository("lake").await;
    lake
}

async fn preflight(lake: &Lake, origin: &str, method: &str, headers: &str) -> Answer {
    let call = lake.call(Method::OPTIONS, "/lake/main/x").unsigned();
    let call = call.header("origin", origin);
    let call = call.header("access-control-request-method", method);
    let call = call.header("access-control-request-headers", headers);
    call.send().await
}

#[tokio::test]
async fn a_preflight_needs_no_credentials() {
    let lake = lake(&["https://*.example.com"]).await;
    let answer = preflight(&lake, PAGE, "PUT", "x-amz-date, Content-Type").await;
    let answer = answer.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    assert_eq!(answer.header("access-control-allow-methods"), "GET, PUT");
    assert_eq!(
        answer.header("access-control-allow-headers"),
        "x-amz-date, Content-Type"
    );
    assert_eq!(answer.header("access-control-max-age"), "600");
    assert!(answer.header("vary").contains("origin"));
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert!(answer.body.is_empty());
}

#[tokio::test]
async fn what_no_rule_allows_is_refused() {
    let lake = lake(&["https://*.example.com"]).await;
    for (origin, method, headers) in [
        ("https://example.com.evil", "GET", ""),
        ("null", "GET", ""),
        (PAGE, "DELETE", ""),
        (PAGE, "NO METHOD", ""),
        (PAGE, "PUT", "x-amz-date, authorization"),
    ] {
        let answer = preflight(&lake, origin, method, headers).await;
        let told = answer.refusal();
        assert_eq!(
            told,
            (403, "AccessForbidden"),
            "{origin} {method} {headers}"
        );
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    let plain = lake.call(Method::OPTIONS, "/lake/main/x").unsigned();
    assert_eq!(plain.send().await.refusal(), (403, "AccessForbidden"));
}

#[tokio::test]
async fn answers_and_refusals_can_be_read_by_the_page() {
    let lake = lake(&[PAGE]).await;
    let put = lake
        .put("/lake/main/x")
        .header("origin", PAGE)
        .body("hello");
    let put = put.header("x-amz-checksum-crc32", "NhCmhg==");
    let answer = put.send().await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    let exposed: Vec<_> = answer
        .header("access-control-expose-headers")
        .split(", ")
        .collect();
    for name in [
        "etag",
        "x-amz-request-id",
        "x-amz-checksum-crc32",
        "Content-Range",
    ] {
        assert!(exposed.contains(&name), "{name}: {exposed:?}");
    }
    let unsigned = lake.get("/lake/main/x").unsigned().header("origin", PAGE);
    let answer = unsigned.send().await;
    assert_eq!(answer.refusal(), (403, "AccessDenied"));
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    let other = lake.get("/lake/main/x").header("origin", "https://other");
    let answer = other.send().await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.header("vary"), "origin");
    let no_page = lake.get("/lake/main/x").send().await.expect(200);
    assert_eq!(no_page.header("vary"), "");
}

#[tokio::test]
async fn anyone_is_told_as_anyone() {
    let lake = lake(&["*"]).await;
    let answer = preflight(&lake, PAGE, "GET", "").await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn nothing_is_shared_unless_configured() {
    let lake = Lake::with_repository().await;
    lake.put_object("lake", "main/x", b"hello").await;
    let answer = lake.get("/lake/main/x").header("origin", PAGE).send().await;
    let answer = answer.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.header("vary"), "");
    let answer = preflight(&lake, PAGE, "GET", "").await;
    assert_eq!(answer.refusal(), (403, "AccessForbidden"));
}
