//! Addresses that clients bring: only what was handed out for the very path and branch, in time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lakefs_auth::{AccessRequest, Action, AuthError, Authorizer, Decision, Resource};
use lakefs_block::{Address, BlockStore as _, PutBody, PutOptions};
use lakefs_service::{DeleteObjects, ErrorKind, StageObject};
use lakefs_types::StorageNamespace;

use crate::support::{Lake, REPO, lake_with, lake_with_repository, message, status};

fn link<'a>(path: &'a str, physical_address: &'a str) -> StageObject<'a> {
    StageObject {
        repository: REPO,
        branch: "main",
        path,
        physical_address,
        checksum: "900150983cd24fb0d6963f7d28e17f72",
        size_bytes: 3,
        mtime: None,
        metadata: Some(BTreeMap::from([("u".to_owned(), "1".to_owned())])),
        content_type: Some("text/x"),
        if_none_match: None,
        if_match: None,
        force: false,
    }
}

async fn address(lake: &Lake, branch: &str, path: &str) -> String {
    let given = lake
        .service
        .get_physical_address(&lake.admin, REPO, branch, path, false)
        .await
        .unwrap();
    assert_eq!(
        (given.presigned_url, given.presigned_url_expiry),
        (None, None)
    );
    given.physical_address
}

#[tokio::test]
async fn an_address_links_at_its_path_and_shows_as_it_was_given() {
    let lake = lake_with_repository().await;
    let given = address(&lake, "main", "linked").await;
    let linked = lake
        .service
        .link_physical_address(&lake.admin, link("linked", &given))
        .await
        .unwrap();
    assert_eq!(linked.physical_address, given);
    assert_eq!(
        (linked.size_bytes, linked.content_type.as_str()),
        (3, "text/x")
    );
    assert_eq!(lake.stat("main", "linked").await.unwrap(), linked);
}

#[tokio::test]
async fn an_upload_that_was_cut_off_is_not_linked() {
    let lake = lake_with_repository().await;
    let given = address(&lake, "main", "linked").await;
    let link = |size_bytes| StageObject {
        size_bytes,
        ..link("linked", &given)
    };
    let repository = lake.service.get_repository(&lake.admin, REPO).await;
    let namespace = StorageNamespace::new(&repository.unwrap().storage_namespace).unwrap();
    let place = lake.blocks.locate(&namespace, Address::Full(&given));
    let place = place.unwrap();
    let body = PutBody::from_bytes("ab");
    lake.blocks
        .put(&place, body, &PutOptions::default())
        .await
        .unwrap();
    for size in [0, 1, 3, i64::MAX] {
        let refused = lake
            .service
            .link_physical_address(&lake.admin, link(size))
            .await;
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.message().ends_with("has 2 bytes"), "{error}");
        assert_eq!(status(&lake.stat("main", "linked").await.unwrap_err()), 404);
    }
    let linked = lake
        .service
        .link_physical_address(&lake.admin, link(2))
        .await;
    assert_eq!(linked.unwrap().size_bytes, 2);
    // The bytes are not needed to link them.
    lake.blocks.set_down(true);
    let linked = lake
        .service
        .link_physical_address(&lake.admin, link(2))
        .await;
    linked.unwrap();
}

#[tokio::test]
async fn forged_moved_unsigned_and_old_addresses_are_refused() {
    let lake = lake_with(Arc::new(ReadsSome)).await;
    lake.create(REPO).await.unwrap();
    lake.branch("dev", "main").await.unwrap();
    let stats = lake.put("main", "secret", b"secret").await.unwrap();
    let given = address(&lake, "main", "linked").await;
    let elsewhere = address(&lake, "main", "other").await;
    let other_branch = address(&lake, "dev", "linked").await;
    let forged = format!("{}AAA", &given[..given.len() - 3]);
    let unsigned = given.rsplit_once(',').unwrap().0.to_owned();
    let namespaced = format!(
        "local://conform/data/{}",
        stats.physical_address.rsplit_once("/data/").unwrap().1
    );
    for bad in [
        &forged,
        &elsewhere,
        &other_branch,
        &unsigned,
        &stats.physical_address,
        &namespaced,
    ] {
        for outcome in [
            lake.service
                .link_physical_address(&lake.admin, link("linked", bad))
                .await,
            lake.service
                .stage_object(&lake.admin, link("linked", bad))
                .await,
        ] {
            let error = outcome.expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::Invalid, "{bad}");
            assert_eq!(error.message(), "address is not signed for this path");
        }
    }
    assert_eq!(status(&lake.stat("main", "linked").await.unwrap_err()), 404);
    let day = Duration::from_hours(24);
    lake.clock.advance(day);
    let ok = lake
        .service
        .link_physical_address(&lake.admin, link("linked", &given))
        .await;
    ok.unwrap();
    lake.clock.advance(Duration::from_secs(1));
    let too_old = lake
        .service
        .link_physical_address(&lake.admin, link("linked", &given))
        .await;
    assert_eq!(message(too_old), "address token has expired");
}

