//! Refusals against the conversation recorded from lakeFS: same status, same text, step by step.
//! Skipped where the recordings are not there.

use std::collections::{BTreeMap, BTreeSet};

use lakefs_service::{
    Caller, CherryPick, CommitOverrides, CopyObject, CreateBranch, CreateRepository, DeleteObjects,
    DiffRefs, LogCommits, Merge, MultipartTarget, PageRequest, Result, RevertBranch, SetupRequest,
    StageObject, StatObject,
};
use lakefs_testkit::{KEY, repository};

use crate::support::{Lake, REPO, body, commit, get, lake, status, upload};

struct Recordings {
    steps: BTreeMap<String, (u16, String)>,
    held: BTreeSet<String>,
    different: Vec<String>,
    replace: Vec<(String, String)>,
}

impl Recordings {
    fn load() -> Option<Self> {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/conformance/api.jsonl"
        );
        let text = std::fs::read_to_string(path).ok()?;
        let steps = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|step| {
                let status = u16::try_from(step["status"].as_u64().unwrap()).unwrap();
                let message = step["body"]["message"].as_str().unwrap_or("").to_owned();
                (step["name"].as_str().unwrap().to_owned(), (status, message))
            })
            .collect();
        Some(Self {
            steps,
            held: BTreeSet::new(),
            different: Vec::new(),
            replace: Vec::new(),
        })
    }

    /// Values that vary by run become `<name>`, as in the recordings.
    fn save(&mut self, name: &str, value: &str) {
        self.replace.push((value.to_owned(), format!("<{name}>")));
    }

    /// The step failed as it failed there.
    fn same<T: std::fmt::Debug>(&mut self, step: &str, outcome: Result<T>) {
        let error = outcome.expect_err(step);
        let mut message = error.message().to_owned();
        for (value, name) in &self.replace {
            message = message.replace(value, name);
        }
        let (recorded, text) = &self.steps[step];
        if (status(&error), message.as_str()) != (*recorded, text.as_str()) {
            self.different.push(format!(
                "{step}: {} {message:?} for {recorded} {text:?}",
                status(&error)
            ));
        }
        self.held.insert(step.to_owned());
    }
}

async fn stat(lake: &Lake, reference: &str, path: &str, presign: bool) -> Result<()> {
    let request = StatObject {
        repository: REPO,
        reference,
        path,
        user_metadata: true,
        presign,
    };
    let found = lake.service.stat_object(&lake.admin, request).await;
    found.map(|_| ())
}

#[tokio::test]
async fn refusals_are_the_recorded_ones() {
    let Some(mut recorded) = Recordings::load() else {
        println!("skipped: recordings are not there");
        return;
    };
    let lake = lake().await;
    recorded
        .replace
        .push(("local://conform".to_owned(), "<ns>/conform".to_owned()));
    accounts(&lake, &mut recorded).await;
    repositories(&lake, &mut recorded).await;
    objects(&lake, &mut recorded).await;
    commits_and_references(&lake, &mut recorded).await;
    branches_and_tags(&lake, &mut recorded).await;
    merges(&lake, &mut recorded).await;
    settings(&lake, &mut recorded).await;
    assert!(recorded.different.is_empty(), "{:#?}", recorded.different);
    assert!(recorded.held.len() > 60, "{}", recorded.held.len());
}

async fn accounts(lake: &Lake, recorded: &mut Recordings) {
    let Lake { service, admin, .. } = lake;
    let nobody = Caller::anonymous("1");
    let again = SetupRequest {
        username: "x".to_owned(),
        ..SetupRequest::default()
    };
    recorded.same("setup-again", service.setup(&nobody, again).await);
    let page = PageRequest::default();
    recorded.same(
        "no-auth",
        service.list_repositories(&nobody, page, "").await,
    );
    let bad = lakefs_service::Presented::Basic {
        access_key_id: KEY,
        secret_access_key: "nope",
    };
    recorded.same("bad-auth", service.authenticate(bad).await);
    let bad = lakefs_service::Presented::Bearer("abc");
    recorded.same("bad-bearer", service.authenticate(bad).await);
    recorded.same("login-bad", service.login(&nobody, KEY, "x").await);
    let listed = service.list_user_credentials(admin, "admin", page).await;
    recorded.same("credentials-list", listed);
}

