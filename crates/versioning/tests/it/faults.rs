//! Every key-value and every object store call of an operation fails once, in every way: the
//! operation is then done or not done, never half, and can be repeated.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakefs_block::testing::When;
use lakefs_kv::KvError;
use lakefs_kv::testing::Fault;
use lakefs_versioning::{Commit, Error, MergeRequest};

use crate::support::{Lake, branch, reference, texts};

type Content = BTreeMap<String, String>;

/// An operation that moves the head of `main`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Commit,
    Merge,
    Squash,
    Revert,
    Pick,
}

const OPERATIONS: [Operation; 5] = [
    Operation::Commit,
    Operation::Merge,
    Operation::Squash,
    Operation::Revert,
    Operation::Pick,
];

impl Operation {
    async fn prepare(self) -> Lake {
        let lake = Lake::new().await;
        lake.put("main", "a", "1").await;
        lake.put("main", "b", "1").await;
        lake.commit("main", "base").await;
        lake.branch_from("dev", "main").await;
        lake.put("dev", "a", "2").await;
        lake.put("dev", "d", "2").await;
        lake.commit("dev", "dev").await;
        match self {
            Self::Commit => {
                lake.put("main", "c", "3").await;
                lake.delete("main", "b").await;
            }
            Self::Revert => {
                lake.put("main", "b", "3").await;
                lake.commit("main", "bad").await;
            }
            Self::Merge | Self::Squash | Self::Pick => {
                lake.put("main", "m", "1").await;
                lake.commit("main", "main moves").await;
            }
        }
        lake
    }

    async fn run(self, lake: &Lake) -> Result<Arc<Commit>, Error> {
        match self {
            Self::Commit => lake.try_commit("main", "work").await,
            Self::Merge => lake.merge("dev", "main").await,
            Self::Squash => {
                let request = MergeRequest {
                    squash: true,
                    ..MergeRequest::new(reference("dev"), "t")
                };
                lake.merge_with("main", &request).await
            }
            Self::Revert => lake.revert("main", "main", 0).await,
            Self::Pick => lake.pick("main", "dev", None).await,
        }
    }

    fn after(self) -> Content {
        match self {
            Self::Commit => texts([("a", "1"), ("c", "3")]),
            Self::Revert => texts([("a", "1"), ("b", "1")]),
            Self::Merge | Self::Squash | Self::Pick => {
                texts([("a", "2"), ("b", "1"), ("d", "2"), ("m", "1")])
            }
        }
    }
}

/// What is committed and what is visible on `main`, and its head.
async fn state(lake: &Lake) -> (String, Content, Content) {
    (
        lake.head("main").await,
        lake.content("main@").await,
        lake.content("main").await,
    )
}

/// After one fault: done, or not done; and if not, doing it now works.
async fn check(
    operation: Operation,
    lake: &Lake,
    before: &(String, Content, Content),
    outcome: Result<Arc<Commit>, Error>,
    what: &str,
) {
    let after = state(lake).await;
    let done = after.0 != before.0;
    match &outcome {
        Ok(commit) => assert_eq!(commit.id.as_str(), after.0, "{what}"),
        Err(Error::Kv(KvError::Indeterminate { .. })) => {
            panic!("{what}: a lost answer was not resolved")
        }
        Err(Error::Kv(_) | Error::Block(_) | Error::Tree(_)) => {}
        Err(other) => panic!("{what}: {other:?}"),
    }
    if done {
        assert_eq!(after.1, operation.after(), "{what}");
        assert_eq!(after.2, operation.after(), "{what}");
        let head = lake
            .engine
            .commit_of(&lake.repository, &reference("main"))
            .await
            .unwrap();
        assert_eq!(head.parents[0].as_str(), before.0, "{what}");
    } else {
        assert_eq!(&after, before, "{what}");
        operation
            .run(lake)
            .await
            .unwrap_or_else(|error| panic!("{what}, again: {error:?}"));
        assert_eq!(lake.content("main@").await, operation.after(), "{what}");
    }
    assert!(lake.uncommitted("main").await.is_empty(), "{what}");
    let record = lake
        .engine
        .branch(&lake.repository, &branch("main"))
        .await
        .unwrap();
    assert!(record.sealed_tokens.is_empty(), "{what}");
}

