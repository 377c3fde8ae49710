//! Repositories, branches, tags, references.

use lakefs_types::StorageNamespace;
use lakefs_versioning::{
    CreateBranch, CreateRepository, Error, ListRefs, ProtectedAction, ProtectionRule,
};

use crate::support::{Lake, branch, create, reference, repository_id, tag, texts};

fn page(prefix: &str, after: &str, amount: usize) -> ListRefs {
    ListRefs {
        prefix: prefix.into(),
        after: after.into(),
        amount,
    }
}

#[tokio::test]
async fn a_new_repository_has_a_branch_with_an_empty_commit() {
    let lake = Lake::new().await;
    let head = lake
        .engine
        .commit_of(&lake.repository, &reference("main"))
        .await
        .unwrap();
    assert_eq!(
        (head.message.as_str(), head.generation),
        ("Repository created", 1)
    );
    assert!(head.metarange.is_empty() && head.parents.is_empty());
    assert!(lake.content("main").await.is_empty());
    assert!(lake.uncommitted("main").await.is_empty());
}

#[tokio::test]
async fn names_and_namespaces_are_taken_once() {
    let lake = Lake::new().await;
    let again = CreateRepository {
        id: repository_id("lake"),
        ..create("other")
    };
    let error = lake.engine.create_repository(&again).await.unwrap_err();
    assert!(matches!(error, Error::RepositoryExists { .. }), "{error:?}");
    let again = CreateRepository {
        id: repository_id("other"),
        ..create("lake")
    };
    let error = lake.engine.create_repository(&again).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "found lakeFS objects in the storage (:mem://bucket/lake) key(_lakefs/dummy): storage namespace already in use"
    );
    // A name that was refused leaves its namespace free.
    lake.engine
        .create_repository(&create("other"))
        .await
        .unwrap();
    let bare = CreateRepository {
        id: repository_id("bare"),
        bare: true,
        ..create("lake")
    };
    let bare = lake.engine.create_repository(&bare).await.unwrap();
    let branches = lake
        .engine
        .list_branches(&bare, &page("", "", 10), true)
        .await
        .unwrap();
    assert!(branches.items.is_empty());
}

/// What one repository collects as garbage or writes over could be the data of the other.
#[tokio::test]
async fn namespaces_do_not_lie_among_the_objects_of_others() {
    let lake = Lake::new().await;
    let at = |name: &str, url: &str| CreateRepository {
        namespace: StorageNamespace::new(url).unwrap(),
        ..create(name)
    };
    for overlapping in [
        "mem://bucket/lake/data",
        "mem://bucket/lake/data/",
        "mem://bucket/lake/data/inner",
        "mem://bucket/lake/_lakefs/inner",
    ] {
        let refused = lake.engine.create_repository(&at("new", overlapping)).await;
        let error = refused.unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("storage namespace already in use"),
            "{overlapping}: {error}"
        );
    }
    // Beside the objects of one further out, neighbours whose names begin alike, other buckets.
    for (name, apart) in [
        ("inner", "mem://bucket/lake/inner"),
        ("outer", "mem://bucket"),
        ("one", "mem://bucket/lake2"),
        ("two", "mem://buck"),
        ("deep", "mem://deep/data/lake"),
    ] {
        let made = lake.engine.create_repository(&at(name, apart)).await;
        made.unwrap();
    }
    // Its objects would lie around those of `deep`.
    let around = at("around", "mem://deep");
    assert!(lake.engine.create_repository(&around).await.is_err());
    // What only reads, or is restored into, may look at any place.
    let read_only = CreateRepository {
        read_only: true,
        ..at("reads", "mem://bucket/lake/data/inner")
    };
    lake.engine.create_repository(&read_only).await.unwrap();
    let bare = CreateRepository {
        bare: true,
        ..at("bare", "mem://bucket/lake/data/other")
    };
    lake.engine.create_repository(&bare).await.unwrap();
    // Those that are there already stay as they are.
    lake.put("main", "a", "1").await;
    lake.commit("main", "goes on").await;
}

