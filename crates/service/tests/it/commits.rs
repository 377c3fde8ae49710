//! Commits, merges, reverts and picks: what they refuse, and what a failing store does to them.

use std::collections::BTreeMap;

use lakefs_service::{CherryPick, CommitOverrides, ErrorKind, Merge, RevertBranch};

use crate::support::{Lake, REPO, commit, lake_with_repository};

/// Longest commit message.
const LIMIT: usize = 1 << 20;

fn overrides(message: &str) -> CommitOverrides {
    CommitOverrides {
        message: Some(message.to_owned()),
        metadata: None,
    }
}

fn merge<'a>(source: &'a str, message: &'a str) -> Merge<'a> {
    Merge {
        repository: REPO,
        source,
        destination: "main",
        message,
        metadata: BTreeMap::new(),
        strategy: "",
        force: false,
        allow_empty: false,
        squash: false,
    }
}

async fn revert(lake: &Lake, reference: &str, message: &str) -> lakefs_service::Result<()> {
    let request = RevertBranch {
        repository: REPO,
        branch: "main",
        reference,
        parent_number: 0,
        overrides: overrides(message),
        allow_empty: true,
        force: false,
    };
    lake.service.revert_branch(&lake.admin, request).await
}

async fn pick(lake: &Lake, reference: &str, message: &str) -> lakefs_service::Result<()> {
    let request = CherryPick {
        repository: REPO,
        branch: "main",
        reference,
        parent_number: None,
        overrides: overrides(message),
        force: false,
    };
    let made = lake.service.cherry_pick(&lake.admin, request).await;
    made.map(drop)
}

#[tokio::test]
async fn every_way_to_give_a_message_has_the_same_limit() {
    let lake = lake_with_repository().await;
    lake.put("main", "a", b"1").await.unwrap();
    let longest = "m".repeat(LIMIT);
    let id = lake.commit("main", &longest).await.unwrap();
    revert(&lake, &id, &longest).await.unwrap();
    pick(&lake, &id, &longest).await.unwrap();
    lake.branch("dev", "main").await.unwrap();
    lake.put("dev", "b", b"1").await.unwrap();
    lake.commit("dev", "dev").await.unwrap();
    let too_long = "m".repeat(LIMIT + 1);
    let refused = [
        lake.commit("main", &too_long).await.map(drop),
        revert(&lake, &id, &too_long).await,
        pick(&lake, &id, &too_long).await,
        lake.service
            .merge_into_branch(&lake.admin, merge("dev", &too_long))
            .await
            .map(drop),
    ];
    for outcome in refused {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.message().contains("1048576"), "{error}");
    }
    let made = lake
        .service
        .merge_into_branch(&lake.admin, merge("dev", &longest));
    made.await.unwrap();
}

/// A store without room is told as unavailable, whatever was under way, and the branch goes on as if nothing
/// had been tried.
#[tokio::test]
async fn a_store_that_fails_leaves_branches_as_they_were() {
    let lake = lake_with_repository().await;
    lake.put("main", "a", b"1").await.unwrap();
    lake.commit("main", "base").await.unwrap();
    lake.branch("dev", "main").await.unwrap();
    lake.put("dev", "d", b"1").await.unwrap();
    lake.commit("dev", "dev").await.unwrap();
    lake.put("main", "m", b"1").await.unwrap();
    let changed = lake.commit("main", "other side").await.unwrap();

    for kv_down in [true, false] {
        let down = |down| {
            if kv_down {
                lake.kv.set_down(down);
            } else {
                lake.blocks.set_down(down);
            }
        };
        lake.put("main", "b", if kv_down { b"1" } else { b"2" })
            .await
            .unwrap();
        down(true);
        let failed = [
            lake.commit("main", "fails").await.map(drop),
            lake.put("main", "c", b"1").await.map(drop),
        ];
        down(false);
        for outcome in failed {
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
        }
        assert!(lake.stat("main", "b").await.is_ok());
        assert!(lake.stat("main", "c").await.is_err());
        lake.service
            .commit(&lake.admin, commit("main", "works"))
            .await
            .unwrap();
        down(true);
        let failed = [
            lake.service
                .merge_into_branch(&lake.admin, merge("dev", ""))
                .await
                .map(drop),
            revert(&lake, &changed, "revert").await,
            pick(&lake, "dev", "pick").await,
        ];
        down(false);
        for outcome in failed {
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
        }
        assert!(lake.stat("main", "d").await.is_err());
    }
    lake.service
        .merge_into_branch(&lake.admin, merge("dev", ""))
        .await
        .unwrap();
    revert(&lake, &changed, "revert").await.unwrap();
    for (path, there) in [("a", true), ("b", true), ("d", true), ("m", false)] {
        assert_eq!(lake.stat("main", path).await.is_ok(), there, "{path}");
    }
}