#[tokio::test]
async fn each_key_value_call_fails_once() {
    for operation in OPERATIONS {
        for fault in [Fault::Before, Fault::After, Fault::LostBefore] {
            for nth in 0.. {
                let lake = operation.prepare().await;
                let before = state(&lake).await;
                lake.kv.fail_at(nth, fault);
                let outcome = operation.run(&lake).await;
                let fired = lake.kv.fired();
                lake.kv.heal();
                check(
                    operation,
                    &lake,
                    &before,
                    outcome,
                    &format!("{operation:?} {fault:?} {nth}"),
                )
                .await;
                if !fired {
                    assert!(nth >= 4, "{operation:?}");
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn each_object_store_call_fails_once() {
    for operation in OPERATIONS {
        for when in [When::Before, When::After] {
            for nth in 1.. {
                let lake = operation.prepare().await;
                let before = state(&lake).await;
                let calls = lake.blocks.calls();
                lake.blocks.fail_nth(nth, when);
                let outcome = operation.run(&lake).await;
                let fired = lake.blocks.calls() - calls >= nth;
                lake.blocks.heal();
                check(
                    operation,
                    &lake,
                    &before,
                    outcome,
                    &format!("{operation:?} {when:?} {nth}"),
                )
                .await;
                if !fired {
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn an_operation_can_be_dropped_anywhere() {
    use futures_util::FutureExt as _;
    for operation in OPERATIONS {
        for polls in 0.. {
            let lake = operation.prepare().await;
            let before = state(&lake).await;
            let mut running = Box::pin(tokio::task::coop::unconstrained(operation.run(&lake)));
            let mut ended = None;
            for _ in 0..polls {
                ended = running.as_mut().now_or_never();
                if ended.is_some() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(running);
            let finished = ended.is_some();
            let outcome =
                ended.unwrap_or_else(|| Err(Error::Kv(KvError::EmptyKey { part: "dropped" })));
            check(
                operation,
                &lake,
                &before,
                outcome,
                &format!("{operation:?} dropped after {polls}"),
            )
            .await;
            if finished {
                break;
            }
        }
    }
}

#[tokio::test]
async fn creating_and_deleting_survives_lost_answers() {
    for fault in [Fault::Before, Fault::After, Fault::LostBefore] {
        for nth in 0.. {
            let lake = Lake::new().await;
            lake.kv.fail_at(nth, fault);
            let options = lakefs_versioning::CreateBranch::default();
            let (dev, main) = (branch("dev"), reference("main"));
            let create = || {
                lake.engine
                    .create_branch(&lake.repository, &dev, &main, &options)
            };
            let created = create().await;
            let fired = lake.kv.fired();
            lake.kv.heal();
            match created {
                Ok(_) => {}
                Err(Error::Kv(KvError::Unavailable { .. })) => {
                    create().await.unwrap();
                }
                Err(error) => panic!("{fault:?} {nth}: {error:?}"),
            }
            lake.engine.branch(&lake.repository, &dev).await.unwrap();
            if !fired {
                break;
            }
        }
    }
}

#[tokio::test]
async fn damaged_records_are_named_and_break_nothing_else() {
    use lakefs_kv::KvStore as _;
    let lake = Lake::new().await;
    lake.put("main", "a", "1").await;
    let commit = lake.commit("main", "c").await;
    lake.branch_from("dev", "main~1").await;
    let partition = format!("lake-{}", lake.repository.instance_uid);
    let key = format!("commits/{}", commit.id);
    lake.kv
        .set(partition.as_bytes(), key.as_bytes(), b"\x0a\xff")
        .await
        .unwrap();
    let fresh = lake.second_server().await;
    let error = fresh
        .engine
        .commit_of(&fresh.repository, &reference("main"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Corrupt { .. }) && error.to_string().contains(commit.id.as_str()),
        "{error:?}"
    );
    assert!(fresh.content("dev").await.is_empty());
    lake.kv
        .set(partition.as_bytes(), b"branches/dev", b"\x12\x03abc")
        .await
        .unwrap();
    let error = fresh
        .engine
        .branch(&fresh.repository, &branch("dev"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("branch dev"), "{error:?}");
}
