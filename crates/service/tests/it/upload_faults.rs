//! Completing an upload while stores fail, or while the one who asks goes away: the object is there or it is
//! not, and asking again makes it.

use std::time::Duration;

use lakefs_block::testing::When;
use lakefs_kv::testing::Fault;
use lakefs_service::{ListUploads, Reason, WriteCondition};

use crate::support::{Lake, lake_with_repository, status};
use crate::uploads::{at, listed, named};

const PARTS: [(u32, &[u8]); 2] = [(1, b"first"), (2, b"second")];
const WHOLE: &[u8] = b"firstsecond";
const CONDITIONS: [WriteCondition; 2] = [WriteCondition::Always, WriteCondition::IfAbsent];

async fn begun(lake: &Lake, path: &str) -> String {
    let id = lake.begin("main", path).await.unwrap();
    for (number, bytes) in PARTS {
        lake.part(at(path, &id), number, bytes).await.unwrap();
    }
    id
}

/// The object whole or nothing of it; then a retry, which makes it.
async fn retry(lake: &Lake, path: &str, id: &str, condition: WriteCondition) {
    if let Ok(bytes) = lake.read("main", path).await {
        assert_eq!(bytes, WHOLE);
    }
    let again = lake.finish_if(at(path, id), named(&PARTS), condition.clone());
    let made = again.await.unwrap();
    assert_eq!(made.size, WHOLE.len() as u64);
    // Wherever the first try ended, nobody is told that the upload goes on.
    let all = ListUploads {
        limit: 10,
        ..ListUploads::default()
    };
    assert_eq!(listed(lake, all).await.0, Vec::<String>::new());
    assert_eq!(lake.read("main", path).await.unwrap(), WHOLE);
    let stats = lake.stat("main", path).await.unwrap();
    assert_eq!(stats.checksum, made.etag);
    let once_more = lake.finish_if(at(path, id), named(&PARTS), condition);
    assert_eq!(once_more.await.unwrap(), made);
}

