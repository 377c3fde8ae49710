//! What people do: commit, merge, revert, pick, squash, resolve.

use std::time::Duration;

use lakefs_runtime::Timestamp;
use lakefs_types::RefExpr;
use lakefs_versioning::{
    AddCommit, CommitDraft, CommitRequest, DiffType, Error, ListObjects, LogRequest, MergeRequest,
    RefDiff, Strategy,
};

use crate::support::{Lake, branch, reference, tag, texts};

async fn messages(lake: &Lake, at: &str, request: LogRequest) -> (Vec<String>, bool) {
    let page = lake
        .engine
        .log(&lake.repository, &reference(at), &request)
        .await
        .unwrap();
    (
        page.commits.iter().map(|c| c.message.clone()).collect(),
        page.has_more,
    )
}

fn first(amount: usize) -> LogRequest {
    LogRequest {
        amount,
        ..LogRequest::default()
    }
}

#[tokio::test]
async fn ingest_on_a_branch_and_merge() {
    let lake = Lake::new().await;
    lake.put("main", "sales/date=1/x.parquet", "day 1").await;
    lake.commit("main", "day one").await;
    lake.branch_from("ingest", "main").await;
    lake.put("ingest", "sales/date=2/x.parquet", "day 2").await;
    lake.commit("ingest", "day two").await;
    assert_eq!(
        lake.diff("main", "ingest", RefDiff::ThreeDot).await,
        [("sales/date=2/x.parquet".into(), DiffType::Added)]
    );
    let merge = lake.merge("ingest", "main").await.unwrap();
    assert_eq!(merge.message, "Merge 'ingest' into 'main'");
    assert_eq!(
        merge.metadata,
        texts([(".lakefs.merge.strategy", "default")])
    );
    assert_eq!((merge.parents.len(), merge.generation), (2, 4));
    assert_eq!(lake.content("main").await, lake.content("ingest").await);
    let (log, more) = messages(&lake, "main", first(10)).await;
    assert_eq!(
        log,
        [
            "Merge 'ingest' into 'main'",
            "day two",
            "day one",
            "Repository created"
        ]
    );
    assert!(!more);
    assert!(matches!(
        lake.merge("ingest", "main").await,
        Err(Error::NoChanges)
    ));
    assert!(matches!(
        lake.merge("main", "main").await,
        Err(Error::NoChanges)
    ));
    let request = MergeRequest {
        allow_empty: true,
        ..MergeRequest::new(reference("ingest"), "t")
    };
    let empty = lake.merge_with("main", &request).await.unwrap();
    assert_eq!(empty.metarange, merge.metarange);
}

#[tokio::test]
async fn several_bad_commits_are_reverted_in_order() {
    let lake = Lake::new().await;
    lake.put("main", "a", "good").await;
    lake.put("main", "b", "good").await;
    lake.commit("main", "good").await;
    let before = lake.content("main").await;
    lake.put("main", "a", "bad").await;
    let bad1 = lake.commit("main", "bad 1").await;
    lake.delete("main", "b").await;
    lake.put("main", "c", "bad").await;
    let bad2 = lake.commit("main", "bad 2").await;
    for bad in [&bad2, &bad1] {
        let short = &bad.id.as_str()[..10];
        let revert = lake.revert("main", short, 0).await.unwrap();
        assert_eq!(revert.message, format!("Revert {short}"));
        assert_eq!(revert.parents.len(), 1);
    }
    assert_eq!(lake.content("main").await, before);
    assert_eq!(messages(&lake, "main", first(10)).await.0.len(), 6);
    let again = lake.revert("main", bad1.id.as_str(), 0).await;
    assert!(matches!(again, Err(Error::NoChanges)), "{again:?}");
    assert!(matches!(
        lake.revert("main", "nope", 0).await,
        Err(Error::RefNotFound { .. })
    ));
    let old = &bad1.id.as_str()[..10];
    lake.branch_from("then", old).await;
    assert_eq!(lake.read("then", "a").await.as_deref(), Some("bad"));
}