async fn repositories(lake: &Lake, recorded: &mut Recordings) {
    let Lake { service, admin, .. } = lake;
    lake.create(REPO).await.unwrap();
    let create = |request| service.create_repository(admin, request);
    recorded.same(
        "repo-create-again",
        create(repository(REPO, "local://conform2")).await,
    );
    recorded.same(
        "repo-namespace-in-use",
        create(repository("conform-b", "local://conform")).await,
    );
    recorded.same(
        "repo-other-scheme",
        create(repository("scheme", "s3://b/p")).await,
    );
    recorded.same(
        "repo-get-missing",
        service.get_repository(admin, "nothere").await,
    );
    recorded.same(
        "repo-get-bad-name",
        service.get_repository(admin, "No_There").await,
    );
    let read_only = CreateRepository {
        read_only: true,
        ..repository("conform-ro", "local://ro")
    };
    create(read_only).await.unwrap();
    let mut put = upload("main", "a");
    put.repository = "conform-ro";
    let put = service
        .upload_object(admin, put, || async { Ok(body(b"x")) })
        .await;
    recorded.same("ro-put", put);
    let branch = CreateBranch {
        repository: "conform-ro",
        name: "x",
        source: "main",
        hidden: false,
        force: false,
    };
    recorded.same("ro-branch", service.create_branch(admin, branch).await);
    let tag = service
        .create_tag(admin, "conform-ro", "x", "main", false)
        .await;
    recorded.same("ro-tag", tag);
    recorded.same("commit-nothing", lake.commit("main", "nothing").await);
}

async fn objects(lake: &Lake, recorded: &mut Recordings) {
    let Lake { service, admin, .. } = lake;
    lake.put("main", "a/plain.txt", b"hello").await.unwrap();
    let long: &'static str = "p".repeat(1025).leak();
    recorded.same("put-path-1025", lake.put("main", long, b"x").await);
    recorded.same("put-no-branch", lake.put("nope", "x", b"x").await);
    recorded.same("put-tag", lake.put("v1", "x", b"x").await);
    let mut request = upload("main", "x");
    request.repository = "nothere";
    let put = service
        .upload_object(admin, request, || async { Ok(body(b"x")) })
        .await;
    recorded.same("put-no-repo", put);
    for (step, condition) in [
        ("put-if-none-match", "*"),
        ("put-if-none-match-etag", "\"abc\""),
    ] {
        let mut request = upload("main", "a/plain.txt");
        request.if_none_match = Some(condition);
        let put = service
            .upload_object(admin, request, || async { Ok(body(b"x")) })
            .await;
        recorded.same(step, put);
    }
    recorded.same(
        "get-missing",
        service.get_object(admin, get("main", "zzz")).await,
    );
    recorded.same(
        "get-missing-ref",
        service.get_object(admin, get("nope", "a")).await,
    );
    recorded.same("stat-missing", stat(lake, "main", "zzz", false).await);
    recorded.same(
        "stat-presign",
        stat(lake, "main", "a/plain.txt", true).await,
    );
    changes_of_objects(lake, recorded).await;
}

async fn changes_of_objects(lake: &Lake, recorded: &mut Recordings) {
    let Lake { service, admin, .. } = lake;
    let update = service
        .update_object_user_metadata(admin, REPO, "main", "zzz", BTreeMap::new())
        .await;
    recorded.same("meta-update-missing", update);
    let list = lakefs_service::ListObjects {
        repository: REPO,
        reference: "nope",
        page: PageRequest::default(),
        delimiter: "",
        user_metadata: true,
        presign: false,
    };
    recorded.same("ls-missing-ref", service.list_objects(admin, list).await);
    let copy = CopyObject {
        repository: REPO,
        branch: "main",
        dest_path: "c2",
        src_path: "zzz",
        src_ref: None,
        shallow: false,
        force: false,
    };
    recorded.same("copy-missing", service.copy_object(admin, copy).await);
    let copy = CopyObject {
        src_ref: Some("nope"),
        ..copy
    };
    recorded.same("copy-ref", service.copy_object(admin, copy).await);
    let stage = StageObject {
        repository: REPO,
        branch: "main",
        path: "staged2",
        physical_address: "s3://b/k",
        checksum: "cc",
        size_bytes: 7,
        mtime: None,
        metadata: None,
        content_type: None,
        if_none_match: None,
        if_match: None,
        force: false,
    };
    recorded.same("stage-wrong-type", service.stage_object(admin, stage).await);
    let delete = |branch| DeleteObjects {
        repository: REPO,
        branch,
        no_tombstone: false,
        force: false,
    };
    let deleted = service.delete_object(admin, delete("nope"), "zzz").await;
    recorded.same("delete-no-branch", deleted);
    let many: Vec<_> = (0..1001).map(|i| format!("p{i}")).collect();
    let deleted = service.delete_objects(admin, delete("main"), &many).await;
    recorded.same("delete-too-many", deleted);
    let target = MultipartTarget {
        repository: REPO,
        branch: "main",
        path: "x",
    };
    let pmpu = service
        .create_presign_multipart_upload(admin, target, 2)
        .await;
    recorded.same("pmpu", pmpu);
}