#[tokio::test(start_paused = true)]
async fn whichever_call_of_the_database_fails_a_retry_completes() {
    for condition in CONDITIONS {
        for fault in [Fault::Before, Fault::After, Fault::LostBefore] {
            let lake = lake_with_repository().await;
            let mut made = 0;
            for nth in 0.. {
                let path = format!("p{nth}");
                let id = begun(&lake, &path).await;
                lake.kv.fail_at(nth, fault);
                let outcome = lake
                    .finish_if(at(&path, &id), named(&PARTS), condition.clone())
                    .await;
                let fired = lake.kv.fired();
                lake.kv.heal();
                if let Err(error) = &outcome {
                    assert_eq!(status(error), 503, "{fault:?} {nth}: {error}");
                }
                retry(&lake, &path, &id, condition.clone()).await;
                made += 1;
                if !fired {
                    break;
                }
            }
            assert!(made > 8, "{made}");
            // Tidying up that failed is done by the sweeper.
            lake.sweep().await;
            lake.assert_tidy("").await;
            assert_eq!(lake.data_files(), made);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whichever_call_of_the_store_fails_a_retry_completes() {
    for condition in CONDITIONS {
        for when in [When::Before, When::After] {
            let lake = lake_with_repository().await;
            for nth in 1.. {
                let path = format!("p{nth}");
                let id = begun(&lake, &path).await;
                lake.blocks.fail_nth(nth, when);
                let outcome = lake
                    .finish_if(at(&path, &id), named(&PARTS), condition.clone())
                    .await;
                let unused = lake.blocks.heal();
                if let Err(error) = &outcome {
                    assert_eq!(status(error), 503, "{when:?} {nth}: {error}");
                }
                retry(&lake, &path, &id, condition.clone()).await;
                if unused {
                    break;
                }
            }
            lake.assert_tidy("").await;
        }
    }
}

/// As when the connection goes away, or the process.
#[tokio::test]
async fn a_completion_may_be_dropped_anywhere() {
    for condition in CONDITIONS {
        let lake = lake_with_repository().await;
        for polls in 1.. {
            let path = format!("p{polls}");
            let id = begun(&lake, &path).await;
            let mut finished = false;
            {
                let work = lake.finish_if(at(&path, &id), named(&PARTS), condition.clone());
                let mut work = std::pin::pin!(work);
                for _ in 0..polls {
                    if futures_util::poll!(&mut work).is_ready() {
                        finished = true;
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
            retry(&lake, &path, &id, condition.clone()).await;
            if finished {
                break;
            }
        }
        lake.assert_tidy("").await;
    }
}

#[tokio::test(start_paused = true)]
async fn two_of_the_same_completion_make_one_object() {
    let lake = lake_with_repository().await;
    for round in 0..20 {
        let path = format!("p{round}");
        let id = begun(&lake, &path).await;
        let finish = || lake.finish_if(at(&path, &id), named(&PARTS), WriteCondition::IfAbsent);
        let (a, b) = tokio::join!(finish(), finish());
        // One may find the other's attempt under way, or its end; neither takes the object away.
        assert!(a.is_ok() || b.is_ok(), "{a:?} {b:?}");
        retry(&lake, &path, &id, WriteCondition::IfAbsent).await;
    }
}

/// The first attempt died; its list may still be worked on somewhere.
#[tokio::test(start_paused = true)]
async fn another_list_waits_until_the_first_attempt_cannot_be_running() {
    let lake = lake_with_repository().await;
    let id = begun(&lake, "x").await;
    lake.blocks.fail_nth(1, When::Before);
    lake.finish_if(at("x", &id), named(&PARTS), WriteCondition::Always)
        .await
        .unwrap_err();
    let other = || {
        let parts = named(&PARTS[1..]);
        lake.finish_if(at("x", &id), parts, WriteCondition::Always)
    };
    let error = other().await.unwrap_err();
    assert_eq!(
        (status(&error), error.reason()),
        (409, Some(Reason::WriteConflict))
    );
    lake.clock.advance(Duration::from_mins(16));
    other().await.unwrap();
    assert_eq!(lake.read("main", "x").await.unwrap(), b"second");
}

/// The object of an attempt that died after it was made may have been committed: it stays. One that was
/// not made goes.
#[tokio::test(start_paused = true)]
async fn uploads_stuck_while_completing_are_swept() {
    for (when, files) in [(When::Before, 0), (When::After, 1)] {
        let lake = lake_with_repository().await;
        let id = begun(&lake, "x").await;
        lake.blocks.fail_nth(1, when);
        lake.finish_if(at("x", &id), named(&PARTS), WriteCondition::Always)
            .await
            .unwrap_err();
        lake.clock.advance(Duration::from_hours(24));
        let outcome = lake.sweep().await;
        assert_eq!((outcome.seen, outcome.aborted, outcome.tidied), (1, 0, 0));
        lake.clock.advance(Duration::from_hours(7 * 24));
        let outcome = lake.sweep().await;
        assert_eq!(outcome.aborted + outcome.tidied, 1);
        assert_eq!(outcome.failed, 0);
        lake.assert_tidy(&id).await;
        assert_eq!(lake.data_files(), files);
        assert!(lake.read("main", "x").await.is_err());
    }
}

/// The process dies between the store's beginning of an upload and our hearing of it: nobody knows its id,
/// and yet it is found, once it cannot be beginning any more.
#[tokio::test(start_paused = true)]
async fn uploads_that_never_came_to_be_are_swept() {
    let lake = lake_with_repository().await;
    let bystander = lake.begin("main", "y").await.unwrap();
    lake.blocks.fail_nth(1, When::After);
    lake.begin("main", "x").await.unwrap_err();
    lake.blocks.heal();
    assert_eq!(lake.store_uploads(), 2, "the store has begun it");
    assert_eq!(lake.records("lakefs-rs:multipart").await, 2);
    lake.clock.advance(Duration::from_mins(59));
    let outcome = lake.sweep().await;
    assert_eq!((outcome.seen, outcome.aborted), (2, 0));
    lake.clock.advance(Duration::from_mins(2));
    let outcome = lake.sweep().await;
    assert_eq!((outcome.aborted, outcome.failed), (1, 0));
    assert_eq!(lake.store_uploads(), 1);
    // The other one is as usable as before.
    lake.part(at("y", &bystander), 1, b"first").await.unwrap();
    lake.finish_if(
        at("y", &bystander),
        named(&PARTS[..1]),
        WriteCondition::Always,
    )
    .await
    .unwrap();
    lake.assert_tidy("").await;
}

/// Beginning, uploading and aborting fail cleanly too: nothing is left that the sweeper does not find.
#[tokio::test(start_paused = true)]
async fn whatever_else_fails_leaves_nothing_for_long() {
    for fault in [Fault::Before, Fault::After, Fault::LostBefore] {
        let lake = lake_with_repository().await;
        for nth in 0.. {
            lake.kv.fail_at(nth, fault);
            let done = async {
                let id = lake.begin("main", "x").await?;
                lake.part(at("x", &id), 1, b"bytes").await?;
                lake.service
                    .abort_multipart_upload(&lake.admin, at("x", &id), None)
                    .await
            };
            let outcome = done.await;
            let fired = lake.kv.fired();
            lake.kv.heal();
            if let Err(error) = &outcome {
                let code = status(error);
                assert!(code == 503 || code == 404, "{fault:?} {nth}: {error}");
            }
            if !fired {
                break;
            }
        }
        lake.clock.advance(Duration::from_hours(8 * 24));
        assert_eq!(lake.sweep().await.failed, 0);
        assert_eq!(lake.records("lakefs-rs:multipart").await, 0);
        assert_eq!(lake.store_uploads(), 0);
    }
}
