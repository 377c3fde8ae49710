//! The user of an installation that lakeFS v1.84 wrote. Skipped where its records are not there.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lakefs_auth::{Auth, AuthError, AuthParts, DirectoryOptions, LegacyOutcome, SharedSecret};
use lakefs_kv::{KvStore, MemKv};
use lakefs_runtime::{Ids, SystemClock};

const ACCESS_KEY: &str = "AKIAIOSFDNN7EXAMPLEQ";
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// The records, loaded into a store.
async fn golden() -> Option<Arc<dyn KvStore>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/golden/kv.jsonl"
    );
    let text = std::fs::read_to_string(path).ok()?;
    let kv: Arc<dyn KvStore> = Arc::new(MemKv::default());
    for line in text.lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("a record a line");
        let field = |name: &str| {
            let text = record[name].as_str().expect("three texts");
            STANDARD.decode(text).expect("base64")
        };
        kv.set(&field("partition"), &field("key"), &field("value"))
            .await
            .expect("memory stores");
    }
    Some(kv)
}

fn auth(kv: &Arc<dyn KvStore>, secret: &str) -> Auth {
    Auth::new(AuthParts {
        kv: Arc::clone(kv),
        ids: Arc::new(Ids::system(Arc::new(SystemClock))),
        secret: SharedSecret::new(secret),
        directory: DirectoryOptions::default(),
    })
}

#[tokio::test]
async fn the_administrator_of_a_lakefs_installation_is_let_in() {
    let Some(kv) = golden().await else {
        println!("skipped: the recorded installation is not there");
        return;
    };
    let auth = auth(&kv, "golden secret key");
    auth.directory().check_secret().await.unwrap();
    let outcome = auth.import_legacy_user().await.unwrap();
    assert_eq!(outcome, LegacyOutcome::NotNeeded);
    let user = auth
        .directory()
        .verify(ACCESS_KEY, SECRET_KEY)
        .await
        .unwrap();
    assert_eq!(
        (user.committer(), user.source.as_str()),
        ("admin", "internal")
    );
    let refused = auth.directory().verify(ACCESS_KEY, "other").await;
    assert!(matches!(refused, Err(AuthError::Unauthenticated)));
    let id = auth.installation().id().await.unwrap().unwrap();
    assert_eq!(&*id, "508fbd1a-685d-439a-9303-972627e9a6c4");
    assert!(auth.installation().is_initialized().await.unwrap());
    assert!(auth.installation().comm_prefs_missing().await.unwrap());
    let again = auth.setup("admin", None, None, "none").await;
    assert!(matches!(again, Err(AuthError::AlreadySetUp)));
}

#[tokio::test]
async fn another_secret_key_is_told_from_a_wrong_password() {
    let Some(kv) = golden().await else {
        println!("skipped: the recorded installation is not there");
        return;
    };
    let auth = auth(&kv, "another secret key");
    for outcome in [
        auth.directory().check_secret().await,
        auth.directory()
            .verify(ACCESS_KEY, SECRET_KEY)
            .await
            .map(|_| ()),
    ] {
        assert!(matches!(outcome, Err(AuthError::WrongSecretKey { .. })));
    }
}
