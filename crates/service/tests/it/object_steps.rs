//! Uploads and copies in steps: what they cost, what changes between the steps, and faults at every one of
//! them: the object is there whole, or it is not there.

use std::collections::BTreeMap;

use bytes::Bytes;
use lakefs_block::PutBody;
use lakefs_kv::testing::Fault;
use lakefs_service::{
    BeginCopy, BeginUpload, CopyObject, ErrorKind, ObjectCopyPlan, ObjectWritten, Reason, Result,
    StoreOptions, WriteCondition,
};

use crate::support::{Lake, REPO, lake_with_repository, status};

fn begin<'a>(branch: &'a str, path: &'a str, condition: WriteCondition) -> BeginUpload<'a> {
    BeginUpload {
        operation: "PutObject",
        repository: REPO,
        branch,
        path,
        condition,
        force: false,
    }
}

async fn put_if(lake: &Lake, path: &str, condition: WriteCondition) -> Result<ObjectWritten> {
    let begin = begin("main", path, condition);
    let upload = lake.service.begin_upload(&lake.admin, begin).await?;
    let body = PutBody::from_bytes(Bytes::from_static(b"hello"));
    let stored = upload.store(body, StoreOptions::default()).await?;
    stored.finish(BTreeMap::new()).await
}

fn copy<'a>(source: &'a str, path: &'a str, condition: WriteCondition) -> BeginCopy<'a> {
    BeginCopy {
        operation: "CopyObject",
        source_repository: REPO,
        source_reference: "main",
        source_path: source,
        repository: REPO,
        branch: "main",
        path,
        condition,
    }
}

/// Whether the object is there and reads whole.
async fn is_there(lake: &Lake, path: &str) -> bool {
    match lake.read("main", path).await {
        Ok(bytes) => {
            assert_eq!(bytes, b"hello");
            true
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
            false
        }
    }
}

#[tokio::test]
async fn a_put_asks_the_records_as_little_as_it_can() {
    let lake = lake_with_repository().await;
    put_if(&lake, "warm", WriteCondition::Always).await.unwrap();
    lake.kv.reset_calls();
    put_if(&lake, "x", WriteCondition::Always).await.unwrap();
    let calls = lake.kv.calls();
    // The branch before the body, before the write and after it; the entry.
    assert_eq!((calls.reads(), calls.writes()), (3, 1), "{calls:?}");
    lake.kv.reset_calls();
    put_if(&lake, "y", WriteCondition::IfAbsent).await.unwrap();
    let calls = lake.kv.calls();
    // Besides: branch and path when the condition is judged first, the path when it is judged again.
    assert_eq!((calls.reads(), calls.writes()), (6, 1), "{calls:?}");
}

#[tokio::test]
async fn conditions_tell_what_they_found() {
    let lake = lake_with_repository().await;
    let absent = put_if(&lake, "x", WriteCondition::IfMatch("tag".into())).await;
    let absent = absent.unwrap_err();
    assert_eq!(absent.reason(), Some(Reason::ObjectNotFound));
    let made = put_if(&lake, "x", WriteCondition::IfAbsent).await.unwrap();
    assert_eq!((made.size, made.modified.seconds), (5, 1_700_000_000));
    let there = put_if(&lake, "x", WriteCondition::IfAbsent).await;
    assert_eq!(status(&there.unwrap_err()), 412);
    let other = put_if(&lake, "x", WriteCondition::IfMatch("tag".into())).await;
    assert_eq!(status(&other.unwrap_err()), 412);
    let same = put_if(&lake, "x", WriteCondition::IfMatch(made.etag)).await;
    same.unwrap();
}

/// What is judged first is judged again with the entry; the bytes of a refused one do not stay.
#[tokio::test]
async fn what_changes_while_the_body_comes_is_noticed() {
    for change in ["deleted", "protected", "taken"] {
        let lake = lake_with_repository().await;
        lake.branch("dev", "main").await.unwrap();
        let begin = begin("dev", "x", WriteCondition::IfAbsent);
        let upload = lake.service.begin_upload(&lake.admin, begin).await.unwrap();
        let (service, admin) = (&lake.service, &lake.admin);
        let expected = match change {
            "deleted" => {
                service
                    .delete_branch(admin, REPO, "dev", false)
                    .await
                    .unwrap();
                (ErrorKind::NotFound, Some(Reason::BranchNotFound))
            }
            "protected" => {
                let rules = vec!["dev".to_owned()];
                let set = service.set_branch_protection_rules(admin, REPO, rules, None);
                set.await.unwrap();
                (ErrorKind::Forbidden, Some(Reason::ProtectedBranch))
            }
            _ => {
                lake.put("dev", "x", b"taken").await.unwrap();
                (ErrorKind::PreconditionFailed, None)
            }
        };
        let before = lake.data_files();
        let body = PutBody::from_bytes(Bytes::from_static(b"hello"));
        let stored = upload.store(body, StoreOptions::default()).await.unwrap();
        let error = stored.finish(BTreeMap::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.reason()), expected, "{change}");
        assert_eq!(lake.data_files(), before, "{change}");
    }
}

