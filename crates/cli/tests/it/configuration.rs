//! The configuration file as the binary reads and writes it.

use crate::fake_lake::{FakeLake, Offers};
use crate::lakectl::{Home, finish};

#[test]
fn config_asks_writes_and_is_then_used() {
    let lake = FakeLake::start(Offers::default());
    lake.answer(
        "GET /user",
        200,
        serde_json::json!({"user": {"id": "ann", "creation_date": 0}}),
    );
    let home = Home::of(&lake);
    let answers = format!("AKIAX\n0123\n{}\n", lake.url());
    let outcome = home.run_with_input(&["config"], answers.as_bytes());
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let path = home.path(".lakectl.yaml");
    assert!(
        outcome
            .stdout
            .starts_with(&format!("Config file {} will be used\n", path.display()))
    );
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("access_key_id: AKIAX"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let mut command = home.command(&["identity"]);
    for name in [
        "SERVER_ENDPOINT_URL",
        "CREDENTIALS_ACCESS_KEY_ID",
        "CREDENTIALS_SECRET_ACCESS_KEY",
    ] {
        command.env_remove(format!("LAKECTL_{name}"));
    }
    let text = finish(command, b"").ok();
    assert_eq!(
        text,
        "User ID:          ann\nEmail:            \nCreation Date:    1970-01-01 00:00:00 +0000 UTC\n"
    );
}

#[test]
fn config_without_answers_writes_nothing() {
    let home = Home::with_url("http://127.0.0.1:1");
    assert!(
        home.run(&["config"])
            .error()
            .contains("standard input ended")
    );
    assert!(!home.path(".lakectl.yaml").exists());
}

#[test]
fn a_misspelt_key_stops_every_command() {
    let home = Home::with_url("http://127.0.0.1:1");
    home.write(".lakectl.yaml", "server:\n  endpoint: x\n");
    let message = home.run(&["repo", "list"]).error();
    assert_eq!(
        message,
        "unknown configuration key \"server.endpoint\"\nError executing command.\n"
    );
}
