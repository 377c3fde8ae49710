use http::{Method, Uri};
use lakefs_gateway::{BucketAlias, CorsOptions};

use super::*;

fn load(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let mut environment: BTreeMap<String, String> = [
        ("HOME", "/nonexistent/home"),
        ("LAKEFS_DATABASE_TYPE", "mem"),
        ("LAKEFS_BLOCKSTORE_TYPE", "mem"),
        ("LAKEFS_AUTH_ENCRYPT_SECRET_KEY", "s"),
    ]
    .iter()
    .chain(pairs)
    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
    .collect();
    environment.retain(|_, value| !value.is_empty());
    Settings::load(&Sources {
        environment,
        ..Sources::default()
    })
}

#[test]
fn defaults_are_lakefs_defaults() {
    let settings = load(&[]).unwrap();
    assert_eq!(settings.listen_address, "0.0.0.0:8000");
    assert_eq!(settings.auth.login_duration, Duration::from_hours(168));
    assert_eq!(settings.committed.raggedness, 50_000);
    assert_eq!(settings.committed.max_range_bytes, 20 << 20);
    assert_eq!(settings.committed.memory_cache_bytes, None);
    assert_eq!(
        settings.blockstore.s3.presign_expiry,
        Duration::from_mins(15)
    );
    assert_eq!(settings.gateway, GatewayOptions::default());
    assert_eq!(settings.gateway_listen_address, None);
    assert!(settings.tls.is_none());
}

#[test]
fn combinations_that_cannot_work_are_refused() {
    for (pairs, part) in [
        (&[("LAKEFS_TLS_ENABLED", "true")][..], "tls.cert_file"),
        (&[("LAKEFS_DATABASE_TYPE", "postgres")], "connection_string"),
        (
            &[("LAKEFS_DATABASE_TYPE", "dynamodb")],
            "database.type dynamodb is not built",
        ),
        (
            &[("LAKEFS_BLOCKSTORE_TYPE", "gs")],
            "blockstore.type gs is not built",
        ),
        (
            &[("LAKEFS_DATABASE_TYPE", "local"), ("HOME", "")],
            "database.local.path or HOME",
        ),
        (
            &[("LAKEFS_GATEWAYS_S3_DOMAIN_NAME", "a.b,b")],
            "a.b is below b",
        ),
        (
            &[("LAKEFS_GATEWAYS_S3_BUCKET_ALIASES", "flat=lake")],
            "names no reference",
        ),
        (
            &[("LAKEFS_GATEWAYS_S3_TEST_BUCKETS", "true")],
            "needs gateways.s3.test_namespace",
        ),
        (
            &[("LAKEFS_GATEWAYS_S3_FALLBACK_URL", "other:9000")],
            "is not http[s]://host",
        ),
        (
            &[
                ("LAKEFS_GATEWAYS_S3_CORS_ALLOWED_ORIGINS", "*"),
                ("LAKEFS_GATEWAYS_S3_CORS_ALLOWED_METHODS", "GET,TRACE"),
            ],
            "TRACE",
        ),
        (
            &[("LAKEFS_BLOCKSTORE_S3_SERVER_SIDE_ENCRYPTION", "rot13")],
            "must be AES256",
        ),
        (
            &[("LAKEFS_COMMITTED_PERMANENT_RANGE_RAGGEDNESS_ENTRIES", "0")],
            "above 0",
        ),
    ] {
        let error = load(pairs).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn what_is_shown_holds_no_secret() {
    let settings = load(&[
        ("LAKEFS_AUTH_ENCRYPT_SECRET_KEY", "hunter2"),
        (
            "LAKEFS_DATABASE_POSTGRES_CONNECTION_STRING",
            "postgres://u:hunter2@h/d",
        ),
    ])
    .unwrap();
    let shown = serde_json::to_string(&settings.shown).unwrap();
    assert!(
        shown.contains(r#""auth.encrypt.secret_key":"[SECRET]""#),
        "{shown}"
    );
    assert!(!format!("{shown}{settings:?}").contains("hunter2"));
}

#[test]
fn the_gateway_is_told_what_the_keys_say() {
    let settings = load(&[
        ("LAKEFS_GATEWAYS_S3_DOMAIN_NAME", "S3.Example.com"),
        ("LAKEFS_GATEWAYS_S3_REGION", "eu-1"),
        ("LAKEFS_GATEWAYS_S3_LISTEN_ADDRESS", ":9000"),
        (
            "LAKEFS_GATEWAYS_S3_BUCKET_ALIASES",
            "a=lake/main, b=lake/dev/x",
        ),
        ("LAKEFS_GATEWAYS_S3_COPY", "clone"),
        ("LAKEFS_GATEWAYS_S3_MAX_PUT_SIZE_BYTES", "0"),
        ("LAKEFS_GATEWAYS_S3_BODY_IDLE_TIMEOUT", "5s"),
        ("LAKEFS_GATEWAYS_S3_FALLBACK_URL", "https://other:9000"),
        (
            "LAKEFS_GATEWAYS_S3_CORS_ALLOWED_ORIGINS",
            "https://a,https://*.b",
        ),
        ("LAKEFS_GATEWAYS_S3_CORS_ALLOWED_METHODS", "GET,PUT"),
        ("LAKEFS_GATEWAYS_S3_CORS_MAX_AGE", "5m"),
    ])
    .unwrap();
    let alias = |name: &str, reference: &str, prefix: &str| BucketAlias {
        name: name.to_owned(),
        repository: "lake".to_owned(),
        reference: reference.to_owned(),
        prefix: prefix.to_owned(),
    };
    let told = GatewayOptions {
        domains: vec!["s3.example.com".to_owned()],
        region: "eu-1".to_owned(),
        aliases: vec![alias("a", "main", ""), alias("b", "dev", "x/")],
        copy_clones: true,
        max_put_bytes: u64::MAX,
        body_idle: Duration::from_secs(5),
        fallback: Some(Uri::from_static("https://other:9000")),
        cors: Some(CorsOptions {
            origins: vec!["https://a".to_owned(), "https://*.b".to_owned()],
            methods: vec![Method::GET, Method::PUT],
            headers: vec!["*".to_owned()],
            exposed: Vec::new(),
            max_age: Duration::from_mins(5),
        }),
        ..GatewayOptions::default()
    };
    assert_eq!(settings.gateway, told);
    assert_eq!(settings.gateway_listen_address.as_deref(), Some(":9000"));
}
