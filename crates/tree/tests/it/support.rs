//! Stores and records for tests.

use std::path::PathBuf;
use std::sync::Arc;

use lakefs_block::{BlockStore, LocalBlockStore, LocalOptions, MemBlockStore};
use lakefs_runtime::{Ids, ManualClock, Timestamp};
use lakefs_tree::{RangePolicy, TreeConfig, TreeStore};
use lakefs_types::StorageNamespace;

pub(crate) fn ids() -> Arc<Ids> {
    let clock = ManualClock::at(Timestamp::from_seconds(1_700_000_000));
    Arc::new(Ids::seeded(1, Arc::new(clock)))
}

/// Splits after about every `records` records.
pub(crate) fn config(records: u64) -> TreeConfig {
    TreeConfig {
        ranges: RangePolicy {
            raggedness_entries: records,
            ..RangePolicy::default()
        },
        ..TreeConfig::default()
    }
}

pub(crate) fn memory(records: u64) -> (Arc<MemBlockStore>, TreeStore, StorageNamespace) {
    let blocks = Arc::new(MemBlockStore::new(ids()));
    let store = TreeStore::new(Arc::clone(&blocks) as Arc<dyn BlockStore>, config(records));
    (
        blocks,
        store,
        StorageNamespace::new("mem://bucket/repo").unwrap(),
    )
}

pub(crate) fn local(root: PathBuf) -> Arc<LocalBlockStore> {
    let options = LocalOptions {
        root,
        ..LocalOptions::default()
    };
    Arc::new(LocalBlockStore::open(&options, ids()).unwrap())
}

/// Runs a future to its end on this thread.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// The directory of recorded installations: `../shared` beside the repository, or `LAKEFS_SHARED`.
pub(crate) fn shared(file: &str) -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads where its fixtures are"
    )]
    let root = std::env::var("LAKEFS_SHARED").map_or_else(
        |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = root.join(file);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is absent", path.display());
    None
}
