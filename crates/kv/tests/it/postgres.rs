//! The PostgreSQL backend against a real server.

use std::sync::Arc;
use std::time::Duration;

use lakefs_kv::testing::TestPostgres;
use lakefs_kv::{
    KvError, KvStore as _, PostgresKv, PostgresOptions, Predicate, SetIfOutcome, Write,
    conformance, set_if_resolved,
};

fn options(connection_string: String) -> PostgresOptions {
    PostgresOptions {
        connection_string,
        ..PostgresOptions::default()
    }
}

async fn open(server: &TestPostgres, parameters: &str) -> PostgresKv {
    let target = format!("{}{parameters}", server.connection_string());
    PostgresKv::open(options(target)).await.unwrap()
}

/// One server for all checks, because starting one takes longer than they do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let Some(server) = TestPostgres::start() else {
        return;
    };
    tables_are_those_of_lakefs(&server).await;
    keeps_the_contract(&server).await;
    refusals_say_why(&server).await;
    limited_roles_can_use_existing_tables(&server).await;
    pools_keep_their_limits(&server).await;
    a_silent_database_is_not_waited_for(&server).await;
    tls_is_verified_as_asked(&server).await;
    restarts_are_survived(&server).await;
}

async fn tables_are_those_of_lakefs(server: &TestPostgres) {
    // Many servers starting at once take turns.
    let opens = (0..4).map(|_| open(server, ""));
    let stores = futures_util::future::join_all(opens).await;
    stores[0]
        .set(b"part\\", b"k\0\xff", b"v\xfe")
        .await
        .unwrap();
    let parts = "SELECT count(*) FROM pg_class WHERE relname ~ '^kv_[0-9]+$' AND relispartition";
    assert_eq!(server.sql(parts), "100");
    let view = "SELECT partition_key, key, encode(value, 'hex') FROM kv_v";
    assert_eq!(server.sql(view), "part\\\\|k\\000\\377|76fe");
    let columns = "SELECT string_agg(attname || ' ' || atttypid::regtype || ' ' || attnotnull, ',' \
                   ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'kv'::regclass AND attnum > 0";
    assert_eq!(
        server.sql(columns),
        "partition_key bytea true,key bytea true,value bytea true"
    );
    let keys = "SELECT pg_get_partkeydef('kv'::regclass) || pg_get_constraintdef(oid) \
                FROM pg_constraint WHERE conrelid = 'kv'::regclass AND contype = 'p'";
    assert_eq!(
        server.sql(keys),
        "HASH (partition_key)PRIMARY KEY (partition_key, key)"
    );
    // Rows that another server wrote.
    server.sql("INSERT INTO kv VALUES ('\\x70', '\\x6b', '\\x76')");
    assert_eq!(stores[1].get(b"p", b"k").await.unwrap().unwrap(), "v");
}

async fn keeps_the_contract(server: &TestPostgres) {
    conformance::run(Arc::new(
        open(server, "&lakefskv_table=other%20table").await,
    ))
    .await;
    let target = format!("{}&lakefskv_table=small", server.connection_string());
    let pages = PostgresOptions {
        scan_page_size: 3,
        ..options(target)
    };
    let store = PostgresKv::open(pages).await.unwrap();
    for n in 0..10_u8 {
        store.set(b"p", &[n], &[n]).await.unwrap();
    }
    for limit in [1, 3, 4, 9, 10, 11] {
        assert_eq!(
            conformance::scan_all(&store, b"p", b"", limit).await.len(),
            10
        );
    }
    assert_eq!(server.sql("SELECT count(*) FROM small"), "10");
}