/// Nothing has two identifiers, none at all (a repository's first commit) and that of the table
/// without records; where they counted as different contents, each revert back to nothing was a new commit.
#[tokio::test]
async fn nothing_is_the_same_whichever_way_it_is_stored() {
    let lake = Lake::new().await;
    let first = lake.head("main").await;
    lake.branch_from("empty", "main").await;
    lake.put("main", "a", "1").await;
    let change = lake.commit("main", "change").await;
    lake.revert("main", change.id.as_str(), 0).await.unwrap();
    let again = lake.revert("main", change.id.as_str(), 0).await;
    assert!(matches!(again, Err(Error::NoChanges)), "{again:?}");

    lake.put("main", "a", "1").await;
    lake.commit("main", "again").await;
    lake.delete("main", "a").await;
    let emptied = lake.commit("main", "emptied").await;
    assert!(!emptied.metarange.is_empty());
    let again = lake.revert("main", change.id.as_str(), 0).await;
    assert!(matches!(again, Err(Error::NoChanges)), "{again:?}");
    let merge = lake.merge("main", "empty").await;
    assert!(matches!(merge, Err(Error::NoChanges)), "{merge:?}");
    for which in [RefDiff::TwoDot, RefDiff::ThreeDot] {
        assert_eq!(lake.diff(&first, "main", which).await, []);
        assert_eq!(lake.diff("main", "empty", which).await, []);
    }
    lake.put("empty", "b", "1").await;
    lake.commit("empty", "b").await;
    let pick = lake.pick("main", "empty", None).await.unwrap();
    assert_eq!(lake.content("main").await, lake.content("empty").await);
    assert_eq!(lake.head("main").await, pick.id.as_str());
}

#[tokio::test]
async fn a_merge_is_reverted_to_the_parent_that_is_named() {
    let lake = Lake::new().await;
    lake.put("main", "a", "1").await;
    lake.commit("main", "base").await;
    lake.branch_from("dev", "main").await;
    lake.put("dev", "a", "dev").await;
    lake.put("dev", "d", "dev").await;
    lake.commit("dev", "dev").await;
    lake.put("main", "m", "1").await;
    lake.commit("main", "main moves").await;
    let before = lake.content("main").await;
    let merge = lake.merge("dev", "main").await.unwrap();
    let id = merge.id.as_str();
    let text = |error: Error| error.to_string();
    assert_eq!(
        lake.revert("main", id, 0).await.map_err(text).unwrap_err(),
        "must specify 1-based parent number for reverting merge commit"
    );
    assert_eq!(
        lake.revert("main", id, 9).await.map_err(text).unwrap_err(),
        "given commit does not have the given parent number: parent 9"
    );
    lake.revert("main", id, 1).await.unwrap();
    assert_eq!(lake.content("main").await, before);
}

#[tokio::test]
async fn collections_are_joined_and_exposed_by_one_merge() {
    let lake = Lake::new().await;
    for (name, file) in [("left", "left/x"), ("right", "right/y")] {
        lake.branch_from(name, "main").await;
        lake.put(name, file, name).await;
        lake.commit(name, name).await;
    }
    lake.branch_from("joined", "main").await;
    lake.merge("left", "joined").await.unwrap();
    lake.merge("right", "joined").await.unwrap();
    lake.put("joined", "both", "b").await;
    lake.commit("joined", "join").await;
    lake.merge("joined", "main").await.unwrap();
    assert_eq!(
        lake.content("main").await,
        texts([("both", "b"), ("left/x", "left"), ("right/y", "right")])
    );
}

async fn clash() -> Lake {
    let lake = Lake::new().await;
    lake.put("main", "clash", "base").await;
    lake.put("main", "gone", "base").await;
    lake.commit("main", "base").await;
    for name in ["left", "right"] {
        lake.branch_from(name, "main").await;
        lake.put(name, "clash", name).await;
        lake.put(name, name, "own").await;
    }
    lake.delete("left", "gone").await;
    lake.put("right", "gone", "kept").await;
    lake.commit("left", "left").await;
    lake.commit("right", "right").await;
    lake
}

