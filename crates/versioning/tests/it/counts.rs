//! What operations cost in round trips to the key-value store (docs/performance.md lists them).

use lakefs_versioning::{DeleteOptions, ListObjects, LogRequest, PutCondition, PutOptions};

use crate::support::{Lake, branch, entry, path, reference};

async fn calls(lake: &Lake, operation: impl AsyncFnOnce()) -> (u64, u64) {
    lake.kv.reset_calls();
    operation().await;
    let calls = lake.kv.calls();
    (calls.reads(), calls.writes())
}

/// A lake with one commit.
async fn lake() -> Lake {
    let lake = Lake::new().await;
    lake.put("main", "a", "1").await;
    lake.commit("main", "one").await;
    lake
}

#[tokio::test]
async fn writes_take_as_few_round_trips_as_promised() {
    let lake = lake().await;
    let (engine, repository) = (&lake.engine, &lake.repository);

    let put = calls(&lake, async || lake.put("main", "b", "1").await).await;
    assert_eq!(put, (2, 1), "staged write: branch, write, branch");
    let delete = calls(&lake, async || {
        engine
            .delete(
                repository,
                &branch("main"),
                &path("b"),
                DeleteOptions::default(),
            )
            .await
            .unwrap();
    });
    assert_eq!(delete.await, (3, 1), "delete: branch, path, write, branch");
    for (condition, at) in [
        (PutCondition::Absent, "new"),
        (PutCondition::Etag("1".into()), "a"),
    ] {
        let options = PutOptions {
            condition,
            force: false,
        };
        let (main, at, entry) = (branch("main"), path(at), entry("2"));
        let put = calls(&lake, async || {
            let put = engine.put(repository, &main, &at, &entry, &options);
            put.await.unwrap();
        });
        assert_eq!(
            put.await,
            (3, 1),
            "conditional write: branch, path, write, branch"
        );
    }
    let batch: Vec<_> = (0..1000).map(|n| path(&format!("n/{n:04}"))).collect();
    for staged in [0, 40] {
        for at in batch.iter().step_by(3).take(staged) {
            lake.put("main", at.as_str(), "x").await;
        }
        let delete = calls(&lake, async || {
            let options = DeleteOptions::default();
            let main = branch("main");
            let delete = engine.delete_many(repository, &main, &batch, options);
            delete.await.unwrap();
        });
        // Nothing to write where nothing was there.
        let writes = u64::from(staged > 0);
        assert_eq!(
            delete.await,
            (3, writes),
            "1,000 deletions: branch, page, write, branch"
        );
    }
}

#[tokio::test]
async fn reads_take_as_few_round_trips_as_promised() {
    let lake = lake().await;
    let (engine, repository) = (&lake.engine, &lake.repository);
    let main = reference("main");

    let get = calls(&lake, async || drop(lake.read("main", "a").await)).await;
    assert_eq!(get, (2, 0), "read on a branch: branch, path");
    let get = calls(&lake, async || drop(lake.read("main@", "a").await)).await;
    assert_eq!(get, (1, 0), "read of a commit: branch");
    let list = ListObjects {
        amount: 1000,
        ..ListObjects::default()
    };
    let list = calls(&lake, async || {
        drop(engine.list(repository, &main, &list).await.unwrap());
    })
    .await;
    assert_eq!(list, (2, 0), "listing a branch: branch, staged page");
    let log = LogRequest {
        amount: 25,
        ..LogRequest::default()
    };
    let log = calls(&lake, async || {
        drop(engine.log(repository, &main, &log).await.unwrap());
    })
    .await;
    assert_eq!(log, (1, 0), "log of known commits: branch");
    let branch_get = calls(&lake, async || {
        drop(engine.branch(repository, &branch("main")).await.unwrap());
    })
    .await;
    assert_eq!(branch_get, (1, 0));
}

#[tokio::test]
async fn branches_commits_and_merges_take_as_few_round_trips_as_promised() {
    let lake = lake().await;
    let create = calls(&lake, async || lake.branch_from("dev", "main").await).await;
    assert_eq!(
        create,
        (3, 1),
        "branch: name free, source, no tag of that name, write"
    );

    lake.put("main", "c", "1").await;
    lake.kv.reset_calls();
    lake.commit("main", "two").await;
    let commit = lake.kv.calls();
    // Branch, staged page of one; seal; changes; commit record; branch. What was dropped is noted
    // in the background.
    assert_eq!(
        (commit.get, commit.scan, commit.set_if),
        (1, 2, 3),
        "commit"
    );

    lake.put("dev", "d", "1").await;
    lake.commit("dev", "d").await;
    lake.kv.reset_calls();
    lake.merge("dev", "main").await.unwrap();
    let merge = lake.kv.calls();
    // Branch, staged page of one, source branch; commit record, branch.
    assert_eq!((merge.get, merge.scan, merge.set_if), (2, 1, 2), "merge");
}

#[tokio::test]
async fn listing_with_a_delimiter_skips_what_it_rolls_up() {
    let lake = Lake::new().await;
    for directory in 0..5 {
        for file in 0..300 {
            lake.put("main", &format!("d{directory}/{file:04}"), "x")
                .await;
        }
    }
    let list = ListObjects {
        amount: 100,
        delimiter: "/".into(),
        ..ListObjects::default()
    };
    lake.kv.reset_calls();
    let (items, _) = lake.list("main", &list).await;
    assert_eq!(items, ["d0/*", "d1/*", "d2/*", "d3/*", "d4/*"]);
    // The branch, and a small page for each prefix and the end.
    assert!(lake.kv.calls().total() <= 8, "{:?}", lake.kv.calls());
}

#[tokio::test]
async fn a_directory_listed_before_is_not_looked_for_in_the_tables() {
    let (lake, tree) = Lake::counted().await;
    for directory in 0..40 {
        for file in 0..20 {
            let at = format!("d{directory:02}/{file:04}/{}", "long".repeat(20));
            lake.put("main", &at, "x").await;
        }
    }
    lake.put("main", "d10a", "x").await;
    lake.commit("main", "all").await;
    let list = ListObjects {
        amount: 100,
        delimiter: "/".into(),
        ..ListObjects::default()
    };
    let mut looks = Vec::new();
    let mut found = Vec::new();
    for _ in 0..2 {
        let before = tree.counters();
        found.push(lake.list("main", &list).await);
        let did = tree.counters().since(&before);
        looks.push(did.blocks_read + did.block_cache_hits);
    }
    let [first, second] = looks[..] else {
        unreachable!()
    };
    // The second time at the first path and where an object lies between the directories.
    assert!(first >= 40 && second <= 4, "{first}, {second}");
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0].0.len(), 41);

    // What is not committed shows, whatever is remembered.
    lake.put("main", "d05/new", "x").await;
    lake.put("main", "d20a/x", "x").await;
    for file in 0..20 {
        let at = format!("d30/{file:04}/{}", "long".repeat(20));
        lake.delete("main", &at).await;
    }
    let (items, _) = lake.list("main", &list).await;
    assert_eq!(items.len(), 41);
    assert!(items.contains(&"d20a/*".to_owned()) && !items.contains(&"d30/*".to_owned()));
}
