//! Deletions on a condition, against commits and writes that come in between: nobody else's object is ever
//! deleted, and a deletion that was told to be done is done.

use std::sync::Arc;

use lakefs_block::MemBlockStore;
use lakefs_kv::MemKv;
use lakefs_kv::testing::YieldingKv;
use lakefs_runtime::{Clock, Ids, ManualClock, TaskScope, Timestamp};
use lakefs_versioning::{
    CommitRequest, Engine, EntryView, Error, NoHooks, PutOptions, Repository, Result,
};

use crate::support::{Lake, START, branch, create, engine, entry, path, reference};

async fn delete_if(engine: &Engine, repository: &Repository, etag: &str) -> Result<()> {
    let holds = |entry: Option<&EntryView<'_>>| entry.is_none_or(|entry| entry.etag == etag);
    engine
        .delete_if(repository, &branch("main"), &path("a"), false, &holds)
        .await
}

#[tokio::test]
async fn only_what_is_as_it_should_be_is_deleted() {
    let lake = Lake::new().await;
    let (engine, repository) = (&lake.engine, &lake.repository);
    // Staged, committed, and staged over a commit.
    for step in 0..3 {
        if step != 1 {
            lake.put("main", "a", "there").await;
        }
        let refused = delete_if(engine, repository, "other").await;
        assert!(matches!(refused, Err(Error::PreconditionFailed)), "{step}");
        assert!(lake.read("main", "a").await.is_some());
        delete_if(engine, repository, "there").await.unwrap();
        assert_eq!(lake.read("main", "a").await, None);
        // Nothing is there, which is fine here: and nothing is written for it.
        let before = lake.kv.calls().writes();
        delete_if(engine, repository, "other").await.unwrap();
        assert_eq!(lake.kv.calls().writes(), before);
        lake.put("main", "a", "there").await;
        lake.put("main", "b", &format!("{step}")).await;
        lake.commit("main", &format!("step {step}")).await;
    }
    let never = engine
        .delete_if(repository, &branch("main"), &path("zzz"), false, &|_| false)
        .await;
    assert!(matches!(never, Err(Error::PreconditionFailed)));
}

/// A conditional deletion against a commit and, if `over`, a write before or after it; how the deletion
/// ended.
async fn race(seed: u64, committed: bool, over: bool) -> Result<()> {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(START)));
    let ids = Arc::new(Ids::seeded(seed, Arc::clone(&clock) as Arc<dyn Clock>));
    let kv = Arc::new(YieldingKv::new(Arc::new(MemKv::new()), seed));
    let blocks = Arc::new(MemBlockStore::new(ids));
    let tasks = TaskScope::new();
    let engine = engine(kv, blocks, clock, seed, Arc::new(NoHooks), &tasks);
    let repository = engine.create_repository(&create("lake")).await.unwrap();
    let (main, at) = (branch("main"), path("a"));
    let put = async |at: &str, content: &str| {
        let (at, entry) = (path(at), entry(content));
        let options = PutOptions::default();
        let put = engine.put(&repository, &main, &at, &entry, &options);
        put.await.unwrap();
    };
    let commit = async || {
        let request = CommitRequest {
            committer: "tester".to_owned(),
            message: "c".to_owned(),
            ..CommitRequest::default()
        };
        match engine.commit(&repository, &main, &request).await {
            Ok(_) | Err(Error::NoChanges) => {}
            Err(error) => panic!("seed {seed}: {error:?}"),
        }
    };
    put("a", "base").await;
    if committed {
        commit().await;
        put("b", "something to commit").await;
    }
    let others = async {
        if over && seed.is_multiple_of(2) {
            put("a", "theirs").await;
        }
        commit().await;
        if over && !seed.is_multiple_of(2) {
            put("a", "theirs").await;
        }
    };
    let (outcome, ()) = tokio::join!(delete_if(&engine, &repository, "base"), others);
    for _ in 0..2 {
        let found = engine.get(&repository, &reference("main"), &at).await;
        let found = found.map(|entry| entry.view().etag.to_owned());
        match found {
            Ok(etag) => assert!(over && etag == "theirs", "seed {seed}: {etag}, {outcome:?}"),
            Err(Error::ObjectNotFound { .. }) => assert!(!over, "seed {seed}: {outcome:?}"),
            Err(error) => panic!("seed {seed}: {error:?}"),
        }
        commit().await;
    }
    outcome
}

#[tokio::test]
async fn no_commit_brings_back_what_was_deleted() {
    for committed in [false, true] {
        for seed in 0..300 {
            let outcome = race(seed, committed, false).await;
            assert!(outcome.is_ok(), "seed {seed}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn what_somebody_else_wrote_stays() {
    for committed in [false, true] {
        let (mut deleted, mut refused) = (0, 0);
        for seed in 0..300 {
            match race(seed, committed, true).await {
                Ok(()) => deleted += 1,
                Err(Error::PreconditionFailed) => refused += 1,
                Err(error) => panic!("seed {seed}: {error:?}"),
            }
        }
        // The race has to be run in both ways it can end for this to say anything.
        assert!(deleted > 0 && refused > 0, "{deleted} {refused}");
    }
}
