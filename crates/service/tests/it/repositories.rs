//! Repositories: settings, samples, tables.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use lakefs_kv::KvStore as _;
use lakefs_service::{
    CreateRepository, ErrorKind, GcRules, LogCommits, PageRequest, TableKind, TableOutcome,
};
use lakefs_testkit::repository;

use crate::support::{REPO, lake, lake_with_repository, message, status};

/// What is damaged is listed by its name alone, for left out it would seem not to exist.
#[tokio::test]
async fn damaged_records_are_listed_without_what_they_say() {
    let lake = lake_with_repository().await;
    lake.branch("dev", "main").await.unwrap();
    let (service, admin) = (&lake.service, &lake.admin);
    let made = service.create_tag(admin, REPO, "v1", "main", false).await;
    made.unwrap();
    let page = PageRequest::default();
    let instance = {
        let raw = lake.kv.get(b"graveler", b"repos/conform").await.unwrap();
        let raw = raw.unwrap();
        // Field 6, 20 characters.
        let at = raw.windows(2).position(|two| two == [0x32, 20]).unwrap();
        String::from_utf8(raw[at + 2..at + 22].to_vec()).unwrap()
    };
    let partition = format!("{REPO}-{instance}").into_bytes();
    let damaged = b"\x0a\xff";
    for key in [&b"branches/dev"[..], b"tags/v1"] {
        assert!(lake.kv.get(&partition, key).await.unwrap().is_some());
        lake.kv.set(&partition, key, damaged).await.unwrap();
    }
    lake.kv
        .set(b"graveler", b"repos/aaa", damaged)
        .await
        .unwrap();

    let branches = service.list_branches(admin, REPO, page, false).await;
    let branches = branches.unwrap().results;
    let shown: Vec<_> = branches
        .iter()
        .map(|found| (found.id.as_str(), found.commit_id.is_empty()))
        .collect();
    assert_eq!(shown, [("dev", true), ("main", false)]);
    let tags = service.list_tags(admin, REPO, page).await.unwrap().results;
    assert!(tags[0].id == "v1" && tags[0].commit_id.is_empty());
    let first = PageRequest {
        amount: Some(1),
        ..page
    };
    let repositories = service.list_repositories(admin, first, "").await.unwrap();
    assert_eq!(repositories.next_offset, "aaa");
    assert!(repositories.results[0].storage_namespace.is_empty());

    let named = |text: String, record| assert!(text.contains(record), "{text}");
    let failed = service.get_branch(admin, REPO, "dev").await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Internal);
    named(failed.message().to_owned(), "branch dev");
    let failed = service.get_tag(admin, REPO, "v1").await.unwrap_err();
    named(failed.message().to_owned(), "tag v1");
    let failed = service.get_repository(admin, "aaa").await.unwrap_err();
    named(failed.message().to_owned(), "repository aaa");
    service
        .delete_branch(admin, REPO, "dev", false)
        .await
        .unwrap();
    service.delete_tag(admin, REPO, "v1", false).await.unwrap();
    service.delete_repository(admin, "aaa", true).await.unwrap();
    service.ready().await.unwrap();
}

#[tokio::test]
async fn repositories_are_listed_by_page_and_search() {
    let lake = lake().await;
    for name in ["aaa", "bab", "bbb"] {
        lake.create(name).await.unwrap();
    }
    let list = async |page, search| {
        let found = lake
            .service
            .list_repositories(&lake.admin, page, search)
            .await
            .unwrap();
        let names: Vec<_> = found.results.into_iter().map(|found| found.id).collect();
        (names.join(" "), found.next_offset)
    };
    let all = PageRequest::default();
    assert_eq!(
        list(all, "").await,
        ("aaa bab bbb".to_owned(), String::new())
    );
    assert_eq!(list(all, "a").await, ("aaa bab".to_owned(), String::new()));
    let two = PageRequest {
        amount: Some(2),
        ..all
    };
    assert_eq!(
        list(two, "").await,
        ("aaa bab".to_owned(), "bab".to_owned())
    );
    let rest = PageRequest {
        after: "bab",
        ..all
    };
    assert_eq!(list(rest, "").await, ("bbb".to_owned(), String::new()));
}