async fn refusals_say_why(server: &TestPostgres) {
    let good = server.connection_string();
    for (target, expected) in [
        (good.replace("secret", "wrong"), "password"),
        (server.connection_string_for("nowhere"), "nowhere"),
        ("nonsense".to_owned(), "connection string"),
    ] {
        match PostgresKv::open(options(target)).await {
            Err(KvError::Refused { reason, location }) => {
                assert!(reason.contains(expected), "{reason}");
                assert!(!location.contains("secret"));
            }
            other => panic!("{other:?}"),
        }
    }
    let nobody = "postgres://lakefs:secret@127.0.0.1:1/postgres".to_owned();
    let answer = PostgresKv::open(options(nobody)).await;
    assert!(
        matches!(answer, Err(KvError::Unavailable { .. })),
        "{answer:?}"
    );
}

async fn limited_roles_can_use_existing_tables(server: &TestPostgres) {
    server.sql("CREATE ROLE guest LOGIN PASSWORD 'secret'");
    server.sql("GRANT SELECT, INSERT, UPDATE, DELETE ON kv TO guest");
    let target = server.connection_string().replace("lakefs:", "guest:");
    let store = PostgresKv::open(options(target.clone())).await.unwrap();
    store.set(b"guest", b"k", b"v").await.unwrap();
    let elsewhere = format!("{target}&lakefskv_table=mine");
    let answer = PostgresKv::open(options(elsewhere)).await;
    assert!(matches!(answer, Err(KvError::Refused { .. })), "{answer:?}");
}

async fn pools_keep_their_limits(server: &TestPostgres) {
    let target = format!("{}&application_name=limits", server.connection_string());
    let store = PostgresKv::open(PostgresOptions {
        max_open_connections: 4,
        max_idle_connections: 2,
        ..options(target)
    })
    .await
    .unwrap();
    let counted = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'limits'";
    let reads = (0..40_u8).map(|n| async move { [n] });
    let keys = futures_util::future::join_all(reads).await;
    futures_util::future::join_all(keys.iter().map(|key| store.get(b"p", key))).await;
    let open: u32 = server.sql(counted).parse().unwrap();
    assert!((1..=4).contains(&open), "{open}");
    store.get(b"p", b"k").await.unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while server.sql(counted).parse::<u32>().unwrap() > 2 {
        assert!(
            std::time::Instant::now() < deadline,
            "idle connections stay"
        );
        tokio::task::yield_now().await;
    }
}

/// Requests and connections used to wait for ever for a database that was frozen.
async fn a_silent_database_is_not_waited_for(server: &TestPostgres) {
    let store = PostgresKv::open(PostgresOptions {
        max_open_connections: 1,
        answer_timeout: Duration::from_millis(200),
        ..options(server.connection_string())
    })
    .await
    .unwrap();
    store.set(b"silent", b"k", b"v").await.unwrap();
    let (other, connection) =
        tokio_postgres::connect(&server.connection_string(), tokio_postgres::NoTls)
            .await
            .unwrap();
    let work = async {
        let lock = "BEGIN; LOCK TABLE kv IN ACCESS EXCLUSIVE MODE";
        other.batch_execute(lock).await.unwrap();
        let got = store.get(b"silent", b"k").await;
        assert!(matches!(got, Err(KvError::Unavailable { .. })), "{got:?}");
        let page = store.scan(b"silent", b"", 1).await;
        assert!(matches!(page, Err(KvError::Unavailable { .. })), "{page:?}");
        // Nobody knows whether it will be executed.
        let set = store.set_if(b"silent", b"k", b"w", Predicate::Absent).await;
        assert!(matches!(set, Err(KvError::Indeterminate { .. })), "{set:?}");
        other.batch_execute("ROLLBACK").await.unwrap();
        let got = store.get(b"silent", b"k").await.unwrap();
        assert_eq!(got.as_deref(), Some(&b"v"[..]));
    };
    let work = std::pin::pin!(work);
    let ended = futures_util::future::select(work, connection).await;
    assert!(matches!(ended, futures_util::future::Either::Left(_)));
}