#[tokio::test]
async fn conflicts_stop_a_merge_unless_somebody_wins() {
    let lake = clash().await;
    let conflict = lake.merge("left", "right").await.unwrap_err();
    assert!(
        matches!(&conflict, Error::Conflict { path } if path == "clash"),
        "{conflict:?}"
    );
    assert_eq!(
        lake.diff("right", "left", RefDiff::ThreeDot).await,
        [
            ("clash".into(), DiffType::Conflict),
            ("gone".into(), DiffType::Conflict),
            ("left".into(), DiffType::Added)
        ]
    );
    lake.branch_from("again", "right").await;
    let merge = |strategy| MergeRequest {
        strategy,
        ..MergeRequest::new(reference("left"), "t")
    };
    let merged = lake
        .merge_with("right", &merge(Strategy::DestinationWins))
        .await
        .unwrap();
    assert_eq!(merged.metadata[".lakefs.merge.strategy"], "dest-wins");
    assert_eq!(
        lake.content("right").await,
        texts([
            ("clash", "right"),
            ("gone", "kept"),
            ("left", "own"),
            ("right", "own")
        ])
    );
    lake.merge_with("again", &merge(Strategy::SourceWins))
        .await
        .unwrap();
    assert_eq!(
        lake.content("again").await,
        texts([("clash", "left"), ("left", "own"), ("right", "own")])
    );
}

#[tokio::test]
async fn a_squash_merge_has_one_parent() {
    let lake = Lake::new().await;
    lake.branch_from("dev", "main").await;
    for n in 0..3 {
        lake.put("dev", &format!("f{n}"), "x").await;
        lake.commit("dev", "step").await;
    }
    let request = MergeRequest {
        squash: true,
        ..MergeRequest::new(reference("dev"), "t")
    };
    let squashed = lake.merge_with("main", &request).await.unwrap();
    assert_eq!(squashed.parents.len(), 1);
    assert_eq!(messages(&lake, "main", first(10)).await.0.len(), 2);
    assert_eq!(lake.content("main").await, lake.content("dev").await);
}

