//! Damaged and missing tables: the error names the object, nothing panics, and the rest still reads.

use std::sync::Arc;

use lakefs_block::{BlockStore, Location};
use lakefs_tree::{ChangePage, CommitOptions, CommitOutcome, TreeError, TreeStore};
use lakefs_types::MetaRangeId;

use crate::support::{config, local, memory, run};

fn page(count: u32) -> ChangePage {
    let mut page = ChangePage::new();
    for n in 0..count {
        page.set(
            format!("k/{n:06}").as_bytes(),
            &n.to_be_bytes().repeat(8),
            b"some data of an object",
        );
    }
    page
}

async fn written(
    store: &TreeStore,
    ns: &lakefs_types::StorageNamespace,
    count: u32,
) -> MetaRangeId {
    let outcome = store
        .commit(
            ns,
            &MetaRangeId::EMPTY,
            &mut page(count),
            &CommitOptions::default(),
        )
        .await
        .unwrap();
    match outcome {
        CommitOutcome::Written { metarange, .. } => metarange,
        CommitOutcome::NoChanges => panic!("there are changes"),
    }
}

#[test]
fn a_missing_table_is_named() {
    run(async {
        let (_, store, ns) = memory(50_000);
        let id: MetaRangeId = "ab".repeat(32).parse().unwrap();
        let error = store.get(&ns, &id, b"k").await.unwrap_err();
        assert!(matches!(&error, TreeError::Missing { .. }), "{error:?}");
        assert!(error.to_string().contains(id.as_str()));
        assert!(!store.exists(&ns, &id).await.unwrap());
        assert!(store.exists(&ns, &MetaRangeId::EMPTY).await.unwrap());
        assert!(
            store
                .get(&ns, &MetaRangeId::EMPTY, b"k")
                .await
                .unwrap()
                .is_none()
        );
    });
}

#[test]
fn any_damage_to_any_table_is_an_error_that_names_it_or_changes_nothing() {
    run(async {
        let (blocks, store, ns) = memory(100);
        let id = written(&store, &ns, 500).await;
        let whole = crate::model::read(&store, &ns, &id).await;
        let tables: Vec<Location> = blocks.locations();
        assert!(tables.len() > 3);
        for table in &tables {
            let raw = store
                .raw(&ns, table.key.rsplit('/').next().unwrap())
                .await
                .unwrap();
            let cuts = [0, 1, 52, 53, raw.len() / 2, raw.len() - 1].map(|at| raw[..at].to_vec());
            let flips = (0..raw.len()).step_by(97).map(|at| {
                let mut damaged = raw.to_vec();
                damaged[at] ^= 0x55;
                damaged
            });
            for damaged in cuts.into_iter().chain(flips) {
                blocks.overwrite(table, damaged);
                // A fresh store, so that nothing is remembered.
                let fresh = TreeStore::new(Arc::clone(&blocks) as Arc<dyn BlockStore>, config(100));
                let mut iter = match fresh.iter(&ns, &id).await {
                    Ok(iter) => iter,
                    Err(error) => {
                        assert!(error.to_string().contains(&table.key), "{error}");
                        continue;
                    }
                };
                let mut read = 0;
                loop {
                    match iter.next().await {
                        Ok(Some(record)) => {
                            assert_eq!(whole.get(record.key).map(|v| &v.1[..]), Some(record.data));
                            read += 1;
                        }
                        Ok(None) => {
                            assert_eq!(read, whole.len());
                            break;
                        }
                        Err(error) => {
                            assert!(matches!(&error, TreeError::Corrupt { .. }), "{error:?}");
                            assert!(error.to_string().contains(&table.key), "{error}");
                            break;
                        }
                    }
                }
            }
            blocks.overwrite(table, raw);
        }
    });
}

#[test]
fn a_truncated_local_file_is_corrupt_and_the_rest_reads() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let blocks = local(directory.path().to_owned());
        let ns = lakefs_types::StorageNamespace::new("local://repo").unwrap();
        let store = TreeStore::new(Arc::clone(&blocks) as Arc<dyn BlockStore>, config(100));
        let id = written(&store, &ns, 500).await;
        let ranges = store.ranges(&ns, &id).await.unwrap();
        let location = store.location(&ns, ranges[1].id.as_str()).unwrap();
        let path = blocks
            .local_file(&location)
            .expect("a local store has files");
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_len(60).unwrap();
        let error = store.get(&ns, &id, &ranges[1].min_key).await.unwrap_err();
        assert!(matches!(&error, TreeError::Corrupt { .. }), "{error:?}");
        assert!(error.to_string().contains(ranges[1].id.as_str()));
        assert!(
            store
                .get(&ns, &id, &ranges[0].min_key)
                .await
                .unwrap()
                .is_some()
        );
        assert!(
            store
                .get(&ns, &id, &ranges[2].max_key)
                .await
                .unwrap()
                .is_some()
        );
    });
}

#[test]
fn changes_out_of_order_are_refused() {
    run(async {
        let (_, store, ns) = memory(50_000);
        let base = written(&store, &ns, 10).await;
        for keys in [["b", "a"], ["a", "a"]] {
            let mut page = ChangePage::new();
            for key in keys {
                page.set(key.as_bytes(), b"i", b"d");
            }
            let done = store
                .commit(&ns, &base, &mut page, &CommitOptions::default())
                .await;
            assert!(matches!(done, Err(TreeError::Order { .. })), "{done:?}");
        }
    });
}