#[tokio::test]
async fn a_fault_at_any_call_leaves_the_object_whole_or_absent() {
    for condition in [WriteCondition::Always, WriteCondition::IfAbsent] {
        for fault in [Fault::Before, Fault::After, Fault::LostBefore] {
            for nth in 0.. {
                let lake = lake_with_repository().await;
                put_if(&lake, "warm", WriteCondition::Always).await.unwrap();
                lake.kv.fail_at(nth, fault);
                let outcome = put_if(&lake, "x", condition.clone()).await;
                let fired = lake.kv.fired();
                lake.kv.heal();
                let there = is_there(&lake, "x").await;
                match outcome {
                    Ok(_) => assert!(there),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}"),
                }
                if !fired {
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_fault_at_any_call_leaves_the_copy_whole_or_absent() {
    for fault in [Fault::Before, Fault::After, Fault::LostBefore] {
        for nth in 0.. {
            let lake = lake_with_repository().await;
            put_if(&lake, "one", WriteCondition::Always).await.unwrap();
            lake.kv.fail_at(nth, fault);
            let begin = copy("one", "two", WriteCondition::IfAbsent);
            let outcome = match lake.service.begin_copy(&lake.admin, begin).await {
                Ok(copy) => copy.finish(ObjectCopyPlan::default()).await,
                Err(error) => Err(error),
            };
            let fired = lake.kv.fired();
            lake.kv.heal();
            let there = is_there(&lake, "two").await;
            match outcome {
                Ok(_) => assert!(there),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}"),
            }
            assert!(is_there(&lake, "one").await);
            if !fired {
                break;
            }
        }
    }
}

/// Dropped at any point, an upload leaves the object whole or absent, and goes on working for others.
#[tokio::test]
async fn an_upload_may_be_dropped_anywhere() {
    // The store works on other threads: how many polls it takes is not known.
    for polls in (0..40).chain((6..24).map(|power| 1_u64 << power)) {
        let lake = lake_with_repository().await;
        let body = futures_util::stream::unfold(0, |n| async move {
            tokio::task::yield_now().await;
            (n < 5).then(|| (Ok(Bytes::from_static(&b"hello"[n..=n])), n + 1))
        });
        let body = PutBody {
            stream: Box::pin(body),
            length: Some(5),
        };
        let work = async {
            let begin = begin("main", "x", WriteCondition::IfAbsent);
            let upload = lake.service.begin_upload(&lake.admin, begin).await?;
            let stored = upload.store(body, StoreOptions::default()).await?;
            stored.finish(BTreeMap::new()).await
        };
        let mut work = Box::pin(work);
        let mut done = false;
        for _ in 0..polls {
            tokio::select! {
                biased;
                outcome = &mut work => { outcome.unwrap(); done = true; break; }
                () = tokio::task::yield_now() => {}
            }
        }
        drop(work);
        let there = is_there(&lake, "x").await;
        assert!(there || !done);
        put_if(&lake, "y", WriteCondition::IfAbsent).await.unwrap();
        if done {
            return;
        }
    }
    panic!("the upload never ended");
}

#[tokio::test]
async fn a_copy_of_a_copy_has_bytes_of_its_own() {
    let lake = lake_with_repository().await;
    put_if(&lake, "one", WriteCondition::Always).await.unwrap();
    for (from, to) in [("one", "two"), ("two", "three")] {
        let begin = copy(from, to, WriteCondition::Always);
        let copy = lake.service.begin_copy(&lake.admin, begin).await.unwrap();
        assert!(!copy.is_onto_itself());
        assert_eq!(copy.source().facts().size(), 5);
        copy.finish(ObjectCopyPlan::default()).await.unwrap();
    }
    let addresses =
        async |path: &'static str| lake.stat("main", path).await.unwrap().physical_address;
    let all = [
        addresses("one").await,
        addresses("two").await,
        addresses("three").await,
    ];
    assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    assert!(is_there(&lake, "three").await);
}

/// The mark of an entry that shares its bytes does not go to a copy that has its own.
#[tokio::test]
async fn a_full_copy_of_a_shallow_one_is_not_marked() {
    const MARK: &str = "::lakefs::shallow-copy";
    let lake = lake_with_repository().await;
    put_if(&lake, "one", WriteCondition::Always).await.unwrap();
    let begin = copy("one", "two", WriteCondition::Always);
    let shallow = lake.service.begin_copy(&lake.admin, begin).await.unwrap();
    let plan = ObjectCopyPlan {
        share: true,
        ..ObjectCopyPlan::default()
    };
    shallow.finish(plan).await.unwrap();
    let marked = lake.stat("main", "two").await.unwrap().metadata.unwrap();
    assert_eq!(marked.get(MARK).map(String::as_str), Some("one"));
    let request = CopyObject {
        repository: REPO,
        branch: "main",
        dest_path: "three",
        src_path: "two",
        src_ref: None,
        shallow: false,
        force: false,
    };
    let made = lake.service.copy_object(&lake.admin, request).await;
    assert!(!made.unwrap().metadata.unwrap().contains_key(MARK));
}
