//! Single objects, listings, resets: uncommitted changes over commits.

use lakefs_versioning::{
    DeleteOptions, DiffType, Error, ListObjects, MAX_BATCH_DELETE, PutCondition, PutOptions,
};

use crate::support::{Lake, branch, entry, path, reference};

fn bounds(prefix: &str, after: &str, delimiter: &str, amount: usize) -> ListObjects {
    ListObjects {
        prefix: prefix.into(),
        after: after.into(),
        delimiter: delimiter.into(),
        amount,
    }
}

#[tokio::test]
async fn what_is_staged_shows_on_the_branch_and_nowhere_else() {
    let lake = Lake::new().await;
    lake.put("main", "a", "1").await;
    assert_eq!(lake.read("main", "a").await.as_deref(), Some("1"));
    assert_eq!(lake.read("main$", "a").await.as_deref(), Some("1"));
    assert_eq!(lake.read("main@", "a").await, None);
    lake.commit("main", "c").await;
    lake.put("main", "a", "2").await;
    lake.put("main", "b", "3").await;
    assert_eq!(lake.read("main@", "a").await.as_deref(), Some("1"));
    assert_eq!(lake.read("main", "a").await.as_deref(), Some("2"));
    lake.delete("main", "a").await;
    assert_eq!(lake.read("main", "a").await, None);
    assert_eq!(
        lake.uncommitted("main").await,
        [
            ("a".into(), DiffType::Removed),
            ("b".into(), DiffType::Added)
        ]
    );
}

#[tokio::test]
async fn the_same_content_again_is_no_change() {
    let lake = Lake::new().await;
    lake.put("main", "a", "1").await;
    lake.commit("main", "c").await;
    lake.put("main", "a", "1").await;
    lake.delete("main", "never").await;
    assert!(lake.uncommitted("main").await.is_empty());
    assert!(matches!(
        lake.try_commit("main", "again").await,
        Err(Error::NoChanges)
    ));
    // Nothing piles up on a branch whose commits have nothing to say.
    let record = lake
        .engine
        .branch(&lake.repository, &branch("main"))
        .await
        .unwrap();
    assert!(record.sealed_tokens.is_empty());
}

#[tokio::test]
async fn a_conditional_put_is_checked_and_stored_as_one() {
    let lake = Lake::new().await;
    let put = async |content: &str, condition: PutCondition| {
        let options = PutOptions {
            condition,
            force: false,
        };
        let (main, at) = (branch("main"), path("a"));
        lake.engine
            .put(&lake.repository, &main, &at, &entry(content), &options)
            .await
    };
    put("1", PutCondition::Absent).await.unwrap();
    assert!(matches!(
        put("2", PutCondition::Absent).await,
        Err(Error::PathExists { .. })
    ));
    // Also when it is the same object: only a repeated try of one request may be taken for it.
    assert!(matches!(
        put("1", PutCondition::Absent).await,
        Err(Error::PathExists { .. })
    ));
    lake.commit("main", "c").await;
    assert!(matches!(
        put("2", PutCondition::Absent).await,
        Err(Error::PathExists { .. })
    ));
    assert!(matches!(
        put("2", PutCondition::Etag("x".into())).await,
        Err(Error::PreconditionFailed)
    ));
    put("2", PutCondition::Etag("1".into())).await.unwrap();
    put("3", PutCondition::Identity(entry("2").identity()))
        .await
        .unwrap();
    lake.delete("main", "a").await;
    assert!(matches!(
        put("4", PutCondition::Etag("3".into())).await,
        Err(Error::ObjectNotFound { .. })
    ));
    put("4", PutCondition::Absent).await.unwrap();
    assert_eq!(lake.read("main", "a").await.as_deref(), Some("4"));
}

#[tokio::test]
async fn one_of_many_conditional_puts_wins() {
    let lake = Lake::new().await;
    let puts = (0..32).map(|n| {
        let lake = lake.clone();
        async move {
            let options = PutOptions {
                condition: PutCondition::Absent,
                force: false,
            };
            let (main, at, entry) = (branch("main"), path("a"), entry(&n.to_string()));
            lake.engine
                .put(&lake.repository, &main, &at, &entry, &options)
                .await
                .is_ok()
        }
    });
    let won = futures_util::future::join_all(puts).await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
}

