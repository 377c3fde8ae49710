//! Who may come in, and how.

use lakefs_testkit::{KEY, SECRET, basic};
use serde_json::json;

use crate::harness::Lake;

const REFUSED: (u16, &str) = (401, "error authenticating request");

#[tokio::test]
async fn wrong_credentials_are_refused_in_the_words_clients_know() {
    let lake = Lake::new().await;
    for value in [
        basic(KEY, "wrong"),
        basic("AKIAJNOBODYNOBODYNOQ", SECRET),
        "Basic !!!".to_owned(),
        "Basic bm9jb2xvbg==".to_owned(),
        "Bearer abc".to_owned(),
    ] {
        let call = lake.get("/repositories").header("authorization", &value);
        let (status, message) = call.send().await.refusal();
        assert_eq!((status, message.as_str()), REFUSED, "{value}");
    }
    let anonymous = lake.get("/repositories").anonymous().send().await.refusal();
    assert_eq!(anonymous, (REFUSED.0, REFUSED.1.to_owned()));
}

#[tokio::test]
async fn a_login_opens_the_door_by_token_and_by_cookie() {
    let lake = Lake::new().await;
    let body = json!({"access_key_id": KEY, "secret_access_key": SECRET});
    let login = lake
        .post("/auth/login")
        .anonymous()
        .json(&body)
        .send()
        .await;
    assert_eq!(login.status, 200);
    let token = login.json()["token"].as_str().unwrap().to_owned();
    assert!(login.json()["token_expiration"].as_i64().unwrap() > 0);

    let bearer = lake
        .get("/user")
        .header("authorization", &format!("Bearer {token}"));
    assert_eq!(bearer.send().await.json()["user"]["id"], "admin");

    let set_cookie = login.header("set-cookie").to_owned();
    assert!(set_cookie.starts_with("internal_auth_session="));
    for attribute in ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age="] {
        assert!(set_cookie.contains(attribute), "{set_cookie}");
    }
    let cookie = set_cookie.split(';').next().unwrap();
    let session = lake.get("/user").anonymous().header("cookie", cookie);
    assert_eq!(session.send().await.json()["user"]["id"], "admin");
    let forged = lake
        .get("/user")
        .anonymous()
        .header("cookie", "internal_auth_session=abc");
    assert_eq!(forged.send().await.status, 401);
    // A header decides before a cookie does.
    let both = lake
        .get("/user")
        .header("cookie", "internal_auth_session=abc");
    assert_eq!(both.send().await.status, 200);
}

#[tokio::test]
async fn a_login_that_fails_says_so() {
    let lake = Lake::new().await;
    let body = json!({"access_key_id": KEY, "secret_access_key": "x"});
    let login = lake
        .post("/auth/login")
        .anonymous()
        .json(&body)
        .send()
        .await;
    assert_eq!(login.refusal(), (REFUSED.0, REFUSED.1.to_owned()));
    let empty = lake.post("/auth/login").anonymous().send().await.refusal();
    assert_eq!(
        empty,
        (
            400,
            "request body has an error: value is required but missing".to_owned()
        )
    );
}

#[tokio::test]
async fn nobody_is_an_empty_user() {
    let lake = Lake::new().await;
    let answer = lake.get("/user").anonymous().send().await;
    assert_eq!(
        answer.json(),
        json!({"user": {"creation_date": 0, "id": ""}})
    );
}

#[tokio::test]
async fn open_operations_do_not_look_at_credentials() {
    let lake = Lake::new().await;
    for path in ["/healthcheck", "/setup_lakefs", "/auth/capabilities"] {
        let call = lake.get(path).header("authorization", "Bearer abc");
        assert!(call.send().await.status.is_success(), "{path}");
    }
    let again = lake
        .post("/setup_lakefs")
        .anonymous()
        .json(&json!({"username": "x"}));
    assert_eq!(again.send().await.refusal().0, 409);
}