#[tokio::test]
async fn repositories_are_listed_in_pages() {
    let lake = Lake::new().await;
    for name in ["aaa", "bbb", "lab"] {
        lake.engine.create_repository(&create(name)).await.unwrap();
    }
    let names = async |list: &ListRefs, search: &str| {
        let page = lake.engine.list_repositories(list, search).await.unwrap();
        let names: Vec<String> = page.sound().map(|r| r.id.to_string()).collect();
        (names.join(" "), page.has_more)
    };
    assert_eq!(
        names(&page("", "", 10), "").await,
        ("aaa bbb lab lake".into(), false)
    );
    assert_eq!(
        names(&page("", "aaa", 2), "").await,
        ("bbb lab".into(), true)
    );
    assert_eq!(
        names(&page("la", "", 2), "").await,
        ("lab lake".into(), false)
    );
    assert_eq!(
        names(&page("", "", 10), "b").await,
        ("bbb lab".into(), false)
    );
    assert_eq!(names(&page("", "", 0), "").await, (String::new(), true));
}

#[tokio::test]
async fn a_deleted_repository_is_gone_with_everything_it_had() {
    let lake = Lake::new().await;
    lake.put("main", "a", "1").await;
    lake.commit("main", "c").await;
    lake.put("main", "b", "2").await;
    lake.engine
        .set_repository_metadata(&lake.repository, &texts([("k", "v")]), false)
        .await
        .unwrap();
    lake.engine
        .delete_repository(&lake.repository.id, false)
        .await
        .unwrap();
    let error = lake
        .engine
        .repository(&lake.repository.id)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::RepositoryNotFound { .. }),
        "{error:?}"
    );
    lake.engine.clean_dropped().await.unwrap();
    // Nothing refers to it, nothing is left of it: a new one starts afresh.
    let bare = CreateRepository {
        bare: true,
        ..create("lake")
    };
    let new = lake.engine.create_repository(&bare).await.unwrap();
    assert_ne!(new.instance_uid, lake.repository.instance_uid);
    let branches = lake
        .engine
        .list_branches(&lake.repository, &page("", "", 10), true)
        .await
        .unwrap();
    assert!(branches.items.is_empty());
    let error = lake
        .engine
        .delete_repository(&repository_id("nope"), false)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::RepositoryNotFound { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_read_only_repository_changes_only_by_force() {
    let lake = Lake::new().await;
    let request = CreateRepository {
        read_only: true,
        ..create("fixed")
    };
    let repository = lake.engine.create_repository(&request).await.unwrap();
    let (main, options) = (reference("main"), CreateBranch::default());
    let create = |options| {
        let (engine, repository, main) = (&lake.engine, &repository, &main);
        async move {
            engine
                .create_branch(repository, &branch("dev"), main, &options)
                .await
        }
    };
    assert!(matches!(create(options).await, Err(Error::ReadOnly { .. })));
    create(CreateBranch {
        force: true,
        hidden: false,
    })
    .await
    .unwrap();
    let tagged = lake
        .engine
        .create_tag(&repository, &tag("v1"), &main, false)
        .await;
    assert!(matches!(tagged, Err(Error::ReadOnly { .. })));
    let deleted = lake.engine.delete_repository(&repository.id, false).await;
    assert!(matches!(deleted, Err(Error::ReadOnly { .. })));
    lake.engine
        .delete_repository(&repository.id, true)
        .await
        .unwrap();
}

#[tokio::test]
async fn branches_and_tags_share_one_space_of_names() {
    let lake = Lake::new().await;
    let (engine, repository, main) = (&lake.engine, &lake.repository, reference("main"));
    lake.branch_from("dev", "main").await;
    engine
        .create_tag(repository, &tag("v1"), &main, false)
        .await
        .unwrap();
    let options = CreateBranch::default();
    let text = |error: Error| error.to_string();
    let create = async |name: &str| {
        engine
            .create_branch(repository, &branch(name), &main, &options)
            .await
            .map_err(text)
    };
    assert_eq!(
        create("dev").await.unwrap_err(),
        "branch already exists: not unique"
    );
    assert_eq!(create("v1").await.unwrap_err(), "tag ID v1: conflict found");
    let id = lake.head("main").await;
    assert_eq!(
        create(&id).await.unwrap_err(),
        format!("commit ID {id}: conflict found")
    );
    let create = async |name: &str| {
        engine
            .create_tag(repository, &tag(name), &main, false)
            .await
            .map_err(text)
    };
    assert_eq!(
        create("v1").await.unwrap_err(),
        "tag already exists: not unique"
    );
    assert_eq!(
        create("dev").await.unwrap_err(),
        "branch name dev: conflict found"
    );
    assert_eq!(
        create(&id).await.unwrap_err(),
        format!("commit ID {id}: conflict found")
    );
    let missing = engine
        .create_tag(repository, &tag("v2"), &reference("nope"), false)
        .await;
    assert_eq!(text(missing.unwrap_err()), "not found");
    engine
        .delete_tag(repository, &tag("v1"), false)
        .await
        .unwrap();
    let gone = engine.delete_tag(repository, &tag("v1"), false).await;
    assert_eq!(text(gone.unwrap_err()), "tag not found");
}

#[tokio::test]
async fn hidden_branches_are_shown_on_request() {
    let lake = Lake::new().await;
    let options = CreateBranch {
        hidden: true,
        force: false,
    };
    lake.engine
        .create_branch(
            &lake.repository,
            &branch("hid"),
            &reference("main"),
            &options,
        )
        .await
        .unwrap();
    lake.branch_from("old", "main").await;
    let names = async |list: &ListRefs, hidden: bool| {
        let page = lake
            .engine
            .list_branches(&lake.repository, list, hidden)
            .await
            .unwrap();
        let names: Vec<String> = page.sound().map(|b| b.id.to_string()).collect();
        (names.join(" "), page.has_more)
    };
    assert_eq!(
        names(&page("", "", 10), false).await,
        ("main old".into(), false)
    );
    assert_eq!(
        names(&page("", "", 10), true).await,
        ("hid main old".into(), false)
    );
    assert_eq!(names(&page("", "", 1), false).await, ("main".into(), true));
    assert_eq!(names(&page("o", "", 10), true).await, ("old".into(), false));
}

#[tokio::test]
async fn the_default_branch_stays_and_a_deleted_one_goes() {
    let lake = Lake::new().await;
    lake.branch_from("dev", "main").await;
    lake.put("dev", "a", "1").await;
    let delete = async |name: &str| {
        let deleted = lake
            .engine
            .delete_branch(&lake.repository, &branch(name), false)
            .await;
        deleted.map_err(|error| error.to_string())
    };
    assert_eq!(
        delete("main").await.unwrap_err(),
        "cannot delete repository default branch"
    );
    delete("dev").await.unwrap();
    assert_eq!(delete("dev").await.unwrap_err(), "branch not found");
    let error = lake.try_put("dev", "a", "1").await.unwrap_err();
    assert!(matches!(error, Error::BranchNotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn references_resolve_in_order_and_walk_back() {
    let lake = Lake::new().await;
    let first = lake.head("main").await;
    lake.put("main", "a", "1").await;
    let second = lake.commit("main", "second").await.id.to_string();
    lake.engine
        .create_tag(&lake.repository, &tag("v1"), &reference("main~1"), false)
        .await
        .unwrap();
    for (text, expected) in [
        ("main", &second),
        ("main@", &second),
        ("main~0", &second),
        ("main^0", &second),
        ("main~", &first),
        ("main^", &first),
        ("main^1~0", &first),
        ("v1", &first),
        (second.as_str(), &second),
        (&second[..7], &second),
        (&format!("{}~1", &second[..7]), &first),
    ] {
        assert_eq!(&lake.head(text).await, expected, "{text}");
    }
    let fail = async |text: &str| {
        lake.engine
            .commit_of(&lake.repository, &reference(text))
            .await
            .unwrap_err()
            .to_string()
    };
    for missing in [
        "nope",
        "nope@",
        "main~2",
        "main~99",
        "MAIN",
        &second[..7].to_uppercase(),
    ] {
        assert_eq!(fail(missing).await, "not found", "{missing}");
    }
    for invalid in ["main^2", "v1@", "main$", "v1$", &format!("{second}@")] {
        assert_eq!(
            fail(invalid).await,
            "ref: invalid value: validation error",
            "{invalid}"
        );
    }
    let unknown = "0".repeat(64);
    assert_eq!(fail(&unknown).await, "not found");
}

#[tokio::test]
async fn an_ambiguous_prefix_is_not_found_and_says_so() {
    let lake = Lake::new().await;
    let mut ids = vec![lake.head("main").await];
    for n in 0..40 {
        lake.put("main", "a", &n.to_string()).await;
        ids.push(lake.commit("main", "c").await.id.to_string());
    }
    let prefix = ids
        .iter()
        .map(|id| &id[..1])
        .find(|prefix| ids.iter().filter(|id| id.starts_with(prefix)).count() > 1)
        .unwrap();
    let error = lake
        .engine
        .commit_of(&lake.repository, &reference(prefix))
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::RefAmbiguous { .. }) && error.is_not_found(),
        "{error:?}"
    );
    for id in &ids {
        assert_eq!(&lake.head(&id[..20]).await, id);
    }
}

#[tokio::test]
async fn protected_branches_refuse_direct_changes() {
    let lake = Lake::new().await;
    let (engine, repository) = (&lake.engine, &lake.repository);
    let rules = [ProtectionRule {
        pattern: "ma*".to_owned(),
        blocked: vec![ProtectedAction::StagingWrite, ProtectedAction::Commit],
    }];
    assert_eq!(
        engine.protection_rules(repository).await.unwrap().checksum,
        ""
    );
    engine
        .set_protection_rules(repository, &rules, Some(""))
        .await
        .unwrap();
    let stored = engine.protection_rules(repository).await.unwrap();
    assert_eq!(stored.rules, rules);
    assert_eq!(stored.checksum.len(), 64);
    // Seen at once by the server that changed them.
    let error = lake.try_put("main", "a", "1").await.unwrap_err();
    assert_eq!(error.to_string(), "cannot write to protected branch");
    let error = lake.try_commit("main", "c").await.unwrap_err();
    assert_eq!(error.to_string(), "cannot commit to protected branch");
    for stale in ["", "abc"] {
        let refused = engine
            .set_protection_rules(repository, &[], Some(stale))
            .await;
        assert!(matches!(refused, Err(Error::PreconditionFailed)));
    }
    let bad = [ProtectionRule {
        pattern: "[".to_owned(),
        blocked: vec![],
    }];
    assert!(matches!(
        engine.set_protection_rules(repository, &bad, None).await,
        Err(Error::Invalid { .. })
    ));
    // A merge is how a protected branch changes.
    lake.branch_from("dev", "main").await;
    lake.put("dev", "a", "1").await;
    lake.commit("dev", "c").await;
    lake.merge("dev", "main").await.unwrap();
    engine
        .set_protection_rules(repository, &[], Some(&stored.checksum))
        .await
        .unwrap();
    lake.put("main", "a", "2").await;
}

#[tokio::test]
async fn repository_metadata_is_a_map() {
    let lake = Lake::new().await;
    let (engine, repository) = (&lake.engine, &lake.repository);
    engine
        .set_repository_metadata(repository, &texts([("a", "1"), ("b", "")]), false)
        .await
        .unwrap();
    engine
        .set_repository_metadata(repository, &texts([("a", "2"), ("c", "3")]), false)
        .await
        .unwrap();
    engine
        .delete_repository_metadata(repository, &["c".into(), "x".into()], false)
        .await
        .unwrap();
    assert_eq!(
        engine.repository_metadata(repository).await.unwrap(),
        texts([("a", "2"), ("b", "")])
    );
}

#[tokio::test]
async fn a_namespace_of_an_old_server_is_taken_too() {
    use lakefs_block::{Address, BlockStore as _, PutBody, PutOptions};
    let lake = Lake::new().await;
    let request = create("old");
    let at = lake
        .blocks
        .locate(&request.namespace, Address::Relative("dummy"))
        .unwrap();
    lake.blocks
        .put(&at, PutBody::from_bytes("x"), &PutOptions::default())
        .await
        .unwrap();
    let error = lake.engine.create_repository(&request).await.unwrap_err();
    assert!(
        matches!(error, Error::NamespaceInUse { key: "dummy", .. }),
        "{error:?}"
    );
}
