//! Setup, sessions and older installations, over a store in memory.

use lakefs_kv::MemKv;
use lakefs_runtime::ManualClock;
use prost::Message as _;

use super::*;
use crate::LegacyOutcome;
use crate::records::{AUTH, StoredCredential, StoredUser, legacy_credentials};

struct Setting {
    kv: Arc<dyn KvStore>,
    clock: Arc<ManualClock>,
    ids: Arc<Ids>,
    auth: Auth,
}

fn auth(kv: &Arc<dyn KvStore>, ids: &Arc<Ids>) -> Auth {
    Auth::new(AuthParts {
        kv: Arc::clone(kv),
        ids: Arc::clone(ids),
        secret: SharedSecret::new("shared"),
        directory: DirectoryOptions::default(),
    })
}

fn setting() -> Setting {
    let kv: Arc<dyn KvStore> = Arc::new(MemKv::default());
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_700_000_000)));
    let ids = Arc::new(Ids::seeded(1, Arc::clone(&clock) as Arc<dyn Clock>));
    let auth = auth(&kv, &ids);
    Setting {
        kv,
        clock,
        ids,
        auth,
    }
}

fn key(id: &str) -> KeyPair {
    KeyPair {
        access_key_id: id.to_owned(),
        secret_access_key: format!("secret of {id}"),
    }
}

#[tokio::test]
async fn setup_happens_once() {
    let s = setting();
    let made = s.auth.setup("admin", None, None, "none").await.unwrap();
    let user = s
        .auth
        .directory()
        .verify(&made.access_key_id, &made.secret_access_key)
        .await
        .unwrap();
    assert_eq!(user.name, "admin");
    let other = auth(&s.kv, &s.ids);
    for auth in [&s.auth, &other] {
        let again = auth.setup("admin", None, None, "none").await;
        assert!(matches!(again, Err(AuthError::AlreadySetUp)));
    }
    assert!(s.auth.installation().comm_prefs_missing().await.unwrap());
}

#[tokio::test]
async fn an_interrupted_setup_can_be_repeated_after_a_while() {
    let s = setting();
    s.auth
        .directory()
        .claim("admin", &key("A"), ABANDONED_SETUP)
        .await
        .unwrap();
    let soon = s.auth.setup("boss", Some(key("B")), None, "none").await;
    assert!(matches!(soon, Err(AuthError::AlreadySetUp)));
    s.clock.advance(ABANDONED_SETUP);
    s.auth
        .setup("boss", Some(key("B")), None, "none")
        .await
        .unwrap();
    let names: Vec<_> = s.auth.directory().users().await.unwrap();
    assert_eq!(names.len(), 1);
    assert_eq!(names[0].name, "boss");
    let old = s.auth.directory().verify("A", "secret of A").await;
    assert!(matches!(old, Err(AuthError::Unauthenticated)));
    assert!(s.auth.directory().verify("B", "secret of B").await.is_ok());
}

#[tokio::test]
async fn tokens_and_sessions_end_with_their_time_and_their_user() {
    let s = setting();
    s.auth
        .setup("admin", Some(key("A")), None, "none")
        .await
        .unwrap();
    let user = s.auth.directory().user("admin").await.unwrap();
    let login = s.auth.issue_token(&user, Duration::from_mins(1));
    let session = s.auth.issue_session(&login.token);
    assert_eq!(s.auth.verify_token(&login.token).await.unwrap(), user);
    assert_eq!(s.auth.verify_session(&session).await.unwrap(), user);
    for bad in ["", "x", &login.token[1..]] {
        let outcome = s.auth.verify_token(bad).await;
        assert!(matches!(outcome, Err(AuthError::Unauthenticated)));
        let outcome = s.auth.verify_session(bad).await;
        assert!(matches!(outcome, Err(AuthError::Unauthenticated)));
    }
    s.auth.directory().delete_user("admin").await.unwrap();
    let outcome = s.auth.verify_token(&login.token).await;
    assert!(matches!(outcome, Err(AuthError::Unauthenticated)));
    s.auth.create_superuser("admin", None).await.unwrap();
    assert!(s.auth.verify_session(&session).await.is_ok());
    s.clock.advance(Duration::from_mins(1));
    let outcome = s.auth.verify_session(&session).await;
    assert!(matches!(outcome, Err(AuthError::Unauthenticated)));
}

async fn store_legacy(s: &Setting, user: &str, keys: &[&str]) {
    let record = StoredUser {
        username: user.to_owned(),
        email: format!("{user}@example.com"),
        source: "internal".to_owned(),
        ..StoredUser::default()
    };
    let path = format!("users/{user}");
    s.kv.set(AUTH, path.as_bytes(), &record.encode_to_vec())
        .await
        .unwrap();
    for id in keys {
        let record = StoredCredential {
            access_key_id: (*id).to_owned(),
            secret_encrypted: s.auth.secret().encrypt(&format!("secret of {id}"), &s.ids),
            issued_date: None,
            user_id: user.as_bytes().to_vec(),
        };
        let path = format!("{}{id}", legacy_credentials(user));
        s.kv.set(AUTH, path.as_bytes(), &record.encode_to_vec())
            .await
            .unwrap();
    }
}

async fn mark_set_up(s: &Setting) {
    let now = s.clock.now();
    s.auth
        .installation()
        .set_initialized("none", now)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_one_user_of_an_older_installation_is_taken_over() {
    let s = setting();
    store_legacy(&s, "old", &["K1"]).await;
    let outcome = s.auth.import_legacy_user().await.unwrap();
    assert_eq!(outcome, LegacyOutcome::NotNeeded, "not set up");
    mark_set_up(&s).await;
    let outcome = s.auth.import_legacy_user().await.unwrap();
    assert_eq!(
        outcome,
        LegacyOutcome::Imported {
            user: "old".to_owned()
        }
    );
    let user = s
        .auth
        .directory()
        .verify("K1", "secret of K1")
        .await
        .unwrap();
    assert_eq!(user.committer(), "old@example.com");
    let outcome = s.auth.import_legacy_user().await.unwrap();
    assert_eq!(outcome, LegacyOutcome::NotNeeded, "done before");
}

#[tokio::test]
async fn several_older_users_or_keys_need_a_choice() {
    let s = setting();
    mark_set_up(&s).await;
    let outcome = s.auth.import_legacy_user().await.unwrap();
    assert_eq!(outcome, LegacyOutcome::NoUser);
    store_legacy(&s, "one", &["K1", "K2"]).await;
    let outcome = s.auth.import_legacy_user().await;
    assert!(matches!(
        outcome,
        Err(AuthError::AmbiguousLegacyUser {
            users: 1,
            credentials: 2
        })
    ));
    store_legacy(&s, "two", &["K3"]).await;
    let outcome = s.auth.import_legacy_user().await;
    assert!(matches!(
        outcome,
        Err(AuthError::AmbiguousLegacyUser {
            users: 2,
            credentials: 3
        })
    ));
    let missing = s.auth.choose_legacy_user("two", "K1").await;
    assert!(matches!(missing, Err(AuthError::CredentialNotFound { .. })));
    s.auth.choose_legacy_user("one", "K2").await.unwrap();
    assert!(
        s.auth
            .directory()
            .verify("K2", "secret of K2")
            .await
            .is_ok()
    );
}
