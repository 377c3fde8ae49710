//! A branch that a revert leaves with nothing at all: its commit names no table, as the stored format has it
//! for a merge whose destination equals the base (docs/format/records.md), and as a repository's
//! first commit does. Everything that reads a commit takes it.

use lakefs_versioning::{CommitRequest, DiffType, Error, LogRequest, RefDiff};

use crate::support::{Lake, branch, reference};

#[tokio::test]
async fn a_commit_without_a_table_is_a_commit_like_others() {
    let lake = Lake::new().await;
    lake.put("main", "a", "1").await;
    lake.put("main", "b", "1").await;
    let first = lake.commit("main", "first").await;
    let emptied = lake.revert("main", "main", 0).await.unwrap();
    assert!(emptied.metarange.is_empty());
    assert_eq!(emptied.parents, std::slice::from_ref(&first.id));

    // Another server reads the same from the stores.
    for server in [lake.clone(), lake.second_server().await] {
        assert!(server.content("main").await.is_empty());
        assert_eq!(server.read("main", "a").await, None);
        assert_eq!(server.uncommitted("main").await, []);
        let all = |kind| [("a".to_owned(), kind), ("b".to_owned(), kind)];
        for which in [RefDiff::TwoDot, RefDiff::ThreeDot] {
            assert_eq!(
                server.diff("main~1", "main", which).await,
                all(DiffType::Removed)
            );
        }
        assert_eq!(
            server.diff("main", "main~1", RefDiff::TwoDot).await,
            all(DiffType::Added)
        );
        assert_eq!(
            server.diff("main", "main~2", RefDiff::TwoDot).await,
            [],
            "the repository's first commit"
        );
        let log = LogRequest {
            objects: vec!["a".to_owned()],
            amount: 10,
            ..LogRequest::default()
        };
        let page = server
            .engine
            .log(&server.repository, &reference("main"), &log)
            .await
            .unwrap();
        let ids: Vec<_> = page.commits.iter().map(|commit| &commit.id).collect();
        assert_eq!(ids, [&emptied.id, &first.id]);
    }

    // Nothing is left to take back; the revert itself can be.
    let again = lake.revert("main", first.id.as_str(), 0).await;
    assert!(matches!(again, Err(Error::NoChanges)), "{again:?}");
    let restored = lake.revert("main", "main", 0).await.unwrap();
    assert_eq!(restored.metarange, first.metarange);

    // Branches from it, commits on it, merges out of it and into it.
    let at = emptied.id.as_str();
    lake.branch_from("dev", at).await;
    let nothing = lake.try_commit("dev", "nothing").await;
    assert!(matches!(nothing, Err(Error::NoChanges)), "{nothing:?}");
    let request = CommitRequest {
        committer: "tester".to_owned(),
        message: "empty".to_owned(),
        allow_empty: true,
        ..CommitRequest::default()
    };
    lake.engine
        .commit(&lake.repository, &branch("dev"), &request)
        .await
        .unwrap();
    assert!(lake.content("dev").await.is_empty());
    lake.put("dev", "c", "1").await;
    lake.delete("dev", "a").await;
    lake.commit("dev", "on it").await;
    assert_eq!(
        lake.content("dev").await,
        [("c".to_owned(), "1".to_owned())].into()
    );
    lake.merge("main", "dev").await.unwrap();
    assert_eq!(lake.content("dev").await.len(), 3);
    lake.branch_from("other", at).await;
    lake.merge("dev", "other").await.unwrap();
    assert_eq!(lake.content("other").await, lake.content("dev").await);
    lake.branch_from("reset", "main").await;
    lake.engine
        .hard_reset(&lake.repository, &branch("reset"), &reference(at), false)
        .await
        .unwrap();
    assert!(lake.content("reset").await.is_empty());
}