async fn commits_and_references(lake: &Lake, recorded: &mut Recordings) {
    let Lake { service, admin, .. } = lake;
    let first = lake.commit("main", "first").await.unwrap();
    recorded.save("c1", &first);
    lake.put("main", "dated", b"d").await.unwrap();
    lake.commit("main", "dated").await.unwrap();
    let missing = service.get_commit(admin, REPO, &"0".repeat(64)).await;
    recorded.same("commit-get-missing", missing);
    for (step, reference) in [
        ("ref-tilde2", "main~2"),
        ("ref-caret2", "main^2"),
        ("ref-past-root", "main~99"),
        ("ref-two-at", "main@@"),
        ("ref-tag-at", "nope@"),
        ("ref-word", "main~x"),
        ("ref-only-mod", "~1"),
        ("ref-huge", "main~999999999999999999999"),
        ("ref-chain", "main~1~1"),
        ("ref-space", "ma in"),
    ] {
        recorded.same(step, stat(lake, reference, "a/plain.txt", false).await);
    }
    let log = LogCommits {
        repository: REPO,
        reference: "nope",
        ..LogCommits::default()
    };
    recorded.same("log-missing", service.log_commits(admin, log).await);
}

async fn branches_and_tags(lake: &Lake, recorded: &mut Recordings) {
    let Lake { service, admin, .. } = lake;
    lake.branch("dev", "main").await.unwrap();
    for (step, name, source) in [
        ("branch-create-again", "dev", "main"),
        ("branch-create-missing", "x", "nope"),
        ("branch-create-bad", "a/b", "main"),
        ("branch-create-dot", "a.b", "main"),
        ("branch-create-dash", "-a", "main"),
    ] {
        recorded.same(step, lake.branch(name, source).await);
    }
    recorded.same(
        "branch-missing",
        service.get_branch(admin, REPO, "nope").await,
    );
    let deleted = service.delete_branch(admin, REPO, "main", false).await;
    recorded.same("branch-delete-default", deleted);
    let deleted = service.delete_branch(admin, REPO, "nope", false).await;
    recorded.same("branch-delete-missing", deleted);
    let tag = |name: &'static str, reference: &'static str| {
        service.create_tag(admin, REPO, name, reference, false)
    };
    tag("v1", "main").await.unwrap();
    for (step, name, reference) in [
        ("tag-again", "v1", "main"),
        ("tag-missing-ref", "v2", "nope"),
        ("tag-name-branch", "dev", "main"),
        ("tag-dots", "a..b", "main"),
        ("tag-slash", "a/b", "main"),
        ("tag-lock", "a.lock", "main"),
        ("tag-at", "@", "main"),
        ("tag-brace", "a@{b", "main"),
        ("tag-space", "a b", "main"),
        ("tag-colon", "a:b", "main"),
        ("tag-dot-end", "a.", "main"),
    ] {
        recorded.same(step, tag(name, reference).await);
    }
    let force = service.create_tag(admin, REPO, "v1", "main", true).await;
    recorded.same("tag-force", force);
    recorded.same("branch-name-tag", lake.branch("v1", "main").await);
    recorded.same("tag-get-missing", service.get_tag(admin, REPO, "v9").await);
    service.delete_tag(admin, REPO, "v1", false).await.unwrap();
    recorded.same(
        "tag-delete-missing",
        service.delete_tag(admin, REPO, "v1", false).await,
    );
    recorded.same("put-to-tag", lake.put("release-1.0_x", "x", b"x").await);
    let head = service.get_commit(admin, REPO, "main~1").await.unwrap();
    recorded.same("put-to-commit", lake.put(head.id(), "x", b"x").await);
}

fn merge<'a>(source: &'a str, destination: &'a str) -> Merge<'a> {
    Merge {
        repository: REPO,
        source,
        destination,
        message: "",
        metadata: BTreeMap::new(),
        strategy: "",
        allow_empty: false,
        squash: false,
        force: false,
    }
}

