//! A service to ask, and short ways to ask it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use lakefs_auth::{AdminMayAll, Authorizer};
use lakefs_block::testing::FaultyBlockStore;
use lakefs_block::{BlockStore, LocalBlockStore, LocalOptions, PutBody};
use lakefs_kv::testing::FaultyKv;
use lakefs_kv::{KvStore, MemKv};
use lakefs_runtime::{Clock, Ids, ManualClock, Timestamp};
use lakefs_service::{
    Caller, CreateBranch, CreateCommit, Error, GetObject, GetObjectOutcome, ObjectStats, Result,
    Service, StatObject, UploadBody, UploadObject,
};
use lakefs_testkit::{Installation, Stores, repository};
use tempfile::TempDir;

pub(crate) const REPO: &str = "conform";

pub(crate) struct Lake {
    pub(crate) service: Service,
    pub(crate) admin: Caller,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) kv: Arc<FaultyKv>,
    pub(crate) blocks: Arc<FaultyBlockStore>,
    pub(crate) directory: TempDir,
}

/// A new installation with an administrator and no repository.
pub(crate) async fn lake() -> Lake {
    lake_with(Arc::new(AdminMayAll)).await
}

pub(crate) async fn lake_with(authorizer: Arc<dyn Authorizer>) -> Lake {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_700_000_000)));
    let kv = Arc::new(FaultyKv::new(Arc::new(MemKv::default())));
    let directory = tempfile::tempdir().unwrap();
    let dyn_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let ids = Arc::new(Ids::seeded(7, Arc::clone(&dyn_clock)));
    let local = LocalBlockStore::open(
        &LocalOptions {
            root: directory.path().to_owned(),
            import_enabled: false,
            import_hidden: false,
            allowed_external_prefixes: Vec::new(),
            default_namespace_prefix: None,
        },
        Arc::clone(&ids),
    );
    let blocks = Arc::new(FaultyBlockStore::new(Arc::new(local.unwrap())));
    let dyn_kv: Arc<dyn KvStore> = Arc::<FaultyKv>::clone(&kv);
    let dyn_blocks: Arc<dyn BlockStore> = Arc::<FaultyBlockStore>::clone(&blocks);
    let stores = Stores::new(dyn_kv, dyn_blocks, dyn_clock, ids);
    let Installation { service, admin } = Installation::set_up_with(stores, authorizer).await;
    Lake {
        service,
        admin,
        clock,
        kv,
        blocks,
        directory,
    }
}

/// An installation with the repository [`REPO`].
pub(crate) async fn lake_with_repository() -> Lake {
    let lake = lake().await;
    lake.create(REPO).await.unwrap();
    lake
}

pub(crate) fn upload<'a>(branch: &'a str, path: &'a str) -> UploadObject<'a> {
    UploadObject {
        repository: REPO,
        branch,
        path,
        storage_class: None,
        metadata: BTreeMap::new(),
        if_none_match: None,
        if_match: None,
        force: false,
    }
}

pub(crate) fn body(content: &'static [u8]) -> UploadBody {
    UploadBody {
        content_type: None,
        body: PutBody::from_bytes(Bytes::from_static(content)),
    }
}

pub(crate) fn commit<'a>(branch: &'a str, message: &'a str) -> CreateCommit<'a> {
    CreateCommit {
        repository: REPO,
        branch,
        message,
        metadata: BTreeMap::new(),
        date: None,
        allow_empty: false,
        source_metarange: None,
        force: false,
    }
}

pub(crate) fn get<'a>(reference: &'a str, path: &'a str) -> GetObject<'a> {
    GetObject {
        repository: REPO,
        reference,
        path,
        range: None,
        if_none_match: None,
        presign: false,
    }
}

impl Lake {
    pub(crate) async fn create(&self, name: &str) -> Result<lakefs_service::Repository> {
        let namespace = format!("local://{name}");
        let request = repository(name, &namespace);
        self.service.create_repository(&self.admin, request).await
    }

    pub(crate) async fn put(
        &self,
        branch: &str,
        path: &str,
        content: &'static [u8],
    ) -> Result<ObjectStats> {
        let request = upload(branch, path);
        self.service
            .upload_object(&self.admin, request, || async { Ok(body(content)) })
            .await
    }

    /// Commits, a second after whatever was before.
    pub(crate) async fn commit(&self, branch: &str, message: &str) -> Result<String> {
        self.clock.advance(Duration::from_secs(1));
        let made = self
            .service
            .commit(&self.admin, commit(branch, message))
            .await?;
        Ok(made.id().to_owned())
    }

    pub(crate) async fn branch(&self, name: &str, source: &str) -> Result<String> {
        let request = CreateBranch {
            repository: REPO,
            name,
            source,
            hidden: false,
            force: false,
        };
        self.service.create_branch(&self.admin, request).await
    }

    pub(crate) async fn stat(&self, reference: &str, path: &str) -> Result<ObjectStats> {
        let request = StatObject {
            repository: REPO,
            reference,
            path,
            user_metadata: true,
            presign: false,
        };
        self.service.stat_object(&self.admin, request).await
    }

    pub(crate) async fn read(&self, reference: &str, path: &str) -> Result<Vec<u8>> {
        match self
            .service
            .get_object(&self.admin, get(reference, path))
            .await?
        {
            GetObjectOutcome::Content { mut stream, .. } => {
                let mut bytes = Vec::new();
                while let Some(chunk) = stream.next().await {
                    bytes.extend_from_slice(&chunk.unwrap());
                }
                Ok(bytes)
            }
            other => panic!("{other:?}"),
        }
    }

    /// Files below the repository's `data/`.
    pub(crate) fn data_files(&self) -> usize {
        fn count(path: &Path) -> usize {
            let Ok(entries) = std::fs::read_dir(path) else {
                return 0;
            };
            entries
                .map(|entry| entry.unwrap().path())
                .map(|path| if path.is_dir() { count(&path) } else { 1 })
                .sum()
        }
        count(&self.directory.path().join(REPO).join("data"))
    }
}

pub(crate) fn message<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    outcome.unwrap_err().message().to_owned()
}

/// The status of the REST contract for an error: the table of the REST layer, so that recordings can
/// be held against use-cases.
pub(crate) fn status(error: &Error) -> u16 {
    use lakefs_service::ErrorKind as K;
    match error.kind() {
        K::Invalid => 400,
        K::Unauthorized => 401,
        K::Forbidden => 403,
        K::NotFound => 404,
        K::Conflict | K::MergeConflict => 409,
        K::Gone => 410,
        K::PreconditionFailed => 412,
        K::RangeNotSatisfiable => 416,
        K::TooManyRequests => 429,
        K::Canceled => 499,
        K::Internal => 500,
        K::NotImplemented => 501,
        K::Unavailable => 503,
    }
}