#[tokio::test]
async fn many_are_deleted_at_once_without_needless_tombstones() {
    let lake = Lake::new().await;
    for name in ["a", "b", "c"] {
        lake.put("main", name, "1").await;
    }
    lake.commit("main", "c").await;
    lake.put("main", "d", "1").await;
    let paths: Vec<_> = ["a", "b", "d", "zzz", "a"].map(path).into();
    let delete = async |paths: &[_], options| {
        lake.engine
            .delete_many(&lake.repository, &branch("main"), paths, options)
            .await
    };
    delete(&paths, DeleteOptions::default()).await.unwrap();
    assert_eq!(
        lake.uncommitted("main").await,
        [
            ("a".into(), DiffType::Removed),
            ("b".into(), DiffType::Removed)
        ]
    );
    lake.put("main", "e", "1").await;
    delete(
        &[path("e"), path("c")],
        DeleteOptions {
            no_tombstone: true,
            force: false,
        },
    )
    .await
    .unwrap();
    assert_eq!(lake.content("main").await.len(), 0);
    let many: Vec<_> = (0..=MAX_BATCH_DELETE)
        .map(|n| path(&n.to_string()))
        .collect();
    assert!(matches!(
        delete(&many, DeleteOptions::default()).await,
        Err(Error::Invalid { .. })
    ));
}

#[tokio::test]
async fn listings_merge_staged_and_committed_and_roll_up() {
    let lake = Lake::new().await;
    for name in [
        "/lead",
        "a/1",
        "a/2",
        "a//odd",
        "b",
        "c/deep/er/x",
        "ż/日本",
    ] {
        lake.put("main", name, "1").await;
    }
    lake.commit("main", "c").await;
    lake.put("main", "a/3", "1").await;
    lake.put("main", "d/new", "1").await;
    lake.delete("main", "b").await;
    lake.delete("main", "c/deep/er/x").await;
    let all = ["/lead", "a//odd", "a/1", "a/2", "a/3", "d/new", "ż/日本"]
        .map(String::from)
        .to_vec();
    assert_eq!(
        lake.list("main", &bounds("", "", "", 100)).await,
        (all.clone(), false)
    );
    let rolled = ["/*", "a/*", "d/*", "ż/*"].map(String::from).to_vec();
    assert_eq!(
        lake.list("main", &bounds("", "", "/", 100)).await,
        (rolled.clone(), false)
    );
    let below = ["a//*", "a/1", "a/2", "a/3"].map(String::from).to_vec();
    assert_eq!(
        lake.list("main", &bounds("a/", "", "/", 100)).await,
        (below, false)
    );
    assert_eq!(
        lake.list("main", &bounds("", "a/", "/", 1)).await,
        (vec!["d/*".into()], true)
    );
    assert_eq!(
        lake.list("main", &bounds("b", "", "", 10)).await,
        (vec![], false)
    );
    assert_eq!(
        lake.list("main@", &bounds("b", "", "", 10)).await,
        (vec!["b".into()], false)
    );
    // Pages of one put together are the whole.
    for (delimiter, whole) in [("", &all), ("/", &rolled)] {
        let (mut paged, mut after) = (Vec::new(), String::new());
        loop {
            let (items, more) = lake.list("main", &bounds("", &after, delimiter, 1)).await;
            after = items.last().unwrap().trim_end_matches('*').to_owned();
            paged.extend(items);
            if !more {
                break;
            }
        }
        assert_eq!(&paged, whole);
    }
}

#[tokio::test]
async fn changes_roll_up_like_objects() {
    let lake = Lake::new().await;
    for name in ["a/1", "a/2", "b"] {
        lake.put("main", name, "1").await;
    }
    lake.commit("main", "c").await;
    lake.put("main", "a/1", "1").await;
    lake.delete("main", "a/2").await;
    lake.put("main", "z", "1").await;
    let diff = async |list: ListObjects| {
        let page = lake
            .engine
            .diff_uncommitted(&lake.repository, &branch("main"), &list)
            .await
            .unwrap();
        let items: Vec<_> = page
            .iter()
            .map(|d| (String::from_utf8(d.path.to_vec()).unwrap(), d.kind))
            .collect();
        (items, page.has_more())
    };
    assert_eq!(
        diff(bounds("", "", "/", 10)).await,
        (
            vec![
                ("a/".into(), DiffType::PrefixChanged),
                ("z".into(), DiffType::Added)
            ],
            false
        )
    );
    assert_eq!(
        diff(bounds("a/", "", "", 10)).await,
        (vec![("a/2".into(), DiffType::Removed)], false)
    );
    assert_eq!(
        diff(bounds("", "", "/", 1)).await,
        (vec![("a/".into(), DiffType::PrefixChanged)], true)
    );
    assert_eq!(
        diff(bounds("", "a/", "/", 1)).await,
        (vec![("z".into(), DiffType::Added)], false)
    );
}

