//! Precedence, strictness and defaults of the configuration.

use std::path::Path;

use super::*;

fn load(yaml: &str, environment: &Environment) -> Result<Settings> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lakectl.yaml");
    std::fs::write(&path, yaml).unwrap();
    Settings::load(Some(path), environment)
}

fn error(yaml: &str) -> String {
    load(yaml, &Environment::default()).unwrap_err().to_string()
}

#[test]
fn an_empty_configuration_has_the_documented_defaults() {
    let settings = Settings::load(None, &Environment::default()).unwrap();
    assert_eq!(settings.endpoint_url, DEFAULT_ENDPOINT);
    assert_eq!(settings.credentials, Credentials::Anonymous);
    assert_eq!(settings.retries.extra_attempts, 4);
    assert_eq!(settings.retries.min_wait, Duration::from_millis(200));
    assert_eq!(settings.retries.max_wait, Duration::from_secs(30));
    assert!(settings.http2);
    assert_eq!(settings.parallelism, 0);
}

#[test]
fn the_environment_wins_over_the_file() {
    let yaml = "server:\n  endpoint_url: http://file\n  retries:\n    max_attempts: 9\n";
    let environment = Environment::from([
        ("LAKECTL_SERVER_ENDPOINT_URL", "http://env"),
        ("LAKECTL_SERVER_RETRIES_MIN_WAIT_INTERVAL", "1ms"),
    ]);
    let settings = load(yaml, &environment).unwrap();
    assert_eq!(settings.endpoint_url, "http://env");
    assert_eq!(settings.retries.extra_attempts, 9);
    assert_eq!(settings.retries.min_wait, Duration::from_millis(1));
}

#[test]
fn unknown_keys_and_wrong_types_are_refused_by_name() {
    assert!(error("server:\n  endpoint: x\n").contains("\"server.endpoint\""));
    assert!(error("sever:\n  endpoint_url: x\n").contains("\"sever\""));
    assert!(
        error("server:\n  retries:\n    enabled: perhaps\n").contains("server.retries.enabled")
    );
    assert!(error("server: [1]\n").contains("\"server\""));
    assert!(error("- a\n- b\n").contains("error reading configuration file"));
}

#[test]
fn a_secret_made_of_digits_must_be_quoted() {
    let message = error("credentials:\n  secret_access_key: 1234567890\n");
    assert!(
        message.contains("credentials.secret_access_key must be a string"),
        "{message}"
    );
    let settings = load(
        "credentials:\n  access_key_id: \"01\"\n  secret_access_key: '02'\n",
        &Environment::default(),
    )
    .unwrap();
    let keys = Credentials::Keys {
        access_key_id: "01".into(),
        secret_access_key: "02".into(),
    };
    assert_eq!(settings.credentials, keys);
}

#[test]
fn a_named_file_must_exist_and_the_default_one_need_not() {
    let missing = Path::new("/nonexistent/lakectl.yaml").to_path_buf();
    let message = Settings::load(Some(missing), &Environment::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.starts_with("error reading configuration file"),
        "{message}"
    );
    let home = tempfile::tempdir().unwrap();
    let environment = Environment::from([("HOME", home.path().to_str().unwrap())]);
    assert!(Settings::load(None, &environment).is_ok());
}

#[test]
fn a_cached_token_stands_in_for_missing_keys() {
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join(".lakectl/cache");
    std::fs::create_dir_all(&cache).unwrap();
    let file = cache.join("lakectl_token_cache.json");
    let environment = Environment::from([("HOME", home.path().to_str().unwrap())]);
    std::fs::write(&file, r#"{"token":"t","token_expiration":32503680000}"#).unwrap();
    let settings = Settings::load(None, &environment).unwrap();
    assert_eq!(settings.credentials, Credentials::Token("t".into()));
    std::fs::write(&file, r#"{"token":"t","token_expiration":1}"#).unwrap();
    let settings = Settings::load(None, &environment).unwrap();
    assert_eq!(settings.credentials, Credentials::Anonymous);
}

#[test]
fn an_endpoint_without_a_path_gets_the_api_path() {
    for (text, site, api) in [
        ("http://h:1", "http://h:1", "http://h:1/api/v1"),
        ("http://h:1/", "http://h:1", "http://h:1/api/v1"),
        ("https://h/api/v1/", "https://h", "https://h/api/v1"),
        (
            "https://h/lake/api/v1",
            "https://h/lake",
            "https://h/lake/api/v1",
        ),
    ] {
        let endpoint = Endpoint::parse(text).unwrap();
        assert_eq!((endpoint.site.as_str(), endpoint.api.as_str()), (site, api));
    }
    for text in ["", "host:8000", "ftp://h", "/api/v1"] {
        assert!(Endpoint::parse(text).is_err(), "{text}");
    }
}

#[test]
fn waits_double_up_to_the_limit() {
    let policy = RetryPolicy {
        extra_attempts: 4,
        min_wait: Duration::from_millis(200),
        max_wait: Duration::from_secs(1),
    };
    let waits: Vec<_> = (0..4).map(|retry| policy.wait(retry).as_millis()).collect();
    assert_eq!(waits, [200, 400, 800, 1000]);
    assert_eq!(policy.wait(u32::MAX), policy.max_wait);
}

#[test]
fn writing_the_configuration_keeps_what_else_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.yaml");
    std::fs::write(
        &path,
        "options:\n  parallelism: 7\nserver:\n  endpoint_url: old\n",
    )
    .unwrap();
    let file = ConfigFile {
        path: Some(path.clone()),
        explicit: true,
    };
    write_essentials(&path, file.read().unwrap(), "AK", "0123", "http://h:8000").unwrap();
    let settings = Settings::load(Some(path), &Environment::default()).unwrap();
    assert_eq!(settings.parallelism, 7);
    assert_eq!(settings.endpoint_url, "http://h:8000");
}