#[tokio::test]
async fn a_pick_takes_one_commit_along() {
    let lake = Lake::new().await;
    lake.branch_from("dev", "main").await;
    lake.put("dev", "one", "1").await;
    lake.commit("dev", "one").await;
    lake.put("dev", "two", "2").await;
    lake.clock.advance(Duration::from_secs(1));
    let request = CommitRequest {
        committer: "author".into(),
        message: "two".into(),
        metadata: texts([("by", "dev")]),
        ..CommitRequest::default()
    };
    let two = lake
        .engine
        .commit(&lake.repository, &branch("dev"), &request)
        .await
        .unwrap();
    let picked = lake.pick("main", "dev", None).await.unwrap();
    assert_eq!(lake.content("main").await, texts([("two", "2")]));
    assert_eq!(
        (picked.message.as_str(), picked.committer.as_str()),
        ("two", "tester")
    );
    assert_eq!(
        picked.metadata,
        texts([
            ("by", "dev"),
            ("cherry-pick-committer", "author"),
            ("cherry-pick-origin", two.id.as_str())
        ])
    );
    // The picked commit itself is as it was.
    assert_eq!(two.metadata, texts([("by", "dev")]));
    assert_eq!(
        lake.engine
            .commit_by_id(&lake.repository, &two.id)
            .await
            .unwrap()
            .metadata,
        two.metadata
    );
    let merge = lake.merge("dev", "main").await.unwrap();
    let error = lake.pick("dev", merge.id.as_str(), None).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "must specify 1-based parent number for cherry-picking merge commit"
    );
    let root = format!("{}~3", merge.id);
    let error = lake.pick("dev", &root, None).await.unwrap_err();
    assert!(
        error.is_not_found() || matches!(error, Error::ParentOutOfRange { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_dirty_branch_takes_no_merge_revert_or_pick() {
    let lake = clash().await;
    lake.put("main", "x", "1").await;
    for outcome in [
        lake.merge("left", "main").await,
        lake.revert("main", "left", 0).await,
        lake.pick("main", "left", None).await,
    ] {
        assert!(
            matches!(outcome, Err(Error::DirtyBranch { .. })),
            "{outcome:?}"
        );
    }
    // What changes nothing does not count.
    lake.engine
        .reset_prefix(&lake.repository, &branch("main"), "", false)
        .await
        .unwrap();
    lake.put("main", "clash", "base").await;
    lake.merge("left", "main").await.unwrap();
    assert_eq!(lake.content("main").await, lake.content("left").await);
    let record = lake
        .engine
        .branch(&lake.repository, &branch("main"))
        .await
        .unwrap();
    assert!(record.sealed_tokens.is_empty());
}

#[tokio::test]
async fn commits_take_dates_and_stored_content() {
    let lake = Lake::new().await;
    let (engine, repository) = (&lake.engine, &lake.repository);
    let empty = CommitRequest {
        allow_empty: true,
        ..CommitRequest::default()
    };
    let commit = engine
        .commit(repository, &branch("main"), &empty)
        .await
        .unwrap();
    assert_eq!(
        commit.metarange.as_str(),
        "00fb7eff1a97c500eb3ca8d2ef5464131d6b6a5f9512e41eba97843522213b66"
    );
    lake.put("main", "a", "1").await;
    let dated = CommitRequest {
        date: Some(-5),
        ..CommitRequest::default()
    };
    let dated = engine
        .commit(repository, &branch("main"), &dated)
        .await
        .unwrap();
    assert_eq!(dated.created, Timestamp::from_seconds(-5));
    lake.branch_from("copy", "main~2").await;
    let stored = CommitRequest {
        source_metarange: Some(dated.metarange.clone()),
        ..CommitRequest::default()
    };
    lake.put("copy", "dirty", "1").await;
    let refused = engine.commit(repository, &branch("copy"), &stored).await;
    assert!(matches!(refused, Err(Error::MetaRangeDirtyBranch { .. })));
    engine
        .reset_branch(repository, &branch("copy"), false)
        .await
        .unwrap();
    engine
        .commit(repository, &branch("copy"), &stored)
        .await
        .unwrap();
    assert_eq!(lake.content("copy").await, lake.content("main").await);
    let unknown = CommitRequest {
        source_metarange: Some("11".repeat(32).parse().unwrap()),
        ..CommitRequest::default()
    };
    let refused = engine.commit(repository, &branch("copy"), &unknown).await;
    assert!(matches!(refused, Err(Error::MetaRangeNotFound { .. })));
}

#[tokio::test]
async fn ready_made_commits_are_checked() {
    let lake = Lake::new().await;
    lake.put("main", "a", "1").await;
    let parent = lake.commit("main", "c").await;
    let (engine, repository) = (&lake.engine, &lake.repository);
    let draft = CommitDraft {
        message: "made".into(),
        metarange: parent.metarange.clone(),
        parents: vec![parent.id.clone()],
        version: 1,
        ..CommitDraft::default()
    };
    let add = |draft: CommitDraft| {
        engine.add_commit(
            repository,
            AddCommit {
                draft,
                force: false,
            },
        )
    };
    let id = add(draft.clone()).await.unwrap();
    assert_eq!(add(draft.clone()).await.unwrap(), id);
    let stored = engine.commit_by_id(repository, &id).await.unwrap();
    assert_eq!(stored.generation, parent.generation + 1);
    let orphan = CommitDraft {
        parents: vec!["11".repeat(32).parse().unwrap()],
        ..draft.clone()
    };
    assert!(matches!(
        add(orphan).await,
        Err(Error::CommitNotFound { .. })
    ));
    let parentless = CommitDraft {
        parents: vec![],
        ..draft.clone()
    };
    assert!(matches!(
        add(parentless.clone()).await,
        Err(Error::InvalidCommit { .. })
    ));
    let record = |id, draft| engine.create_commit_record(repository, id, draft, false);
    assert!(matches!(
        record(&id, parentless.clone()).await,
        Err(Error::InvalidCommit { .. })
    ));
    record(&parentless.id(), parentless.clone()).await.unwrap();
    assert_eq!(
        lake.head(parentless.id().as_str()).await,
        parentless.id().as_str()
    );
}

#[tokio::test]
async fn the_log_filters() {
    let lake = Lake::new().await;
    for (file, message) in [
        ("a/1", "one"),
        ("b", "two"),
        ("a/2", "three"),
        ("a/1", "four"),
    ] {
        lake.put("main", file, message).await;
        lake.commit("main", message).await;
    }
    let log = async |request: LogRequest| messages(&lake, "main", request).await;
    let only = |objects: &[&str], prefixes: &[&str]| LogRequest {
        objects: objects.iter().map(|s| (*s).to_owned()).collect(),
        prefixes: prefixes.iter().map(|s| (*s).to_owned()).collect(),
        ..first(10)
    };
    let texts = |names: &[&str]| names.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    assert_eq!(log(first(2)).await, (texts(&["four", "three"]), true));
    let after = Some(reference("main~1"));
    assert_eq!(
        log(LogRequest { after, ..first(2) }).await,
        (texts(&["two", "one"]), true)
    );
    assert_eq!(
        log(only(&["a/1"], &[])).await,
        (texts(&["four", "one"]), false)
    );
    assert_eq!(
        log(only(&[], &["a/"])).await,
        (texts(&["four", "three", "one"]), false)
    );
    assert_eq!(
        log(only(&["b"], &["a/2"])).await,
        (texts(&["three", "two"]), false)
    );
    let limited = LogRequest {
        limit: true,
        amount: 1,
        ..only(&[], &["a/"])
    };
    assert_eq!(log(limited).await, (texts(&["four"]), false));
    let stop_at = Some(reference("main~2"));
    assert_eq!(
        log(LogRequest {
            stop_at,
            ..first(10)
        })
        .await,
        (texts(&["four", "three", "two"]), false)
    );
    let since = lake
        .engine
        .commit_of(&lake.repository, &reference("main~1"))
        .await
        .unwrap()
        .created;
    let since = LogRequest {
        since: Some(since),
        ..first(10)
    };
    assert_eq!(log(since).await, (texts(&["four", "three"]), false));
    lake.branch_from("dev", "main~1").await;
    lake.put("dev", "d", "1").await;
    lake.commit("dev", "side").await;
    lake.merge("dev", "main").await.unwrap();
    let straight = LogRequest {
        first_parent: true,
        ..first(2)
    };
    assert_eq!(
        log(straight).await,
        (texts(&["Merge 'dev' into 'main'", "four"]), true)
    );
    assert_eq!(log(first(2)).await.0, ["Merge 'dev' into 'main'", "side"]);
}

#[tokio::test]
async fn differences_compare_any_two_states() {
    use DiffType::{Added, Changed, Removed};
    let lake = Lake::new().await;
    for name in ["a", "b", "c/1", "c/2"] {
        lake.put("main", name, "1").await;
    }
    lake.commit("main", "base").await;
    lake.branch_from("dev", "main").await;
    lake.put("dev", "a", "2").await;
    lake.delete("dev", "b").await;
    lake.put("dev", "c/3", "1").await;
    lake.commit("dev", "dev").await;
    lake.put("main", "m", "1").await;
    lake.commit("main", "main").await;
    let own = |kinds: &[(&str, DiffType)]| {
        kinds
            .iter()
            .map(|(p, k)| ((*p).to_owned(), *k))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        lake.diff("main", "dev", RefDiff::TwoDot).await,
        own(&[
            ("a", Changed),
            ("b", Removed),
            ("c/3", Added),
            ("m", Removed)
        ])
    );
    let dev = own(&[("a", Changed), ("b", Removed), ("c/3", Added)]);
    assert_eq!(lake.diff("main", "dev", RefDiff::ThreeDot).await, dev);
    assert!(lake.diff("dev", "dev", RefDiff::ThreeDot).await.is_empty());
    // Staged changes on the right count with `$` only.
    lake.put("dev", "a", "1").await;
    lake.put("dev", "z", "1").await;
    lake.delete("dev", "c/3").await;
    lake.delete("dev", "c/1").await;
    assert_eq!(lake.diff("main", "dev", RefDiff::ThreeDot).await, dev);
    let staged = own(&[("b", Removed), ("c/1", Removed), ("z", Added)]);
    assert_eq!(lake.diff("main", "dev$", RefDiff::ThreeDot).await, staged);
    let staged = own(&[
        ("b", Removed),
        ("c/1", Removed),
        ("m", Removed),
        ("z", Added),
    ]);
    assert_eq!(lake.diff("main", "dev$", RefDiff::TwoDot).await, staged);
    let dollar = RefExpr::parse("dev$").unwrap();
    let refused = lake
        .engine
        .diff_refs(
            &lake.repository,
            &dollar,
            &reference("main"),
            RefDiff::TwoDot,
            &ListObjects::default(),
        )
        .await;
    assert!(matches!(refused, Err(Error::RefInvalid { .. })));
}

#[tokio::test]
async fn histories_part_at_their_best_common_ancestor() {
    let lake = Lake::new().await;
    lake.put("main", "a", "1").await;
    let fork = lake.commit("main", "fork").await;
    lake.branch_from("dev", "main").await;
    lake.put("dev", "d", "1").await;
    let dev = lake.commit("dev", "d").await;
    lake.put("main", "m", "1").await;
    lake.commit("main", "m").await;
    let base = async |source: &str, destination: &str| {
        let found = lake
            .engine
            .merge_base(
                &lake.repository,
                &reference(source),
                &reference(destination),
            )
            .await;
        found.unwrap().base.unwrap().id.clone()
    };
    assert_eq!(base("dev", "main").await, fork.id);
    assert_eq!(base("main", "main~1").await, fork.id);
    assert_eq!(base("dev", "dev").await, dev.id);
    lake.merge("dev", "main").await.unwrap();
    assert_eq!(base("dev", "main").await, dev.id);
    lake.engine
        .create_tag(&lake.repository, &tag("v1"), &reference("main"), false)
        .await
        .unwrap();
    assert_eq!(base("v1", "dev").await, dev.id);
    let unrelated = CommitDraft {
        message: "alone".into(),
        version: 1,
        ..CommitDraft::default()
    };
    let id = unrelated.id();
    lake.engine
        .create_commit_record(&lake.repository, &id, unrelated, false)
        .await
        .unwrap();
    let refused = lake.merge(id.as_str(), "main").await;
    assert!(
        matches!(refused, Err(Error::NoMergeBase { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn sixty_four_committers_of_one_branch_all_get_through() {
    let lake = Lake::new().await;
    let committers = (0..64).map(|n| {
        let lake = lake.clone();
        async move {
            lake.put("main", &format!("f{n}"), "x").await;
            match lake.try_commit("main", &format!("c{n}")).await {
                Ok(_) => 1,
                // Another one's commit took this file along.
                Err(Error::NoChanges) => 0,
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    let made: usize = futures_util::future::join_all(committers)
        .await
        .into_iter()
        .sum();
    assert_eq!(lake.content("main@").await.len(), 64);
    assert_eq!(messages(&lake, "main", first(100)).await.0.len(), made + 1);
}