#[tokio::test]
async fn resets_take_back_what_they_say_and_no_more() {
    let lake = Lake::new().await;
    for name in ["a/1", "a/2", "b"] {
        lake.put("main", name, "old").await;
    }
    lake.commit("main", "c").await;
    let before = lake.content("main").await;
    let (engine, repository, main) = (&lake.engine, &lake.repository, branch("main"));
    lake.put("main", "a/1", "new").await;
    lake.delete("main", "a/2").await;
    lake.put("main", "a/3", "new").await;
    lake.put("main", "b", "new").await;
    engine
        .reset_object(repository, &main, &path("b"), false)
        .await
        .unwrap();
    engine
        .reset_object(repository, &main, &path("zzz"), false)
        .await
        .unwrap();
    assert_eq!(lake.read("main", "b").await.as_deref(), Some("old"));
    assert_eq!(lake.uncommitted("main").await.len(), 3);
    engine
        .reset_prefix(repository, &main, "a/", false)
        .await
        .unwrap();
    assert_eq!(lake.content("main").await, before);
    assert!(lake.uncommitted("main").await.is_empty());
    // Over sealed changes, too: now the older token shows through.
    lake.put("main", "a/3", "newer").await;
    engine
        .reset_object(repository, &main, &path("a/3"), false)
        .await
        .unwrap();
    assert_eq!(lake.content("main").await, before);
    lake.put("main", "b", "new").await;
    lake.put("main", "c", "new").await;
    engine.reset_branch(repository, &main, false).await.unwrap();
    assert_eq!(lake.content("main").await, before);
    assert!(matches!(
        lake.try_commit("main", "nothing").await,
        Err(Error::NoChanges)
    ));
}

#[tokio::test]
async fn a_hard_reset_needs_a_branch_without_changes() {
    let lake = Lake::new().await;
    let first = lake.head("main").await;
    lake.put("main", "a", "1").await;
    lake.commit("main", "c").await;
    lake.put("main", "b", "1").await;
    let reset = async |to: &str| {
        let (main, to) = (branch("main"), reference(to));
        lake.engine
            .hard_reset(&lake.repository, &main, &to, false)
            .await
    };
    assert!(matches!(
        reset("main~1").await,
        Err(Error::DirtyBranch { .. })
    ));
    lake.engine
        .reset_branch(&lake.repository, &branch("main"), false)
        .await
        .unwrap();
    assert!(matches!(
        reset("nope").await,
        Err(Error::RefNotFound { .. })
    ));
    assert_eq!(reset("main~1").await.unwrap().as_str(), first);
    assert!(lake.content("main").await.is_empty());
}

#[tokio::test]
async fn dropped_changes_are_emptied_in_the_background() {
    let lake = Lake::new().await;
    lake.engine.start();
    lake.put("main", "a", "1").await;
    let token = lake
        .engine
        .branch(&lake.repository, &branch("main"))
        .await
        .unwrap()
        .staging_token;
    lake.commit("main", "c").await;
    let left = async || {
        use lakefs_kv::KvStore as _;
        let staged = lake
            .kv
            .scan(token.as_str().as_bytes(), b"", 10)
            .await
            .unwrap();
        let marks = lake.kv.scan(b"cleanup-tokens", b"", 10).await.unwrap();
        staged.len() + marks.len()
    };
    let emptied = async {
        // The mark may not be written yet when both are still empty of it: the token itself tells.
        while left().await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), emptied)
        .await
        .unwrap();
    assert!(
        lake.tasks
            .shutdown(std::time::Duration::from_secs(20))
            .await
    );
}
