//! The engine: its parts, its caches, its lifetime.

use std::sync::Arc;
use std::time::Duration;

use lakefs_block::BlockStore;
use lakefs_kv::{KvError, KvStore};
use lakefs_runtime::{Clock, Ids, TaskScope};
use lakefs_tree::TreeStore;

use lakefs_types::{BranchId, CommitId, RepositoryId};

use crate::cache::{BelievedCache, WeightedCache};
use crate::protection::CompiledRules;
use crate::queue::{BranchQueues, Turn};
use crate::tokens::{Cleaner, Readers};
use crate::{Commit, Error, Hooks, Repository, Result};

/// What an engine works with.
#[derive(Debug, Clone)]
pub struct EngineParts {
    /// References, commits, uncommitted changes.
    pub kv: Arc<dyn KvStore>,
    /// Asked only whether a storage namespace is taken.
    pub blocks: Arc<dyn BlockStore>,
    /// The content of commits.
    pub tree: TreeStore,
    /// Dates commits.
    pub clock: Arc<dyn Clock>,
    /// Names staging tokens and repository instances.
    pub ids: Arc<Ids>,
    /// Owns background work: emptying dropped staging partitions.
    pub tasks: TaskScope,
    /// Takes part in operations.
    pub hooks: Arc<dyn Hooks>,
}

/// Sizes and times of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineOptions {
    /// How long a repository record is believed. Own changes are seen at once.
    pub repository_cache_ttl: Duration,
    /// How long protection rules are believed. Own changes are seen at once.
    pub settings_cache_ttl: Duration,
    /// Bound on the bytes of commits kept in memory.
    pub commit_cache_bytes: usize,
    /// How often a change of a branch is tried again when other servers come first.
    pub max_branch_tries: u32,
    /// Whether a new repository's namespace must not hold an old server's `dummy` in its root.
    pub ensure_readable_root_namespace: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            repository_cache_ttl: Duration::from_secs(5),
            settings_cache_ttl: Duration::from_secs(3),
            commit_cache_bytes: 16 << 20,
            max_branch_tries: 10,
            ensure_readable_root_namespace: true,
        }
    }
}

/// The versioning engine. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Engine(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) parts: EngineParts,
    pub(crate) options: EngineOptions,
    pub(crate) repositories: BelievedCache<RepositoryId, Arc<Repository>>,
    pub(crate) rules: BelievedCache<Arc<str>, Arc<CompiledRules>>,
    pub(crate) commits: WeightedCache<(Arc<str>, CommitId), Arc<Commit>>,
    pub(crate) queues: BranchQueues,
    pub(crate) readers: Readers,
    pub(crate) cleaner: Cleaner,
    /// Held while a repository is created or deleted.
    pub(crate) creations: tokio::sync::Mutex<()>,
}

impl Engine {
    /// An engine over its parts. Does no I/O; call [`Engine::start`] once it may.
    pub fn new(parts: EngineParts, options: EngineOptions) -> Self {
        Self(Arc::new(Inner {
            repositories: BelievedCache::new(options.repository_cache_ttl),
            rules: BelievedCache::new(options.settings_cache_ttl),
            commits: WeightedCache::new(options.commit_cache_bytes),
            queues: BranchQueues::default(),
            readers: Readers::default(),
            cleaner: Cleaner::default(),
            creations: tokio::sync::Mutex::default(),
            parts,
            options,
        }))
    }

    /// Begins background work: finishes what was under way when a server last stopped (staging
    /// partitions dropped and not emptied, repositories in deletion) and empties what is dropped from
    /// now on. Call once, inside a runtime.
    pub fn start(&self) {
        self.0.parts.tasks.spawn(self.clone().clean_until_stopped());
        self.0.parts.tasks.spawn(self.clone().finish_deletions());
    }

    /// Runs work that goes on when its caller is gone.
    pub(crate) async fn carry_through<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        match self.0.parts.tasks.spawn(work).await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => Err(Error::Kv(KvError::Unavailable {
                operation: "shutdown",
                source: error.into(),
            })),
        }
    }

    /// Waits for this server's turn at a branch's head.
    pub(crate) async fn turn(&self, repository: &Repository, branch: &BranchId) -> Turn {
        self.0.queues.enter(&repository.partition, branch).await
    }
}
