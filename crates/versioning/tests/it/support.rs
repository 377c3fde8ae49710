//! An engine to test, and short names for what tests do with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lakefs_block::testing::FaultyBlockStore;
use lakefs_block::{BlockStore, MemBlockStore};
use lakefs_kv::testing::FaultyKv;
use lakefs_kv::{KvStore, MemKv};
use lakefs_runtime::{Clock, Ids, ManualClock, TaskScope, Timestamp};
use lakefs_tree::{TreeConfig, TreeStore};
use lakefs_types::{BranchId, ObjectPath, RefExpr, RepositoryId, StorageNamespace, TagId};
use lakefs_versioning::{
    CherryPick, Commit, CommitRequest, CreateBranch, CreateRepository, DeleteOptions, DiffType,
    Engine, EngineOptions, EngineParts, Entry, Error, Hooks, ListItem, ListObjects, MergeRequest,
    NoHooks, PutOptions, RefDiff, Repository, Revert,
};

/// When tests begin.
pub(crate) const START: i64 = 1_700_000_000;

/// An engine with a repository `lake` in stores that can fail.
#[derive(Debug, Clone)]
pub(crate) struct Lake {
    pub(crate) engine: Engine,
    pub(crate) kv: Arc<FaultyKv>,
    pub(crate) blocks: Arc<FaultyBlockStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) tasks: TaskScope,
    pub(crate) repository: Arc<Repository>,
}

pub(crate) fn branch(name: &str) -> BranchId {
    BranchId::new(name).unwrap()
}

pub(crate) fn tag(name: &str) -> TagId {
    TagId::new(name).unwrap()
}

pub(crate) fn reference(text: &str) -> RefExpr {
    RefExpr::parse(text).unwrap()
}

pub(crate) fn path(text: &str) -> ObjectPath {
    ObjectPath::new(text).unwrap()
}

pub(crate) fn repository_id(name: &str) -> RepositoryId {
    RepositoryId::new(name).unwrap()
}

/// An entry whose content is told by its entity tag.
pub(crate) fn entry(content: &str) -> Entry {
    Entry {
        address: format!("data/{content}"),
        size: i64::try_from(content.len()).unwrap(),
        etag: content.to_owned(),
        last_modified: Timestamp::from_seconds(START),
        content_type: "text/plain".to_owned(),
        ..Entry::default()
    }
}

pub(crate) fn create(name: &str) -> CreateRepository {
    CreateRepository {
        id: repository_id(name),
        namespace: StorageNamespace::new(&format!("mem://bucket/{name}")).unwrap(),
        default_branch: branch("main"),
        read_only: false,
        bare: false,
        storage_id: String::new(),
    }
}

/// An engine over stores.
pub(crate) fn engine(
    kv: Arc<dyn KvStore>,
    blocks: Arc<dyn BlockStore>,
    clock: Arc<ManualClock>,
    seed: u64,
    hooks: Arc<dyn Hooks>,
    tasks: &TaskScope,
) -> Engine {
    let tree = TreeStore::new(Arc::clone(&blocks), TreeConfig::default());
    let ids = Arc::new(Ids::seeded(seed, Arc::clone(&clock) as Arc<dyn Clock>));
    let parts = EngineParts {
        kv,
        blocks,
        tree,
        clock,
        ids,
        tasks: tasks.clone(),
        hooks,
    };
    Engine::new(parts, EngineOptions::default())
}

impl Lake {
    pub(crate) async fn new() -> Self {
        Self::with_hooks(Arc::new(NoHooks)).await
    }

