//! A conditional write that is repeated because the branch moved on: its first try may have become part of
//! a commit. Told that the condition does not hold, a caller removes the bytes of its object; so that must
//! not be said of an object that some commit has.

use std::sync::Arc;

use lakefs_block::MemBlockStore;
use lakefs_kv::MemKv;
use lakefs_kv::testing::YieldingKv;
use lakefs_runtime::{Clock, Ids, ManualClock, TaskScope, Timestamp};
use lakefs_versioning::{CommitRequest, Error, LogRequest, NoHooks, PutCondition, PutOptions};

use crate::support::{START, branch, create, engine, entry, path, reference};

/// What became of the conditional write under one interleaving.
async fn race(seed: u64, condition: PutCondition) -> Result<(), Error> {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(START)));
    let ids = Arc::new(Ids::seeded(seed, Arc::clone(&clock) as Arc<dyn Clock>));
    let kv = Arc::new(YieldingKv::new(Arc::new(MemKv::new()), seed));
    let blocks = Arc::new(MemBlockStore::new(ids));
    let tasks = TaskScope::new();
    let engine = engine(kv, blocks, clock, seed, Arc::new(NoHooks), &tasks);
    let repository = engine.create_repository(&create("lake")).await.unwrap();
    let (main, at) = (branch("main"), path("a"));
    let put = async |content: &str, condition: PutCondition| {
        let options = PutOptions {
            condition,
            force: false,
        };
        engine
            .put(&repository, &main, &at, &entry(content), &options)
            .await
    };
    if condition != PutCondition::Absent {
        put("base", PutCondition::Always).await.unwrap();
    }
    let commit = async || {
        let request = CommitRequest {
            committer: "tester".to_owned(),
            message: "c".to_owned(),
            ..CommitRequest::default()
        };
        engine.commit(&repository, &main, &request).await
    };
    let ours = async {
        // Every fourth time a head start for the others, so that they are met later on their way, too.
        for _ in 0..(seed % 4 / 3) * (seed / 4 % 25) {
            tokio::task::yield_now().await;
        }
        put("ours", condition).await
    };
    let others = async {
        let committed = commit().await;
        put("theirs", PutCondition::Always).await.unwrap();
        committed
    };
    let (outcome, committed) = tokio::join!(ours, others);
    assert!(matches!(committed, Ok(_) | Err(Error::NoChanges)));
    if let Err(error) = commit().await {
        assert!(matches!(error, Error::NoChanges), "{error:?}");
    }
    let log = LogRequest {
        amount: 100,
        ..LogRequest::default()
    };
    let log = engine
        .log(&repository, &reference("main"), &log)
        .await
        .unwrap();
    let mut kept = false;
    for commit in &log.commits {
        let at_commit = reference(commit.id.as_str());
        match engine.get(&repository, &at_commit, &at).await {
            Ok(entry) => kept |= entry.view().etag == "ours",
            Err(Error::ObjectNotFound { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    if matches!(
        outcome,
        Err(Error::PathExists { .. } | Error::PreconditionFailed | Error::WriteConflict { .. })
    ) {
        assert!(!kept, "seed {seed}: refused, and in a commit");
    }
    outcome
}

#[tokio::test]
async fn what_is_refused_for_certain_is_in_no_commit() {
    for condition in [PutCondition::Absent, PutCondition::Etag("base".to_owned())] {
        let (mut stored, mut refused, mut unsettled) = (0, 0, 0);
        for seed in 0..400 {
            match race(seed, condition.clone()).await {
                Ok(()) => stored += 1,
                Err(Error::PathExists { .. } | Error::PreconditionFailed) => refused += 1,
                Err(Error::Unsettled { .. }) => unsettled += 1,
                Err(error) => panic!("seed {seed}: {error:?}"),
            }
        }
        // The race has to be run in every way it can end for this to say anything.
        assert!(
            stored > 0 && refused > 0 && unsettled > 0,
            "{stored} {refused} {unsettled}"
        );
    }
}