fn revert(reference: &str, parent_number: i64) -> RevertBranch<'_> {
    RevertBranch {
        repository: REPO,
        branch: "main",
        reference,
        parent_number,
        overrides: CommitOverrides::default(),
        allow_empty: false,
        force: false,
    }
}

async fn merges(lake: &Lake, recorded: &mut Recordings) {
    let Lake { service, admin, .. } = lake;
    let merge_of = |request| service.merge_into_branch(admin, request);
    lake.put("dev", "a/plain.txt", b"dev").await.unwrap();
    recorded.same("merge-dirty-source", merge_of(merge("dev", "main")).await);
    lake.commit("dev", "dev work").await.unwrap();
    let diff = DiffRefs {
        repository: REPO,
        left: "main",
        right: "nope",
        two_dot: false,
        page: PageRequest::default(),
        delimiter: "",
        include_right_stats: false,
    };
    recorded.same("diff-missing", service.diff_refs(admin, diff).await);
    lake.put("main", "dirty", b"x").await.unwrap();
    recorded.same("merge-dirty", merge_of(merge("dev", "main")).await);
    let all = lakefs_service::ResetScope::All;
    service
        .reset_branch(admin, REPO, "main", all, false)
        .await
        .unwrap();
    let merged = merge_of(merge("dev", "main")).await.unwrap();
    recorded.same("merge-again", merge_of(merge("dev", "main")).await);
    recorded.same("merge-self", merge_of(merge("main", "main")).await);
    recorded.same("merge-missing", merge_of(merge("nope", "main")).await);
    recorded.same("merge-into-missing", merge_of(merge("main", "nope")).await);
    let mut odd = merge("dev", "main");
    odd.strategy = "ours";
    recorded.same("merge-bad-strategy", merge_of(odd).await);
    for side in ["left", "right"] {
        lake.branch(side, "main").await.unwrap();
        lake.put(side, "clash", side.as_bytes()).await.unwrap();
        lake.commit(side, side).await.unwrap();
    }
    let conflict = merge_of(merge("left", "right")).await.unwrap_err();
    assert_eq!(conflict.kind(), lakefs_service::ErrorKind::MergeConflict);
    lake.put("main", "bad", b"b").await.unwrap();
    let bad = lake.commit("main", "bad").await.unwrap();
    service.revert_branch(admin, revert(&bad, 0)).await.unwrap();
    recorded.same(
        "revert-again",
        service.revert_branch(admin, revert(&bad, 0)).await,
    );
    recorded.same(
        "revert-missing",
        service.revert_branch(admin, revert("nope", 0)).await,
    );
    let unclear = service.revert_branch(admin, revert(&merged, 0)).await;
    recorded.same("revert-merge-no-parent", unclear);
    let ninth = service.revert_branch(admin, revert(&merged, 9)).await;
    recorded.same("revert-merge-parent-9", ninth);
    let reset = service
        .hard_reset_branch(admin, REPO, "right", "nope", false)
        .await;
    recorded.same("hard-reset-missing", reset);
    let pick = |reference| CherryPick {
        repository: REPO,
        branch: "right",
        reference,
        parent_number: None,
        overrides: CommitOverrides::default(),
        force: false,
    };
    recorded.same(
        "cherry-missing",
        service.cherry_pick(admin, pick("nope")).await,
    );
    recorded.same(
        "cherry-merge",
        service.cherry_pick(admin, pick(&merged)).await,
    );
    let nothing = service.commit(admin, commit("main", "")).await;
    assert_eq!(status(&nothing.unwrap_err()), 400);
}

async fn settings(lake: &Lake, recorded: &mut Recordings) {
    let Lake { service, admin, .. } = lake;
    let set = service
        .set_branch_protection_rules(admin, REPO, Vec::new(), Some("x"))
        .await;
    recorded.same("protect-bad-match", set);
    recorded.same("gc-get", service.get_gc_rules(admin, REPO).await);
    service.delete_gc_rules(admin, REPO).await.unwrap();
    recorded.same("gc-get-3", service.get_gc_rules(admin, REPO).await);
    service.delete_repository(admin, REPO, false).await.unwrap();
    recorded.same("repo-deleted", service.get_repository(admin, REPO).await);
    recorded.same(
        "repo-delete-again",
        service.delete_repository(admin, REPO, false).await,
    );
}
