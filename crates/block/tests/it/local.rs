//! The store of files.

use std::sync::Arc;

use lakefs_block::conformance::{self, Profile};
use lakefs_block::{LocalBlockStore, LocalOptions};
use lakefs_runtime::{Ids, SystemClock};
use lakefs_types::StorageNamespace;

fn ids() -> Arc<Ids> {
    Arc::new(Ids::system(Arc::new(SystemClock)))
}

#[tokio::test]
async fn it_conforms() {
    let directory = tempfile::tempdir().unwrap();
    let options = LocalOptions {
        root: directory.path().join("made/when/absent"),
        ..LocalOptions::default()
    };
    let store = LocalBlockStore::open(&options, ids()).unwrap();
    let profile = Profile {
        min_part_bytes: 1,
        refuses_dot_segments: true,
        every_key: true,
    };
    let namespace = StorageNamespace::new("local://gold/golden").unwrap();
    conformance::run(Arc::new(store), &namespace, profile).await;
}
