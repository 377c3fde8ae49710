//! Setup, login, sessions, the one user, and refusals by policy.

use std::sync::Arc;

use async_trait::async_trait;
use lakefs_auth::{AccessRequest, Action, AuthError, Authorizer, Decision};
use lakefs_service::{Caller, CommPrefs, ErrorKind, PageRequest, Presented, SetupRequest};
use lakefs_testkit::{KEY, SECRET, repository};

use crate::support::{REPO, lake, lake_with, lake_with_repository, message, status};

#[tokio::test]
async fn a_session_begins_with_a_key_pair_and_goes_on_by_token_and_cookie() {
    let lake = lake().await;
    let nobody = Caller::anonymous("1");
    let login = lake.service.login(&nobody, KEY, SECRET).await.unwrap();
    for presented in [
        Presented::Bearer(&login.token),
        Presented::Session(&login.cookie),
    ] {
        let user = lake.service.authenticate(presented).await.unwrap();
        assert_eq!(user.name, "admin");
    }
    assert_eq!(login.token_expiration, 1_700_000_000 + 7 * 24 * 3600);
    assert_eq!(login.cookie_max_age_secs, 30 * 24 * 3600);
    let swapped = Presented::Session(&login.token);
    let refused = lake.service.authenticate(swapped).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthorized);
}

#[tokio::test]
async fn anonymous_callers_are_nobody_and_may_nothing() {
    let lake = lake().await;
    let nobody = Caller::anonymous("1");
    let user = lake.service.get_current_user(&nobody).await.unwrap();
    assert_eq!((user.id.as_str(), user.email), ("", None));
    let admin = lake.service.get_current_user(&lake.admin).await.unwrap();
    assert_eq!(
        (admin.id.as_str(), admin.email.as_deref()),
        ("admin", Some(""))
    );
    let config = lake.service.get_config(&nobody).await;
    assert_eq!(message(config), "error authenticating request");
    let events = lake.service.post_stats_events(&nobody, 1).await;
    assert_eq!(status(&events.unwrap_err()), 401);
    assert_eq!(
        lake.service
            .get_config(&lake.admin)
            .await
            .unwrap()
            .version
            .version,
        "1.84.0"
    );
}

#[tokio::test]
async fn there_is_one_user_whose_removal_locks_everybody_out() {
    let lake = lake().await;
    let (service, admin) = (&lake.service, &lake.admin);
    let users = service
        .list_users(admin, PageRequest::default())
        .await
        .unwrap();
    assert_eq!(users.results.len(), 1);
    assert_eq!(users.results[0].id, "admin");
    let again = service
        .create_user(admin, "other", false)
        .await
        .unwrap_err();
    assert_eq!(
        (again.kind(), again.message()),
        (ErrorKind::Conflict, "Already exists")
    );
    let again = service
        .create_credentials(admin, "admin")
        .await
        .unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Invalid);
    let known = service.get_credentials(admin, "admin", KEY).await.unwrap();
    assert_eq!(known.creation_date, 1_700_000_000);
    let missing = service.get_user(admin, "other").await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let kept = service
        .delete_credentials(admin, "admin", KEY)
        .await
        .unwrap_err();
    assert_eq!(kept.kind(), ErrorKind::NotImplemented);
    service.delete_user(admin, "admin").await.unwrap();
    let presented = Presented::Basic {
        access_key_id: KEY,
        secret_access_key: SECRET,
    };
    assert_eq!(
        status(&service.authenticate(presented).await.unwrap_err()),
        401
    );
}

#[tokio::test]
async fn contact_preferences_are_given_once() {
    let lake = lake().await;
    let nobody = Caller::anonymous("1");
    let service = &lake.service;
    let state = service.get_setup_state(&nobody).await.unwrap();
    assert!(state.initialized && state.comm_prefs_missing);
    let prefs = |email: &str| CommPrefs {
        email: Some(email.to_owned()),
        feature_updates: true,
        ..CommPrefs::default()
    };
    for bad in [
        "",
        "me",
        "me@",
        "@example.com",
        "me@host",
        "a b@example.com",
        "<me@example.com>",
    ] {
        let refused = service.setup_comm_prefs(&nobody, prefs(bad)).await;
        assert_eq!(status(&refused.unwrap_err()), 400, "{bad}");
    }
    service
        .setup_comm_prefs(&nobody, prefs("me@example.com"))
        .await
        .unwrap();
    let again = service
        .setup_comm_prefs(&nobody, prefs("me@example.com"))
        .await;
    assert_eq!(status(&again.unwrap_err()), 409);
    let state = service.get_setup_state(&nobody).await.unwrap();
    assert!(!state.comm_prefs_missing);
    let setup = SetupRequest {
        username: String::new(),
        ..SetupRequest::default()
    };
    assert_eq!(
        status(&service.setup(&nobody, setup).await.unwrap_err()),
        409
    );
}