    pub(crate) async fn with_hooks(hooks: Arc<dyn Hooks>) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(START)));
        let ids = Arc::new(Ids::seeded(99, Arc::clone(&clock) as Arc<dyn Clock>));
        let kv = Arc::new(FaultyKv::new(Arc::new(MemKv::new())));
        let blocks = Arc::new(FaultyBlockStore::new(Arc::new(MemBlockStore::new(ids))));
        let tasks = TaskScope::new();
        let engine = engine(
            Arc::clone(&kv) as Arc<dyn KvStore>,
            Arc::clone(&blocks) as Arc<dyn BlockStore>,
            Arc::clone(&clock),
            1,
            hooks,
            &tasks,
        );
        let repository = engine.create_repository(&create("lake")).await.unwrap();
        Self {
            engine,
            kv,
            blocks,
            clock,
            tasks,
            repository,
        }
    }

    /// The same over a tree store that counts for the caller.
    pub(crate) async fn counted() -> (Self, TreeStore) {
        let lake = Self::new().await;
        let tree = TreeStore::new(
            Arc::clone(&lake.blocks) as Arc<dyn BlockStore>,
            TreeConfig::default(),
        );
        let clock = Arc::clone(&lake.clock) as Arc<dyn Clock>;
        let parts = EngineParts {
            kv: Arc::clone(&lake.kv) as Arc<dyn KvStore>,
            blocks: Arc::clone(&lake.blocks) as Arc<dyn BlockStore>,
            tree: tree.clone(),
            ids: Arc::new(Ids::seeded(3, Arc::clone(&clock))),
            clock,
            tasks: lake.tasks.clone(),
            hooks: Arc::new(NoHooks),
        };
        let engine = Engine::new(parts, EngineOptions::default());
        (Self { engine, ..lake }, tree)
    }

    /// Another server on the same stores.
    pub(crate) async fn second_server(&self) -> Self {
        let engine = engine(
            Arc::clone(&self.kv) as Arc<dyn KvStore>,
            Arc::clone(&self.blocks) as Arc<dyn BlockStore>,
            Arc::clone(&self.clock),
            2,
            Arc::new(NoHooks),
            &self.tasks,
        );
        let repository = engine.repository(&self.repository.id).await.unwrap();
        Self {
            engine,
            repository,
            ..self.clone()
        }
    }

    pub(crate) async fn branch_from(&self, name: &str, source: &str) {
        self.engine
            .create_branch(
                &self.repository,
                &branch(name),
                &reference(source),
                &CreateBranch::default(),
            )
            .await
            .unwrap();
    }

    pub(crate) async fn put(&self, on: &str, at: &str, content: &str) {
        self.try_put(on, at, content).await.unwrap();
    }

    pub(crate) async fn try_put(&self, on: &str, at: &str, content: &str) -> Result<(), Error> {
        self.engine
            .put(
                &self.repository,
                &branch(on),
                &path(at),
                &entry(content),
                &PutOptions::default(),
            )
            .await
    }

    pub(crate) async fn delete(&self, on: &str, at: &str) {
        self.engine
            .delete(
                &self.repository,
                &branch(on),
                &path(at),
                DeleteOptions::default(),
            )
            .await
            .unwrap();
    }

    pub(crate) async fn commit(&self, on: &str, message: &str) -> Arc<Commit> {
        self.try_commit(on, message).await.unwrap()
    }

    /// Commits, a second later than whatever was before.
    pub(crate) async fn try_commit(&self, on: &str, message: &str) -> Result<Arc<Commit>, Error> {
        self.clock.advance(Duration::from_secs(1));
        let request = CommitRequest {
            committer: "tester".to_owned(),
            message: message.to_owned(),
            ..CommitRequest::default()
        };
        self.engine
            .commit(&self.repository, &branch(on), &request)
            .await
    }

    pub(crate) async fn merge(&self, source: &str, into: &str) -> Result<Arc<Commit>, Error> {
        self.merge_with(into, &MergeRequest::new(reference(source), "tester"))
            .await
    }

    pub(crate) async fn merge_with(
        &self,
        into: &str,
        request: &MergeRequest,
    ) -> Result<Arc<Commit>, Error> {
        self.clock.advance(Duration::from_secs(1));
        self.engine
            .merge(&self.repository, &branch(into), request)
            .await
    }

    pub(crate) async fn revert(
        &self,
        on: &str,
        what: &str,
        parent: u32,
    ) -> Result<Arc<Commit>, Error> {
        self.clock.advance(Duration::from_secs(1));
        let request = Revert {
            reference: reference(what),
            parent_number: parent,
            committer: "tester".to_owned(),
            message: None,
            metadata: BTreeMap::new(),
            allow_empty: false,
            force: false,
        };
        self.engine
            .revert(&self.repository, &branch(on), &request)
            .await
    }

    pub(crate) async fn pick(
        &self,
        on: &str,
        what: &str,
        parent: Option<u32>,
    ) -> Result<Arc<Commit>, Error> {
        self.clock.advance(Duration::from_secs(1));
        let request = CherryPick {
            reference: reference(what),
            parent_number: parent,
            committer: "tester".to_owned(),
            message: None,
            metadata: None,
            force: false,
        };
        self.engine
            .cherry_pick(&self.repository, &branch(on), &request)
            .await
    }

    /// The content of an object, told by its entity tag.
    pub(crate) async fn read(&self, at: &str, object: &str) -> Option<String> {
        match self
            .engine
            .get(&self.repository, &reference(at), &path(object))
            .await
        {
            Ok(entry) => Some(entry.view().etag.to_owned()),
            Err(Error::ObjectNotFound { .. }) => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// All objects of a reference.
    pub(crate) async fn content(&self, at: &str) -> BTreeMap<String, String> {
        let mut content = BTreeMap::new();
        let mut list = ListObjects {
            amount: 1000,
            ..ListObjects::default()
        };
        loop {
            let page = self
                .engine
                .list(&self.repository, &reference(at), &list)
                .await
                .unwrap();
            for item in page.iter() {
                let ListItem::Object { path, entry } = item else {
                    panic!("{item:?}")
                };
                let path = String::from_utf8(path.to_vec()).unwrap();
                content.insert(path, entry.etag.to_owned());
            }
            if !page.has_more() {
                return content;
            }
            list.after = String::from_utf8(page.last_path().unwrap().to_vec()).unwrap();
        }
    }

    /// Items of a listing: paths, common prefixes marked with `*`.
    pub(crate) async fn list(&self, at: &str, list: &ListObjects) -> (Vec<String>, bool) {
        let page = self
            .engine
            .list(&self.repository, &reference(at), list)
            .await
            .unwrap();
        let items = page.iter().map(|item| {
            let path = String::from_utf8(item.path().to_vec()).unwrap();
            if matches!(item, ListItem::CommonPrefix { .. }) {
                path + "*"
            } else {
                path
            }
        });
        (items.collect(), page.has_more())
    }

    /// Uncommitted changes.
    pub(crate) async fn uncommitted(&self, on: &str) -> Vec<(String, DiffType)> {
        let list = ListObjects {
            amount: 1000,
            ..ListObjects::default()
        };
        let page = self
            .engine
            .diff_uncommitted(&self.repository, &branch(on), &list)
            .await
            .unwrap();
        page.iter()
            .map(|d| (String::from_utf8(d.path.to_vec()).unwrap(), d.kind))
            .collect()
    }

    /// Differences between references.
    pub(crate) async fn diff(
        &self,
        left: &str,
        right: &str,
        which: RefDiff,
    ) -> Vec<(String, DiffType)> {
        let list = ListObjects {
            amount: 1000,
            ..ListObjects::default()
        };
        let (left, right) = (reference(left), reference(right));
        let page = self
            .engine
            .diff_refs(&self.repository, &left, &right, which, &list)
            .await
            .unwrap();
        page.iter()
            .map(|d| (String::from_utf8(d.path.to_vec()).unwrap(), d.kind))
            .collect()
    }

    /// The identifier of a reference's commit.
    pub(crate) async fn head(&self, at: &str) -> String {
        self.engine
            .commit_of(&self.repository, &reference(at))
            .await
            .unwrap()
            .id
            .to_string()
    }
}

/// A map of texts.
pub(crate) fn texts<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
}