#[tokio::test]
async fn a_bad_default_branch_or_storage_is_refused_before_anything_is_made() {
    let lake = lake().await;
    let request = repository("any", "local://any");
    for bad in [
        CreateRepository {
            default_branch: Some("a/b"),
            ..request
        },
        CreateRepository {
            storage_id: "second",
            ..request
        },
        CreateRepository {
            storage_namespace: "nothing",
            ..request
        },
        CreateRepository {
            storage_namespace: "local://../up",
            ..request
        },
    ] {
        let refused = lake.service.create_repository(&lake.admin, bad).await;
        assert_eq!(status(&refused.unwrap_err()), 400, "{bad:?}");
    }
    lake.service
        .create_repository(&lake.admin, request)
        .await
        .unwrap();
}

#[tokio::test]
async fn protection_rules_change_by_compare_and_swap() {
    let lake = lake_with_repository().await;
    let (service, admin) = (&lake.service, &lake.admin);
    let set = |patterns: &[&str], if_match| {
        let patterns = patterns.iter().map(|&text| text.to_owned()).collect();
        service.set_branch_protection_rules(admin, REPO, patterns, if_match)
    };
    let none = service
        .get_branch_protection_rules(admin, REPO)
        .await
        .unwrap();
    assert_eq!((none.patterns.len(), none.etag.as_str()), (0, ""));
    set(&["z*", "a?"], Some("")).await.unwrap();
    assert_eq!(message(set(&[], Some("")).await), "Precondition failed");
    let some = service
        .get_branch_protection_rules(admin, REPO)
        .await
        .unwrap();
    assert_eq!(some.patterns, ["a?", "z*"]);
    assert_eq!(some.etag.len(), 64);
    let quoted = format!("\"{}\"", some.etag);
    set(&["main"], Some(&quoted)).await.unwrap();
    let blocked = lake.put("main", "x", b"x").await.unwrap_err();
    assert_eq!(
        (blocked.kind(), blocked.message()),
        (ErrorKind::Forbidden, "cannot write to protected branch")
    );
    assert_eq!(status(&set(&[""], None).await.unwrap_err()), 400);
    set(&[], None).await.unwrap();
    lake.put("main", "x", b"x").await.unwrap();
}

#[tokio::test]
async fn gc_rules_are_an_object_that_is_emptied_when_they_go() {
    let lake = lake_with_repository().await;
    let (service, admin) = (&lake.service, &lake.admin);
    let rules = GcRules {
        default_retention_days: 7,
        branches: BTreeMap::from([("main".to_owned(), 9)]),
    };
    service
        .set_gc_rules(admin, REPO, rules.clone())
        .await
        .unwrap();
    assert_eq!(service.get_gc_rules(admin, REPO).await.unwrap(), rules);
    let path = lake
        .directory
        .path()
        .join("conform/_lakefs/retention/gc/rules/config.json");
    assert_eq!(
        hex::encode(std::fs::read(&path).unwrap()),
        "080712080a046d61696e1009"
    );
    service.delete_gc_rules(admin, REPO).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"");
    assert_eq!(
        message(service.get_gc_rules(admin, REPO).await),
        "not found"
    );
    std::fs::write(&path, b"\xff\xff").unwrap();
    let damaged = service.get_gc_rules(admin, REPO).await.unwrap_err();
    assert_eq!(damaged.kind(), ErrorKind::Internal);
    let negative = GcRules {
        default_retention_days: -1,
        ..GcRules::default()
    };
    let refused = service.set_gc_rules(admin, REPO, negative).await;
    assert_eq!(status(&refused.unwrap_err()), 400);
}

