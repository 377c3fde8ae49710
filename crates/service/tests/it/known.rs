//! Whether there is a repository is not told to those who may not list them.

use std::sync::Arc;

use async_trait::async_trait;
use lakefs_auth::{AccessRequest, Action, AuthError, Authorizer, Decision};
use lakefs_service::ErrorKind;

use crate::support::{REPO, lake_with, lake_with_repository};

/// Allows everything but listing repositories.
#[derive(Debug)]
struct NoListing;

#[async_trait]
impl Authorizer for NoListing {
    async fn decide(&self, request: AccessRequest<'_>) -> Result<Decision, AuthError> {
        Ok(match request.action {
            Action::ListRepositories => Decision::NotAllowed,
            _ => Decision::Allowed,
        })
    }
}

#[tokio::test]
async fn a_repository_is_known_by_its_name() {
    let lake = lake_with_repository().await;
    for (name, known) in [
        (REPO, true),
        ("other", false),
        ("No_Repository.at.all", false),
    ] {
        let found = lake.service.is_repository(&lake.admin, name).await;
        assert_eq!(found.unwrap(), known, "{name}");
    }
}

#[tokio::test]
async fn who_may_not_list_them_is_not_told_that_there_is_none() {
    let lake = lake_with(Arc::new(NoListing)).await;
    lake.create(REPO).await.unwrap();
    let known = lake.service.is_repository(&lake.admin, REPO).await;
    assert!(known.unwrap());
    for name in ["other", "No_Repository.at.all"] {
        let refused = lake.service.is_repository(&lake.admin, name).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unauthorized);
    }
}
