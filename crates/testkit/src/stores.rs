//! What a test chooses: where an installation is kept.

use std::sync::Arc;

use lakefs_block::{BlockStore, MemBlockStore};
use lakefs_kv::{KvStore, MemKv};
use lakefs_runtime::{Clock, Ids};
use lakefs_tree::{TreeConfig, TreeStore};

/// What an installation is kept in, and whose time and identifiers it takes.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Records.
    pub kv: Arc<dyn KvStore>,
    /// Objects.
    pub blocks: Arc<dyn BlockStore>,
    /// Tables of commits, kept in `blocks`.
    pub tree: TreeStore,
    /// Wall clock.
    pub clock: Arc<dyn Clock>,
    /// Identifiers and randomness.
    pub ids: Arc<Ids>,
}

impl Stores {
    /// Given stores, and tables with the settings of a server.
    pub fn new(
        kv: Arc<dyn KvStore>,
        blocks: Arc<dyn BlockStore>,
        clock: Arc<dyn Clock>,
        ids: Arc<Ids>,
    ) -> Self {
        Self {
            kv,
            tree: TreeStore::new(Arc::clone(&blocks), TreeConfig::default()),
            blocks,
            clock,
            ids,
        }
    }

    /// Everything in memory, and the objects once more to look into.
    pub fn in_memory(clock: Arc<dyn Clock>) -> (Self, Arc<MemBlockStore>) {
        let ids = Arc::new(Ids::system(Arc::clone(&clock)));
        let objects = Arc::new(MemBlockStore::new(Arc::clone(&ids)));
        let blocks: Arc<dyn BlockStore> = Arc::<MemBlockStore>::clone(&objects);
        let stores = Self::new(Arc::new(MemKv::new()), blocks, clock, ids);
        (stores, objects)
    }
}