#[tokio::test]
async fn read_only_repositories_keep_their_settings() {
    let lake = lake().await;
    let request = CreateRepository {
        read_only: true,
        ..repository(REPO, "local://conform")
    };
    let (service, admin) = (&lake.service, &lake.admin);
    service.create_repository(admin, request).await.unwrap();
    let outcomes = [
        service.set_gc_rules(admin, REPO, GcRules::default()).await,
        service.delete_gc_rules(admin, REPO).await,
        service
            .set_branch_protection_rules(admin, REPO, Vec::new(), None)
            .await,
    ];
    for outcome in outcomes {
        assert_eq!(message(outcome), "read-only repository");
    }
}

#[tokio::test]
async fn metadata_is_set_and_removed_by_key() {
    let lake = lake_with_repository().await;
    let (service, admin) = (&lake.service, &lake.admin);
    let pairs = |keys: &[&str]| {
        let pair = |key: &&str| ((*key).to_owned(), "v".to_owned());
        keys.iter().map(pair).collect::<BTreeMap<_, _>>()
    };
    service
        .set_repository_metadata(admin, REPO, pairs(&["a", "b"]))
        .await
        .unwrap();
    service
        .set_repository_metadata(admin, REPO, pairs(&["c"]))
        .await
        .unwrap();
    let keys = vec!["a".to_owned(), "nope".to_owned()];
    service
        .delete_repository_metadata(admin, REPO, keys)
        .await
        .unwrap();
    let left = service.get_repository_metadata(admin, REPO).await.unwrap();
    assert_eq!(left, pairs(&["b", "c"]));
    let refused = service
        .set_repository_metadata(admin, REPO, pairs(&[""]))
        .await;
    assert_eq!(status(&refused.unwrap_err()), 400);
}

#[tokio::test]
async fn the_sample_repository_has_one_commit_more_and_a_protected_branch() {
    let lake = lake().await;
    let (service, admin) = (&lake.service, &lake.admin);
    let made = service
        .create_sample_repository(admin, REPO, "local://conform")
        .await
        .unwrap();
    assert_eq!(made.default_branch, "main");
    let log = LogCommits {
        repository: REPO,
        reference: "main",
        ..LogCommits::default()
    };
    let log = service.log_commits(admin, log).await.unwrap();
    assert_eq!(log.results.len(), 2);
    assert_eq!(log.results[0].committer(), "admin");
    let parquet = lake.read("main", "orchard/weather.parquet").await.unwrap();
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    assert!(
        lake.read("main", "README.md")
            .await
            .unwrap()
            .starts_with(b"# An orchard")
    );
    assert_eq!(status(&lake.put("main", "x", b"x").await.unwrap_err()), 403);
    lake.branch("work", "main").await.unwrap();
    lake.put("work", "x", b"x").await.unwrap();
}

#[tokio::test]
async fn tables_are_told_by_place_and_read_by_identifier() {
    let lake = lake_with_repository().await;
    let (service, admin) = (&lake.service, &lake.admin);
    lake.put("main", "x", b"x").await.unwrap();
    lake.commit("main", "one").await.unwrap();
    let head = service.get_commit(admin, REPO, "main").await.unwrap();
    let id = head.meta_range_id();
    let kind = TableKind::MetaRange;
    let place = service
        .get_table_location(admin, REPO, kind, id)
        .await
        .unwrap();
    assert_eq!(place, format!("_lakefs/{id}"));
    let read = |id| service.get_metadata_object(admin, REPO, kind, id, false);
    let TableOutcome::Content { length, mut stream } = read(id).await.unwrap() else {
        panic!("a local store has no URLs");
    };
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk.unwrap());
    }
    assert_eq!(bytes.len() as u64, length);
    for missing in ["zzz", "dummy", "../conform/_lakefs/dummy", &"0".repeat(64)] {
        assert_eq!(message(read(missing).await), "not found", "{missing}");
    }
}
