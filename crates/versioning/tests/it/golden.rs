//! A recorded installation of lakeFS v1.84: every answer is the same, and committing its content again
//! through our writers gives the same identifiers.
//!
//! Needs `../shared/golden` next to the repository; without it the tests say so and pass.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lakefs_block::{BlockStore, LocalBlockStore, LocalOptions};
use lakefs_kv::{KvStore, MemKv};
use lakefs_runtime::{Ids, ManualClock, TaskScope, Timestamp};
use lakefs_types::RepositoryId;
use lakefs_versioning::{
    CherryPick, Commit, CommitRequest, CreateBranch, DiffType, Engine, EntryView, ListItem,
    ListObjects, ListRefs, LogRequest, MergeRequest, NoHooks, Repository, Revert, Strategy,
};
use serde_json::{Value, json};

use crate::support::{branch, engine, reference};

/// The recorded store's path, which absolute addresses in the answers begin with.
const RECORDED_ROOT: &str = "local:///srv/lake/";

struct Golden {
    engine: Engine,
    kv: Arc<MemKv>,
    blocks: Arc<dyn BlockStore>,
    root: PathBuf,
    expected: Value,
    _directory: tempfile::TempDir,
}

fn shared() -> Option<PathBuf> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden");
    if golden.join("kv.jsonl").exists() {
        return Some(golden);
    }
    println!("skipped: {} is absent", golden.display());
    None
}

impl Golden {
    async fn load() -> Option<Self> {
        let shared = shared()?;
        let directory = tempfile::tempdir().unwrap();
        let unpack = Command::new("tar")
            .arg("-xJf")
            .arg(shared.join("objects.tar.xz"))
            .arg("-C")
            .arg(directory.path())
            .status()
            .unwrap();
        assert!(unpack.success());
        let kv = Arc::new(MemKv::new());
        for line in std::fs::read_to_string(shared.join("kv.jsonl"))
            .unwrap()
            .lines()
        {
            let record: Value = serde_json::from_str(line).unwrap();
            let part = |name: &str| STANDARD.decode(record[name].as_str().unwrap()).unwrap();
            kv.set(&part("partition"), &part("key"), &part("value"))
                .await
                .unwrap();
        }
        let root = find_store(directory.path());
        let ids = Arc::new(Ids::seeded(1, Arc::new(ManualClock::default())));
        let blocks: Arc<dyn BlockStore> = Arc::new(local_store(&root, ids));
        let expected = std::fs::read_to_string(shared.join("expected.json")).unwrap();
        Some(Self {
            engine: engine_at(1_795_400_000, &kv, &blocks),
            kv,
            blocks,
            root,
            expected: serde_json::from_str(&expected).unwrap(),
            _directory: directory,
        })
    }

    async fn repository(&self, name: &str) -> Arc<Repository> {
        self.engine
            .repository(&RepositoryId::new(name).unwrap())
            .await
            .unwrap()
    }

    /// The items of `expected[repository]` whose key begins with `kind:`, by what follows.
    fn of_kind<'a>(&'a self, repository: &str, kind: &'a str) -> Vec<(&'a str, &'a Value)> {
        let items = self.expected[repository].as_object().unwrap().iter();
        items
            .filter_map(|(key, value)| Some((key.strip_prefix(kind)?, value)))
            .collect()
    }

    fn object(&self, repository: &Repository, path: &[u8], entry: &EntryView<'_>) -> Value {
        let location = self
            .blocks
            .locate(&repository.namespace, entry.location())
            .unwrap();
        let address = self.blocks.physical_address(&location);
        let root = format!("local://{}/", self.root.display());
        let metadata: serde_json::Map<String, Value> = entry
            .metadata()
            .map(|(k, v)| (k.to_owned(), json!(v)))
            .collect();
        let mut object = json!({
            "checksum": entry.etag,
            "mtime": entry.last_modified.seconds,
            "path": String::from_utf8_lossy(path),
            "path_type": "object",
            "physical_address": address.replace(&root, RECORDED_ROOT),
            "size_bytes": entry.size,
        });
        let fields = object.as_object_mut().unwrap();
        if !entry.content_type.is_empty() {
            fields.insert("content_type".into(), json!(entry.content_type));
        }
        fields.insert("metadata".into(), json!(metadata));
        object
    }
}

