//! The store in memory.

use std::sync::Arc;

use lakefs_block::MemBlockStore;
use lakefs_block::conformance::{self, Profile};
use lakefs_runtime::{Ids, SystemClock};
use lakefs_types::StorageNamespace;

#[tokio::test]
async fn it_conforms() {
    let ids = Arc::new(Ids::system(Arc::new(SystemClock)));
    let profile = Profile {
        min_part_bytes: 1,
        refuses_dot_segments: false,
        stand_in: false,
    };
    let namespace = StorageNamespace::new("mem://bucket/repo").unwrap();
    conformance::run(Arc::new(MemBlockStore::new(ids)), &namespace, profile).await;
}
