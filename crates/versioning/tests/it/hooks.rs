//! Hooks see every operation before and after it and can refuse it before anything changed.

use std::sync::Arc;

use async_trait::async_trait;
use lakefs_versioning::{Error, HookEvent, HookPoint, Hooks, Result};
use parking_lot::Mutex;

use crate::support::{Lake, branch, reference, tag};

/// Writes down what it sees; refuses one kind of moment.
#[derive(Debug, Default)]
struct Recorder {
    seen: Mutex<Vec<HookPoint>>,
    refuse: Mutex<Option<HookPoint>>,
}

#[async_trait]
impl Hooks for Recorder {
    async fn before(&self, event: HookEvent<'_>) -> Result<()> {
        if *self.refuse.lock() == Some(event.point) {
            return Err(Error::Refused {
                message: "not today".to_owned(),
            });
        }
        self.after(event).await;
        Ok(())
    }

    async fn after(&self, event: HookEvent<'_>) {
        assert_eq!(
            event.commit.is_some(),
            event.commit.is_some_and(|c| Some(&c.id) == event.commit_id)
        );
        self.seen.lock().push(event.point);
    }
}

#[tokio::test]
async fn hooks_see_what_happens_and_may_refuse_it() {
    use HookPoint as P;
    let recorder = Arc::new(Recorder::default());
    let lake = Lake::with_hooks(Arc::clone(&recorder) as Arc<dyn Hooks>).await;
    let seen = || std::mem::take(&mut *recorder.seen.lock());
    lake.put("main", "a", "1").await;
    assert!(seen().is_empty());
    lake.commit("main", "c").await;
    assert_eq!(seen(), [P::PrepareCommit, P::PreCommit, P::PostCommit]);
    lake.branch_from("dev", "main").await;
    assert_eq!(seen(), [P::PreCreateBranch, P::PostCreateBranch]);
    lake.put("dev", "b", "1").await;
    lake.commit("dev", "c").await;
    seen();
    lake.merge("dev", "main").await.unwrap();
    assert_eq!(seen(), [P::PreMerge, P::PostMerge]);
    lake.revert("main", "main", 1).await.unwrap();
    assert_eq!(seen(), [P::PreRevert, P::PostRevert]);
    lake.pick("main", "dev", None).await.unwrap();
    assert_eq!(seen(), [P::PreCherryPick, P::PostCherryPick]);
    let (engine, repository) = (&lake.engine, &lake.repository);
    engine
        .create_tag(repository, &tag("v1"), &reference("main"), false)
        .await
        .unwrap();
    engine
        .delete_tag(repository, &tag("v1"), false)
        .await
        .unwrap();
    assert_eq!(
        seen(),
        [
            P::PreCreateTag,
            P::PostCreateTag,
            P::PreDeleteTag,
            P::PostDeleteTag
        ]
    );
    let before = lake.head("main").await;
    lake.put("main", "z", "1").await;
    *recorder.refuse.lock() = Some(P::PreCommit);
    let refused = lake.try_commit("main", "c").await.unwrap_err();
    assert_eq!(refused.to_string(), "not today");
    assert_eq!(lake.head("main").await, before);
    // What the refused commit set aside is in the next one.
    *recorder.refuse.lock() = None;
    lake.commit("main", "c").await;
    assert_eq!(lake.read("main@", "z").await.as_deref(), Some("1"));
    seen();
    *recorder.refuse.lock() = Some(P::PreDeleteBranch);
    assert!(
        engine
            .delete_branch(repository, &branch("dev"), false)
            .await
            .is_err()
    );
    engine.branch(repository, &branch("dev")).await.unwrap();
}
