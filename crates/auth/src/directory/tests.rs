//! The directory over a store in memory, with a clock that moves by hand.

use lakefs_kv::MemKv;
use lakefs_kv::testing::FaultyKv;
use lakefs_runtime::ManualClock;

use super::*;

struct Setting {
    kv: Arc<FaultyKv>,
    clock: Arc<ManualClock>,
    directory: Directory,
}

fn directory(kv: Arc<dyn KvStore>, clock: &Arc<ManualClock>, secret: &str) -> Directory {
    let clock: Arc<ManualClock> = Arc::clone(clock);
    let ids = Arc::new(Ids::seeded(1, clock));
    Directory::new(
        kv,
        ids,
        SharedSecret::new(secret),
        DirectoryOptions::default(),
    )
}

fn setting() -> Setting {
    let kv = Arc::new(FaultyKv::new(Arc::new(MemKv::default())));
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_700_000_000)));
    let store: Arc<dyn KvStore> = Arc::<FaultyKv>::clone(&kv);
    let directory = directory(store, &clock, "shared");
    Setting {
        kv,
        clock,
        directory,
    }
}

fn key(id: &str, secret: &str) -> KeyPair {
    KeyPair {
        access_key_id: id.to_owned(),
        secret_access_key: secret.to_owned(),
    }
}

fn is_refused<T>(outcome: &Result<T, AuthError>) -> bool {
    matches!(outcome, Err(AuthError::Unauthenticated))
}

#[tokio::test]
async fn a_key_pair_names_its_user() {
    let s = setting();
    let made = s
        .directory
        .create_user_with_key("admin", &key("AK", "SK"))
        .await;
    assert_eq!(made.unwrap().user.name, "admin");
    let user = s.directory.verify("AK", "SK").await.unwrap();
    assert_eq!((user.name.as_str(), user.committer()), ("admin", "admin"));
    for (id, secret) in [("AK", "nope"), ("AK", ""), ("nope", "SK"), ("", "")] {
        assert!(
            is_refused(&s.directory.verify(id, secret).await),
            "{id}:{secret}"
        );
    }
}

#[tokio::test]
async fn a_known_key_pair_costs_no_store_call() {
    let s = setting();
    s.directory
        .create_user_with_key("admin", &key("AK", "SK"))
        .await
        .unwrap();
    s.directory.verify("AK", "SK").await.unwrap();
    let before = s.kv.calls();
    for _ in 0..100 {
        s.directory.verify("AK", "SK").await.unwrap();
        assert!(is_refused(&s.directory.verify("AK", "nope").await));
    }
    assert_eq!(s.kv.calls(), before);
}

/// A client got its keys from one server and was refused by the next, for up to a second.
#[tokio::test]
async fn a_key_made_by_another_server_works_at_once() {
    let s = setting();
    assert!(is_refused(&s.directory.verify("AK", "SK").await));
    let store: Arc<dyn KvStore> = Arc::<FaultyKv>::clone(&s.kv);
    directory(store, &s.clock, "shared")
        .create_user_with_key("admin", &key("AK", "SK"))
        .await
        .unwrap();
    s.directory.verify("AK", "SK").await.unwrap();
}

#[tokio::test]
async fn what_another_server_changed_shows_within_the_ttl() {
    let s = setting();
    s.directory
        .create_user_with_key("admin", &key("AK", "SK"))
        .await
        .unwrap();
    s.directory.verify("AK", "SK").await.unwrap();
    let store: Arc<dyn KvStore> = Arc::<FaultyKv>::clone(&s.kv);
    let other = directory(store, &s.clock, "shared");
    other.delete_user("admin").await.unwrap();
    s.clock.advance(Duration::from_secs(19));
    assert!(s.directory.verify("AK", "SK").await.is_ok());
    s.clock.advance(Duration::from_secs(1));
    assert!(is_refused(&s.directory.verify("AK", "SK").await));
    // A clock set back must not keep what is held alive.
    other
        .create_user_with_key("admin", &key("AK2", "SK2"))
        .await
        .unwrap();
    s.clock.advance(Duration::from_secs(2));
    assert!(s.directory.verify("AK2", "SK2").await.is_ok());
}

