//! Tables of a store that is not local files, with and without a disk cache.

use std::sync::Arc;

use lakefs_block::BlockStore;
use lakefs_tree::{
    ChangePage, CommitOptions, CommitOutcome, DiskCacheConfig, TreeConfig, TreeStore,
};
use lakefs_types::MetaRangeId;

use crate::support::{config, memory, run};

#[test]
fn tables_are_downloaded_once_and_found_again_by_the_next_process() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let (blocks, store, ns) = memory(100);
        let mut page = ChangePage::new();
        for n in 0..500 {
            page.set(format!("k/{n:06}").as_bytes(), &[7; 32], b"data");
        }
        let outcome = store
            .commit(
                &ns,
                &MetaRangeId::EMPTY,
                &mut page,
                &CommitOptions::default(),
            )
            .await;
        let Ok(CommitOutcome::Written { metarange: id, .. }) = outcome else {
            panic!("{outcome:?}")
        };
        let cached = || {
            let config = TreeConfig {
                disk_cache: Some(DiskCacheConfig {
                    directory: directory.path().join("tables"),
                    capacity_bytes: 1 << 20,
                }),
                ..config(100)
            };
            TreeStore::new(Arc::clone(&blocks) as Arc<dyn BlockStore>, config)
        };
        let first = cached();
        let (a, b) = tokio::join!(
            first.get(&ns, &id, b"k/000000"),
            first.get(&ns, &id, b"k/000001")
        );
        assert!(a.unwrap().is_some() && b.unwrap().is_some());
        // One metarange and one range, however many asked.
        assert_eq!(first.counters().tables_opened, 2);
        let whole = crate::model::read(&first, &ns, &id).await;
        assert_eq!(whole.len(), 500);
        drop(first);

        let second = cached();
        assert_eq!(crate::model::read(&second, &ns, &id).await, whole);
        assert_eq!(second.counters().bytes_downloaded, 0);
        drop(second);

        // A copy that was damaged while nobody looked is downloaded again.
        for entry in std::fs::read_dir(directory.path().join("tables")).unwrap() {
            let path = entry.unwrap().path();
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[3] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }
        let third = cached();
        assert_eq!(crate::model::read(&third, &ns, &id).await, whole);
        assert!(third.counters().bytes_downloaded > 0);
    });
}
