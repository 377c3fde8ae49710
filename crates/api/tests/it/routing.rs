//! Every operation has its place, and everything else is a clear refusal.

use http::Method;
use lakefs_api::{Served, routes};

use crate::harness::Lake;

#[tokio::test]
async fn the_whole_contract_is_routed() {
    let lake = Lake::new().await;
    let routes = routes();
    assert_eq!(routes.len(), 134);
    for route in routes {
        let path = route
            .path
            .replace("{type}", "range")
            .replace("{partNumber}", "1");
        let path = path.replace(['{', '}'], "");
        let answer = lake.call(route.method.clone(), &path).send().await;
        let told = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            !told.contains("invalid API endpoint"),
            "{}",
            route.operation
        );
        assert_ne!(answer.status, 500, "{} {told}", route.operation);
        if !route.built {
            assert!(
                [400, 501].contains(&answer.status.as_u16()),
                "{} {told}",
                route.operation
            );
        }
    }
}

#[tokio::test]
async fn what_is_not_built_is_refused_after_authentication() {
    let lake = Lake::new().await;
    let path = "/repositories/lake/actions/runs";
    let refused = lake.get(path).send().await.refusal();
    assert_eq!(refused, (501, "Not Implemented".to_owned()));
    let anonymous = lake.get(path).anonymous().send().await.refusal();
    assert_eq!(anonymous, (401, "error authenticating request".to_owned()));
    let invalid = lake
        .get(&format!("{path}?amount=x"))
        .anonymous()
        .send()
        .await;
    assert_eq!(invalid.status, 400);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_no_endpoints() {
    let lake = Lake::new().await;
    for (method, path) in [
        (Method::GET, "/nope"),
        (Method::GET, ""),
        (Method::GET, "/repositories/"),
        (Method::PATCH, "/repositories"),
        (Method::OPTIONS, "/repositories"),
    ] {
        let refused = lake.call(method, path).anonymous().send().await.refusal();
        assert_eq!(refused, (404, "invalid API endpoint".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn answers_carry_identifier_version_and_facts() {
    let lake = Lake::new().await;
    let first = lake.get("/user").send().await;
    let second = lake.get("/nope").send().await;
    assert_eq!(first.header("x-request-id").len(), 36);
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    assert_eq!(first.header("x-lakefs-rs-version"), "0.0.0-test");
    assert_eq!(first.header("x-content-type-options"), "nosniff");

    let request = http::Request::builder()
        .uri("/api/v1/user")
        .extension(lakefs_api::RequestId("given".to_owned()))
        .body(axum::body::Body::empty())
        .unwrap();
    let response = lake.api.handle(request).await;
    assert_eq!(response.headers()["x-request-id"], "given");
    let served = response.extensions().get::<Served>().unwrap();
    assert_eq!(served.operation, Some("GetCurrentUser"));
    assert_eq!(served.caller.user_name(), "");
}

#[tokio::test]
async fn the_contract_is_served_as_it_is() {
    let lake = Lake::new().await;
    for method in [Method::GET, Method::HEAD] {
        let request = http::Request::builder()
            .method(method)
            .uri("/openapi.json")
            .body(axum::body::Body::empty())
            .unwrap();
        let response = lake.api.handle(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
    }
    let document: serde_json::Value = serde_json::from_str(lakefs_api::OPENAPI).unwrap();
    assert_eq!(document["servers"][0]["url"], "/api/v1");
}

#[test]
fn the_router_serves_what_the_api_serves() {
    assert!(lakefs_api::Api::serves("/api/v1/repositories"));
    assert!(lakefs_api::Api::serves("/api/v1"));
    assert!(lakefs_api::Api::serves("/openapi.json"));
    for other in ["/", "/api/v10/x", "/api", "/openapi"] {
        assert!(!lakefs_api::Api::serves(other), "{other}");
    }
}