#[tokio::test]
async fn a_removed_user_is_out_at_once_and_so_is_its_key() {
    let s = setting();
    s.directory
        .create_user_with_key("admin", &key("AK", "SK"))
        .await
        .unwrap();
    s.directory.verify("AK", "SK").await.unwrap();
    s.directory.delete_user("admin").await.unwrap();
    assert!(is_refused(&s.directory.verify("AK", "SK").await));
    s.directory.create_user("admin").await.unwrap();
    assert!(is_refused(&s.directory.verify("AK", "SK").await));
    let made = s
        .directory
        .create_credential("admin", &key("AK2", "SK2"))
        .await;
    assert_eq!(made.unwrap().access_key_id, "AK2");
    assert!(s.directory.verify("AK2", "SK2").await.is_ok());
}

#[tokio::test]
async fn there_is_one_user_with_one_credential() {
    let s = setting();
    s.directory
        .create_user_with_key("admin", &key("AK", "SK"))
        .await
        .unwrap();
    for name in ["admin", "other"] {
        let again = s.directory.create_user_with_key(name, &key("B", "B")).await;
        assert!(matches!(again, Err(AuthError::UserExists)));
        let again = s.directory.create_user(name).await;
        assert!(matches!(again, Err(AuthError::UserExists)));
    }
    let again = s.directory.create_credential("admin", &key("B", "B")).await;
    assert!(matches!(again, Err(AuthError::CredentialExists { .. })));
    let nobody = s.directory.create_credential("other", &key("B", "B")).await;
    assert!(matches!(nobody, Err(AuthError::UserNotFound { .. })));
    assert!(s.directory.credential_issued("admin", "AK").await.is_ok());
    let missing = s.directory.credential_issued("admin", "B").await;
    assert!(matches!(missing, Err(AuthError::CredentialNotFound { .. })));
}

#[tokio::test]
async fn another_shared_secret_is_told_at_start() {
    let s = setting();
    s.directory.check_secret().await.unwrap();
    s.directory
        .create_user_with_key("admin", &key("AK", "SK"))
        .await
        .unwrap();
    s.directory.check_secret().await.unwrap();
    let store: Arc<dyn KvStore> = Arc::<FaultyKv>::clone(&s.kv);
    let other = directory(store, &s.clock, "another");
    for outcome in [
        other.check_secret().await,
        other.verify("AK", "SK").await.map(|_| ()),
    ] {
        let error = outcome.unwrap_err();
        assert!(
            matches!(&error, AuthError::WrongSecretKey { access_key_id } if access_key_id == "AK")
        );
        assert!(error.to_string().contains("auth.encrypt.secret_key"));
    }
}

#[tokio::test]
async fn bad_names_and_keys_are_refused() {
    let s = setting();
    for name in ["", "a/b", "a%b"] {
        let made = s.directory.create_user(name).await;
        assert!(matches!(made, Err(AuthError::Invalid { .. })), "{name}");
    }
    for (id, secret) in [("", "x"), ("x", ""), ("a/b", "x"), ("a:b", "x")] {
        let made = s
            .directory
            .create_user_with_key("admin", &key(id, secret))
            .await;
        assert!(
            matches!(made, Err(AuthError::Invalid { .. })),
            "{id}:{secret}"
        );
    }
}

#[tokio::test]
async fn a_damaged_record_is_named() {
    let s = setting();
    s.kv.set(BASIC, ADMIN_KEY, b"\xff\xff").await.unwrap();
    let error = s.directory.users().await.unwrap_err();
    assert!(matches!(error, AuthError::Corrupt { record, .. } if record == "users/superAdmin"));
}