#[tokio::test]
async fn calls_are_counted_by_month() {
    let lake = lake().await;
    let service = &lake.service;
    let summary = service.get_usage_report_summary(&lake.admin).await.unwrap();
    assert_eq!(summary.installation_id.len(), 36);
    assert_eq!(summary.reports.len(), 1);
    let first = summary.reports[0];
    assert_eq!((first.year, first.month), (2023, 11));
    service.get_version(&lake.admin).await.unwrap();
    lake.clock.advance(std::time::Duration::from_hours(31 * 24));
    service.flush_usage().await.unwrap();
    let reports = service
        .get_usage_report_summary(&lake.admin)
        .await
        .unwrap()
        .reports;
    assert_eq!(reports.len(), 2);
    assert_eq!((reports[1].year, reports[1].month), (2023, 12));
    // One was flushed for the first summary; the call of that summary itself came with it.
    assert_eq!(reports[0], first);
    assert_eq!(reports[1].count, 2);
}

#[tokio::test]
async fn a_server_whose_objects_cannot_be_reached_is_not_ready() {
    let lake = lake_with_repository().await;
    lake.service.ready().await.unwrap();
    lake.blocks.set_down(true);
    let error = lake.service.ready().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    lake.blocks.heal();
    lake.service.ready().await.unwrap();
    // An object that is missing, or a namespace, is not the store's fault.
    std::fs::remove_dir_all(lake.directory.path().join(REPO)).unwrap();
    lake.service.ready().await.unwrap();
}

#[tokio::test]
async fn an_unreachable_store_is_told_as_such_and_calls_are_still_counted_later() {
    let lake = lake().await;
    lake.service.flush_usage().await.unwrap();
    let before = lake
        .service
        .get_usage_report_summary(&lake.admin)
        .await
        .unwrap();
    lake.kv.set_down(true);
    let failed = lake
        .service
        .get_repository(&lake.admin, "any")
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Unavailable);
    assert_eq!(
        lake.service.flush_usage().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(
        lake.service.ready().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    lake.kv.set_down(false);
    lake.service.ready().await.unwrap();
    let after = lake
        .service
        .get_usage_report_summary(&lake.admin)
        .await
        .unwrap();
    assert_eq!(after.reports[0].count, before.reports[0].count + 2);
}

/// Allows reading only, and remembers what was asked.
#[derive(Debug, Default)]
struct ReadOnly(parking_lot::Mutex<Vec<String>>);

#[async_trait]
impl Authorizer for ReadOnly {
    async fn decide(&self, request: AccessRequest<'_>) -> Result<Decision, AuthError> {
        self.0
            .lock()
            .push(format!("{} {}", request.action, request.resource));
        Ok(match request.action {
            Action::CreateRepository => Decision::Denied,
            Action::ReadRepository | Action::ListRepositories => Decision::Allowed,
            _ => Decision::NotAllowed,
        })
    }
}

#[tokio::test]
async fn every_use_case_asks_before_it_does_anything() {
    let policy = Arc::new(ReadOnly::default());
    let dyn_policy: Arc<dyn Authorizer> = Arc::<ReadOnly>::clone(&policy);
    let lake = lake_with(dyn_policy).await;
    let (service, admin) = (&lake.service, &lake.admin);
    let denied = service
        .create_repository(admin, repository("any", ""))
        .await
        .unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Unauthorized);
    assert_eq!(
        denied.message(),
        "insufficient permissions: denied permission to fs:CreateRepository on \
         arn:lakefs:fs:::repository/any"
    );
    let refused = service.delete_branch(admin, "any", "main", true).await;
    assert_eq!(
        message(refused),
        "insufficient permissions: not allowed to fs:DeleteBranch on \
         arn:lakefs:fs:::repository/any/branch/main"
    );
    // What may be asked is answered, malformed or not.
    assert_eq!(
        status(&service.get_repository(admin, "No").await.unwrap_err()),
        400
    );
    assert_eq!(
        status(&service.get_repository(admin, "nothere").await.unwrap_err()),
        404
    );
    let asked = policy.0.lock().clone();
    assert_eq!(
        asked.last().unwrap(),
        "fs:ReadRepository arn:lakefs:fs:::repository/nothere"
    );
}