async fn tls_is_verified_as_asked(server: &TestPostgres) {
    let authority = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = parameters.self_signed(&authority).unwrap();
    let issuer = rcgen::Issuer::from_params(&parameters, &authority);
    let key = rcgen::KeyPair::generate().unwrap();
    let named = rcgen::CertificateParams::new(vec!["db.example".to_owned()]).unwrap();
    let certificate = named.signed_by(&key, &issuer).unwrap();
    let data = server.data();
    for (name, pem) in [
        ("server.key", key.serialize_pem()),
        ("server.crt", certificate.pem()),
    ] {
        let path = data.join(name);
        std::fs::write(&path, pem).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, private).unwrap();
        server.hand_over(&path);
    }
    let home = tempfile::tempdir().unwrap();
    let trusted = home.path().join("root.crt");
    std::fs::write(&trusted, root.pem()).unwrap();
    server.sql("ALTER SYSTEM SET ssl = on");
    server.sql("SELECT pg_reload_conf()");

    let by = |mode: &str, host: &str| {
        let target = server.connection_string().replace("sslmode=prefer", mode);
        options(target.replace("127.0.0.1:", &format!("{host}:")))
    };
    let root = format!("sslrootcert={}", trusted.display());
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    // The server takes its new configuration when it gets to it.
    while PostgresKv::open(by("sslmode=require", "127.0.0.1"))
        .await
        .is_err()
    {
        assert!(std::time::Instant::now() < deadline, "TLS does not come up");
        tokio::task::yield_now().await;
    }
    let store = PostgresKv::open(by(&format!("sslmode=verify-ca&{root}"), "127.0.0.1")).await;
    let encrypted = "SELECT count(*) > 0 FROM pg_stat_ssl WHERE ssl";
    store.unwrap().ping().await.unwrap();
    assert_eq!(server.sql(encrypted), "t");
    let wrong_name = by(&format!("sslmode=verify-full&{root}"), "127.0.0.1");
    assert!(PostgresKv::open(wrong_name).await.is_err());
    let unknown_root = by("sslmode=verify-ca", "127.0.0.1");
    assert!(PostgresKv::open(unknown_root).await.is_err());
}

async fn restarts_are_survived(server: &TestPostgres) {
    let store = Arc::new(open(server, "").await);
    store.set(b"restart", b"k", b"v").await.unwrap();
    server.stop();
    assert!(matches!(
        store.ping().await,
        Err(KvError::Unavailable { .. })
    ));
    let answer = store
        .set_if(b"restart", b"new", b"v", Predicate::Absent)
        .await;
    assert!(
        matches!(
            answer,
            Err(KvError::Unavailable { .. } | KvError::Indeterminate { .. })
        ),
        "{answer:?}"
    );
    let answer = store.get(b"restart", b"k").await;
    assert!(
        matches!(answer, Err(KvError::Unavailable { .. })),
        "{answer:?}"
    );
    server.launch();
    assert_eq!(store.get(b"restart", b"k").await.unwrap().unwrap(), "v");

    // Connections that broke while idle, and writers in the middle of it.
    let writer = {
        let store = Arc::clone(&store);
        tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut acknowledged = Vec::new();
                for n in 0..300_u32 {
                    let key = n.to_be_bytes();
                    let write = Write::Set {
                        key: &key,
                        value: b"v",
                    };
                    if store.write_batch(b"restart", &[write]).await.is_ok() {
                        acknowledged.push(key);
                    }
                }
                acknowledged
            })
        })
    };
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'postgres'");
    let acknowledged = writer.await.unwrap();
    assert!(acknowledged.len() > 250, "{} of 300", acknowledged.len());
    for key in acknowledged {
        assert!(store.get(b"restart", &key).await.unwrap().is_some());
    }
    let outcome = set_if_resolved(store.as_ref(), b"restart", b"new", b"v", Predicate::Exists);
    assert!(matches!(
        outcome.await,
        Ok(SetIfOutcome::Mismatch | SetIfOutcome::Stored)
    ));
}
