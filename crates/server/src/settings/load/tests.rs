use super::*;

fn sources(
    file: &str,
    environment: &[(&str, &str)],
    preset: Preset,
) -> (tempfile::TempDir, Sources) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lakefs.yaml");
    std::fs::write(&path, file).unwrap();
    let mut variables: BTreeMap<String, String> = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    variables.insert("HOME".to_owned(), "/home/me".to_owned());
    let sources = Sources {
        file: Some(path),
        preset,
        environment: variables,
    };
    (directory, sources)
}

fn try_load(
    file: &str,
    environment: &[(&str, &str)],
    preset: Preset,
) -> Result<Values, SettingsError> {
    let (_directory, sources) = sources(file, environment, preset);
    load(&sources)
}

const MINIMAL: &str =
    "database: {type: mem}\nblockstore: {type: mem}\nauth: {encrypt: {secret_key: s}}\n";

#[test]
fn every_default_reads_as_its_type() {
    let values = try_load(MINIMAL, &[], Preset::Plain).unwrap();
    for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
        assert!(values.get(key.name).is_some(), "{}", key.name);
    }
    assert!(values.warnings.is_empty(), "{:?}", values.warnings);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_preset() {
    let file = "listen_address: file:1\nlogging: {format: json}\n";
    let environment = [
        ("LAKEFS_LISTEN_ADDRESS", "env:1"),
        ("LAKEFS_LOGGING_LEVEL", ""),
    ];
    let values = try_load(file, &environment, Preset::LocalSettings).unwrap();
    assert_eq!(
        values.get("listen_address"),
        Some(&Value::Text("env:1".into()))
    );
    assert_eq!(
        values.get("logging.format"),
        Some(&Value::Text("json".into()))
    );
    assert_eq!(
        values.get("logging.level"),
        Some(&Value::Text("INFO".into()))
    );
    assert_eq!(
        values.get("database.type"),
        Some(&Value::Text("local".into()))
    );
    let home = Value::Path("/home/me/lakefs/metadata".into());
    assert_eq!(values.get("database.local.path"), Some(&home));
}

#[test]
fn an_unknown_key_is_refused_by_name_with_a_suggestion() {
    let file = format!("{MINIMAL}databse: {{type: local}}\nlogging: {{levle: INFO}}\n");
    let error = try_load(&file, &[], Preset::Plain).unwrap_err().to_string();
    assert!(error.contains("unknown key databse"), "{error}");
    assert!(
        error.contains("unknown key logging.levle (did you mean logging.level?)"),
        "{error}"
    );
}

#[test]
fn keys_of_features_that_are_not_built_are_refused_unless_they_say_the_default() {
    for (variable, text) in [
        ("LAKEFS_AUTH_API_ENDPOINT", "http://auth"),
        ("LAKEFS_AUTH_UI_CONFIG_RBAC", "internal"),
        ("LAKEFS_DATABASE_DYNAMODB_TABLE_NAME", "t"),
        ("LAKEFS_BLOCKSTORE_AZURE_STORAGE_ACCOUNT", "a"),
        ("LAKEFS_ACTIONS_ENV_PREFIX", "X_"),
    ] {
        let error = try_load(MINIMAL, &[(variable, text)], Preset::Plain)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("which this version does not have"),
            "{error}"
        );
    }
    let fine = [
        ("LAKEFS_AUTH_UI_CONFIG_RBAC", "none"),
        ("LAKEFS_DATABASE_DYNAMODB_SCAN_LIMIT", "1024"),
    ];
    try_load(MINIMAL, &fine, Preset::Plain).unwrap();
}

#[test]
fn keys_without_effect_are_named_once_they_are_changed() {
    let environment = [
        ("LAKEFS_STATS_ENABLED", "false"),
        ("LAKEFS_SERVICE_HOST", "10.0.0.1"),
    ];
    let file = format!("{MINIMAL}committed: {{local_cache: {{range: {{open_readers: 5}}}}}}\n");
    let values = try_load(&file, &environment, Preset::Plain).unwrap();
    let warnings = values.warnings.join("\n");
    assert!(
        warnings.contains("stats.enabled has no effect"),
        "{warnings}"
    );
    assert!(
        warnings.contains("LAKEFS_SERVICE_HOST names no key"),
        "{warnings}"
    );
    assert!(
        warnings.contains("committed.local_cache.range"),
        "{warnings}"
    );
}

#[test]
fn all_missing_required_keys_are_listed() {
    let error = try_load("", &[], Preset::Plain).unwrap_err().to_string();
    let wanted = "missing required keys: database.type, auth.encrypt.secret_key, blockstore.type";
    assert_eq!(error, wanted);
}

#[test]
fn quickstart_keys_cannot_be_overridden_and_paths_can() {
    let fine = [("LAKEFS_DATABASE_LOCAL_PATH", "/tmp/x")];
    try_load("", &fine, Preset::Quickstart).unwrap();
    let changed = [("LAKEFS_INSTALLATION_ACCESS_KEY_ID", "AKIA")];
    let error = try_load("", &changed, Preset::Quickstart)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("installation.access_key_id cannot be changed"),
        "{error}"
    );
}

#[test]
fn every_problem_is_reported_and_no_secret_shown() {
    let file =
        format!("{MINIMAL}listen_address: [1]\ntls: yes\nauth.encrypt.secret_key: hunter2\n");
    let error = try_load(&file, &[("LAKEFS_TLS_ENABLED", "perhaps")], Preset::Plain).unwrap_err();
    let error = format!("{error}{error:?}");
    for part in [
        "listen_address",
        "tls needs keys below it",
        "LAKEFS_TLS_ENABLED: tls.enabled needs true or false",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(!error.contains("hunter2"));
}

#[test]
fn files_that_cannot_be_read_or_parsed_say_which() {
    let missing = Sources {
        file: Some("/nonexistent/lakefs.yaml".into()),
        ..Sources::default()
    };
    assert!(
        load(&missing)
            .unwrap_err()
            .to_string()
            .contains("/nonexistent/lakefs.yaml")
    );
    let error = try_load("a: [", &[], Preset::Plain)
        .unwrap_err()
        .to_string();
    assert!(error.ends_with("is not YAML"), "{error}");
}
