//! When requests are sent again, and when not.

use http::Method;
use serde_json::json;

use crate::fake_lake::{FakeLake, Fault, Offers};
use crate::lakectl::Home;

const SHOW: &[&str] = &["branch", "show", "lakefs://repo/main"];

fn lake() -> FakeLake {
    let lake = FakeLake::start(Offers::default());
    lake.answer(
        "GET /repositories/repo/branches/main",
        200,
        json!({"id": "main", "commit_id": "c"}),
    );
    lake
}

#[test]
fn passing_failures_are_tried_again() {
    for fault in [
        Fault::Status(429, "slow down"),
        Fault::Status(500, "oops"),
        Fault::Status(503, "later"),
        Fault::LoseAnswer,
        Fault::Truncate(3),
    ] {
        let lake = lake();
        lake.fail(Method::GET, "/branches/main", 4, fault.clone());
        let text = Home::of(&lake).run(SHOW).ok();
        assert_eq!(
            text, "Branch: lakefs://repo/main\nCommit ID: c\n",
            "{fault:?}"
        );
        assert_eq!(lake.log().len(), 5, "{fault:?}");
    }
}

#[test]
fn other_refusals_are_final() {
    for status in [400, 401, 404, 409, 412, 502, 504] {
        let lake = lake();
        lake.fail(
            Method::GET,
            "/branches/main",
            9,
            Fault::Status(status, "no"),
        );
        let message = Home::of(&lake).run(SHOW).error();
        assert!(message.starts_with(&format!("no\n{status} ")), "{message}");
        assert_eq!(lake.log().len(), 1, "{status}");
    }
}

#[test]
fn the_last_answer_is_told_when_the_tries_are_used_up() {
    let lake = lake();
    lake.fail(
        Method::GET,
        "/branches/main",
        99,
        Fault::Status(503, "the store is away"),
    );
    let message = Home::of(&lake).run(SHOW).error();
    assert_eq!(message, "the store is away\n503 Service Unavailable\n");
    assert_eq!(lake.log().len(), 5);
}