/// Allows everything but reading what no policy names.
#[derive(Debug)]
struct ReadsSome;

#[async_trait]
impl Authorizer for ReadsSome {
    async fn decide(&self, request: AccessRequest<'_>) -> Result<Decision, AuthError> {
        let all = matches!(request.resource, Resource::Object { path: "*", .. });
        Ok(match request.action {
            Action::ReadObject if all => Decision::NotAllowed,
            _ => Decision::Allowed,
        })
    }
}

/// The lakeFS file system for Hadoop, 0.1: its rename.
#[tokio::test]
async fn who_may_read_all_stages_an_object_under_another_path() {
    let lake = lake_with_repository().await;
    let stats = lake.put("main", "from", b"abc").await.unwrap();
    let staged = StageObject {
        checksum: &stats.checksum,
        ..link("to", &stats.physical_address)
    };
    let to = lake.service.stage_object(&lake.admin, staged).await;
    assert_eq!(to.unwrap().physical_address, stats.physical_address);
    let linked = link("linked", &stats.physical_address);
    let refused = lake.service.link_physical_address(&lake.admin, linked);
    assert_eq!(
        message(refused.await),
        "address is not signed for this path"
    );
    let delete = DeleteObjects {
        repository: REPO,
        branch: "main",
        no_tombstone: false,
        force: false,
    };
    let deleted = lake.service.delete_object(&lake.admin, delete, "from");
    deleted.await.unwrap();
    assert_eq!(lake.stat("main", "to").await.unwrap().size_bytes, 3);
    assert_eq!(lake.read("main", "to").await.unwrap(), b"abc");
}

#[tokio::test]
async fn other_places_are_the_stores_to_accept() {
    let lake = lake_with_repository().await;
    let inside = format!(
        "local://{}/conform/ext/1",
        lake.directory.path().canonicalize().unwrap().display()
    );
    let staged = lake
        .service
        .stage_object(
            &lake.admin,
            StageObject {
                metadata: None,
                ..link("staged", &inside)
            },
        )
        .await
        .unwrap();
    assert_eq!(
        (staged.physical_address, staged.metadata),
        (inside.clone(), None)
    );
    let root = lake.directory.path().display();
    for bad in [
        "s3://b/k".to_owned(),
        "relative/key".to_owned(),
        String::new(),
        "local:///etc/passwd".to_owned(),
        format!("local://{root}/conform/../../../etc/passwd"),
        format!("local://{root}/conform/ext/../data/x"),
        "local://conform/../other/data/x".to_owned(),
    ] {
        let refused = lake
            .service
            .stage_object(&lake.admin, link("staged", &bad))
            .await;
        assert_eq!(
            message(refused),
            "physical address is not valid for block adapter: local",
            "{bad}"
        );
    }
}

#[tokio::test]
async fn linking_heeds_conditions_and_sizes() {
    let lake = lake_with_repository().await;
    lake.put("main", "linked", b"x").await.unwrap();
    let given = address(&lake, "main", "linked").await;
    let request = StageObject {
        if_none_match: Some("*"),
        ..link("linked", &given)
    };
    let refused = lake
        .service
        .link_physical_address(&lake.admin, request)
        .await;
    assert_eq!(message(refused), "path already exists");
    let request = StageObject {
        if_match: Some("\"abc\""),
        ..link("linked", &given)
    };
    let refused = lake
        .service
        .link_physical_address(&lake.admin, request)
        .await;
    assert_eq!(status(&refused.unwrap_err()), 501);
    let request = StageObject {
        size_bytes: -1,
        ..link("linked", &given)
    };
    let refused = lake
        .service
        .link_physical_address(&lake.admin, request)
        .await;
    assert_eq!(status(&refused.unwrap_err()), 400);
}

#[tokio::test]
async fn addresses_need_a_branch_and_a_store_that_presigns() {
    let lake = lake_with_repository().await;
    let get = |branch, presign| {
        lake.service
            .get_physical_address(&lake.admin, REPO, branch, "x", presign)
    };
    assert_eq!(message(get("nope", false).await), "branch not found");
    assert_eq!(
        message(get("main", true).await),
        "local adapter presigned URL: operation not supported"
    );
}