/// An engine whose clock stands.
fn engine_at(seconds: i64, kv: &Arc<MemKv>, blocks: &Arc<dyn BlockStore>) -> Engine {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(seconds)));
    engine(
        Arc::clone(kv) as Arc<dyn KvStore>,
        Arc::clone(blocks),
        clock,
        seconds.unsigned_abs(),
        Arc::new(NoHooks),
        &TaskScope::new(),
    )
}

fn find_store(directory: &Path) -> PathBuf {
    // The archive holds the store's directories, below one or none of its own.
    let mut at = directory.to_owned();
    while !at.join("gold").exists() {
        at = std::fs::read_dir(&at)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
    }
    at
}

fn local_store(root: &Path, ids: Arc<Ids>) -> LocalBlockStore {
    let options = LocalOptions {
        root: root.to_owned(),
        ..LocalOptions::default()
    };
    LocalBlockStore::open(&options, ids).unwrap()
}

fn all() -> ListRefs {
    ListRefs {
        amount: 1000,
        ..ListRefs::default()
    }
}

fn commit_json(commit: &Commit) -> Value {
    json!({
        "committer": commit.committer,
        "creation_date": commit.created.seconds,
        "generation": commit.generation,
        "id": commit.id.as_str(),
        "message": commit.message,
        "meta_range_id": commit.metarange.as_str(),
        "metadata": commit.metadata,
        "parents": commit.parents.iter().map(lakefs_types::CommitId::as_str).collect::<Vec<_>>(),
        "version": commit.version,
    })
}

fn diff_name(kind: DiffType) -> &'static str {
    match kind {
        DiffType::Added => "added",
        DiffType::Removed => "removed",
        DiffType::Changed => "changed",
        DiffType::Conflict => "conflict",
        DiffType::PrefixChanged => "prefix_changed",
    }
}

#[tokio::test]
async fn repositories_branches_and_tags_are_as_recorded() {
    let Some(golden) = Golden::load().await else {
        return;
    };
    let repositories = golden.engine.list_repositories(&all(), "").await.unwrap();
    let repositories: Vec<Value> = repositories
        .sound()
        .map(|r| {
            json!({
                "creation_date": r.created.seconds,
                "default_branch": r.default_branch.as_str(),
                "id": r.id.as_str(),
                "read_only": r.read_only,
                "storage_id": r.storage_id,
                "storage_namespace": r.namespace.as_str(),
            })
        })
        .collect();
    assert_eq!(
        Value::from(repositories.clone()),
        golden.expected["repositories"]
    );
    for name in repositories.iter().map(|r| r["id"].as_str().unwrap()) {
        let repository = golden.repository(name).await;
        let expected = &golden.expected[name];
        let branches = golden
            .engine
            .list_branches(&repository, &all(), true)
            .await
            .unwrap();
        let branches: Vec<Value> = branches
            .sound()
            .map(|b| json!({"id": b.id.as_str(), "commit_id": b.commit_id.as_str()}))
            .collect();
        assert_eq!(Value::from(branches), expected["branches"], "{name}");
        let tags = golden.engine.list_tags(&repository, &all()).await.unwrap();
        let tags: Vec<Value> = tags
            .sound()
            .map(|t| json!({"id": t.id.as_str(), "commit_id": t.commit_id.as_str()}))
            .collect();
        assert_eq!(Value::from(tags), expected["tags"], "{name}");
        let rules = golden
            .engine
            .protection_rules(&repository)
            .await
            .unwrap()
            .rules;
        let rules: Vec<Value> = rules
            .iter()
            .map(|r| json!({"pattern": r.pattern}))
            .collect();
        assert_eq!(Value::from(rules), expected["protection"], "{name}");
        let metadata = golden
            .engine
            .repository_metadata(&repository)
            .await
            .unwrap();
        assert_eq!(json!(metadata), expected["metadata"], "{name}");
    }
    let repository = golden.repository("golden").await;
    let shown = golden
        .engine
        .list_branches(&repository, &all(), false)
        .await
        .unwrap();
    assert!(shown.sound().all(|b| b.id.as_str() != "hidden"));
}

#[tokio::test]
async fn logs_are_as_recorded() {
    let Some(golden) = Golden::load().await else {
        return;
    };
    for name in ["golden", "many", "empty-repo", "read-only"] {
        let repository = golden.repository(name).await;
        for (at, expected) in golden.of_kind(name, "log:") {
            let request = LogRequest {
                amount: 1000,
                ..LogRequest::default()
            };
            let page = golden
                .engine
                .log(&repository, &reference(at), &request)
                .await
                .unwrap();
            let commits: Vec<Value> = page.commits.iter().map(|c| commit_json(c)).collect();
            assert_eq!(&Value::from(commits), expected, "{name} {at}");
        }
    }
}

#[tokio::test]
async fn listings_are_as_recorded() {
    let Some(golden) = Golden::load().await else {
        return;
    };
    for name in ["golden", "many", "empty-repo", "read-only"] {
        let repository = golden.repository(name).await;
        for (at, expected) in golden.of_kind(name, "objects:") {
            let mut objects = Vec::new();
            let mut list = ListObjects {
                amount: 777,
                ..ListObjects::default()
            };
            loop {
                let page = golden
                    .engine
                    .list(&repository, &reference(at), &list)
                    .await
                    .unwrap();
                for item in page.iter() {
                    let ListItem::Object { path, entry } = item else {
                        panic!("{item:?}")
                    };
                    objects.push(golden.object(&repository, path, &entry));
                }
                if !page.has_more() {
                    break;
                }
                list.after = String::from_utf8(page.last_path().unwrap().to_vec()).unwrap();
            }
            assert_listing(&objects, expected, &format!("{name} {at}"));
        }
    }
}

/// Long listings were recorded as samples.
fn assert_listing(objects: &[Value], expected: &Value, what: &str) {
    let same = |mine: &Value, theirs: &Value| {
        let (mut mine, mut theirs) = (mine.clone(), theirs.clone());
        for object in [&mut mine, &mut theirs] {
            let fields = object.as_object_mut().unwrap();
            fields.entry("metadata").or_insert(json!({}));
        }
        assert_eq!(mine, theirs, "{what}");
    };
    if let Some(expected) = expected.as_array() {
        assert_eq!(objects.len(), expected.len(), "{what}");
        for (mine, theirs) in objects.iter().zip(expected) {
            same(mine, theirs);
        }
        return;
    }
    assert_eq!(json!(objects.len()), expected["count"], "{what}");
    let sample = |name: &str| expected[name].as_array().unwrap();
    for (mine, theirs) in objects.iter().zip(sample("first")) {
        same(mine, theirs);
    }
    for (mine, theirs) in objects.iter().rev().zip(sample("last").iter().rev()) {
        same(mine, theirs);
    }
    for (mine, theirs) in objects.iter().step_by(5000).zip(sample("every_5000th")) {
        same(mine, theirs);
    }
}

#[tokio::test]
async fn uncommitted_changes_are_as_recorded() {
    let Some(golden) = Golden::load().await else {
        return;
    };
    for name in ["golden", "many", "empty-repo", "read-only"] {
        let repository = golden.repository(name).await;
        for (on, expected) in golden.of_kind(name, "uncommitted:") {
            let list = ListObjects {
                amount: 1000,
                ..ListObjects::default()
            };
            let page = golden
                .engine
                .diff_uncommitted(&repository, &branch(on), &list)
                .await
                .unwrap();
            let changes: Vec<Value> = page
                .iter()
                .map(|change| {
                    let mut json = json!({
                        "path": String::from_utf8_lossy(change.path),
                        "path_type": "object",
                        "type": diff_name(change.kind),
                    });
                    json["size_bytes"] = json!(change.entry.map_or(0, |entry| entry.size));
                    json
                })
                .collect();
            assert_eq!(&Value::from(changes), expected, "{name} {on}");
        }
    }
}

/// How a recorded commit was made, as far as its record tells.
async fn make_again(golden: &Golden, repository: &Repository, known: &Commit) -> Arc<Commit> {
    let engine = engine_at(known.created.seconds, &golden.kv, &golden.blocks);
    let on = branch(&format!("again-{}", &known.id.as_str()[..12]));
    let parent = reference(known.parents[0].as_str());
    engine
        .create_branch(repository, &on, &parent, &CreateBranch::default())
        .await
        .unwrap();
    let (committer, message) = (known.committer.clone(), known.message.clone());
    let mut metadata = known.metadata.clone();
    // A squash is recorded like a commit of what it brought.
    if let [_, source] = known.parents.as_slice() {
        let strategy = metadata.remove(".lakefs.merge.strategy").unwrap();
        let strategy = if strategy == "default" {
            String::new()
        } else {
            strategy
        };
        let request = MergeRequest {
            message,
            metadata,
            strategy: Strategy::parse(&strategy).unwrap(),
            allow_empty: true,
            ..MergeRequest::new(reference(source.as_str()), committer)
        };
        return engine.merge(repository, &on, &request).await.unwrap();
    }
    if let Some(origin) = metadata.get("cherry-pick-origin") {
        let request = CherryPick {
            reference: reference(origin),
            parent_number: None,
            committer,
            message: None,
            metadata: None,
            force: false,
        };
        return engine.cherry_pick(repository, &on, &request).await.unwrap();
    }
    if let Some(what) = message.strip_prefix("Revert ") {
        let target = engine
            .commit_of(repository, &reference(what))
            .await
            .unwrap();
        let request = Revert {
            reference: reference(what),
            parent_number: u32::from(target.parents.len() > 1),
            committer,
            message: None,
            metadata,
            allow_empty: false,
            force: false,
        };
        return engine.revert(repository, &on, &request).await.unwrap();
    }
    stage_again(golden, &engine, repository, &on, known).await;
    let request = CommitRequest {
        committer,
        message,
        metadata,
        allow_empty: true,
        ..CommitRequest::default()
    };
    engine.commit(repository, &on, &request).await.unwrap()
}

/// Puts what a commit changed into a branch's staging token, raw bytes as they were.
async fn stage_again(
    golden: &Golden,
    engine: &Engine,
    repository: &Repository,
    on: &lakefs_types::BranchId,
    known: &Commit,
) {
    let token = engine.branch(repository, on).await.unwrap().staging_token;
    let tree = lakefs_tree::TreeStore::new(
        Arc::clone(&golden.blocks),
        lakefs_tree::TreeConfig::default(),
    );
    let parent = engine
        .commit_by_id(repository, &known.parents[0])
        .await
        .unwrap();
    let mut diff = tree
        .diff(&repository.namespace, &parent.metarange, &known.metarange)
        .await
        .unwrap();
    while let Some(change) = diff.next().await.unwrap() {
        let mut record = vec![0x0a];
        put_length(&mut record, change.key);
        if let Some(new) = change.right {
            record.push(0x12);
            put_length(&mut record, new.identity);
            record.push(0x1a);
            put_length(&mut record, new.data);
        }
        golden
            .kv
            .set(token.as_str().as_bytes(), change.key, &record)
            .await
            .unwrap();
    }
}

fn put_length(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap());
    out.extend_from_slice(bytes);
}

#[tokio::test]
async fn making_every_commit_again_gives_its_identifier() {
    let Some(golden) = Golden::load().await else {
        return;
    };
    for name in ["golden", "many"] {
        let repository = golden.repository(name).await;
        let mut known = std::collections::BTreeMap::new();
        for (at, _) in golden.of_kind(name, "log:") {
            let request = LogRequest {
                amount: 1000,
                ..LogRequest::default()
            };
            let page = golden
                .engine
                .log(&repository, &reference(at), &request)
                .await
                .unwrap();
            known.extend(
                page.commits
                    .into_iter()
                    .map(|commit| (commit.id.clone(), commit)),
            );
        }
        assert!(known.len() > 3);
        for commit in known.values().filter(|commit| !commit.parents.is_empty()) {
            let made = make_again(&golden, &repository, commit).await;
            assert_eq!(
                made.metarange, commit.metarange,
                "{name} {}",
                commit.message
            );
            assert_eq!(made.id, commit.id, "{name} {}", commit.message);
        }
    }
}
