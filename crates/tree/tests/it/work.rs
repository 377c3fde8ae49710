//! How much work operations do: ranges rewritten, blocks read, blocks encoded. Time is for benches.

use std::path::PathBuf;

use lakefs_tree::{
    ChangePage, CommitOptions, CommitOutcome, MergeOptions, MergeOutcome, TreeStore,
};
use lakefs_types::{MetaRangeId, StorageNamespace};

use crate::support::{config, local, memory, run};

const RECORDS: u32 = 20_000;

async fn commit(
    store: &TreeStore,
    ns: &StorageNamespace,
    base: &MetaRangeId,
    page: &mut ChangePage,
) -> MetaRangeId {
    match store
        .commit(ns, base, page, &CommitOptions::default())
        .await
        .unwrap()
    {
        CommitOutcome::Written { metarange, .. } => metarange,
        CommitOutcome::NoChanges => panic!("there are changes"),
    }
}

fn one(key: &str) -> ChangePage {
    let mut page = ChangePage::new();
    page.set(key.as_bytes(), &[9; 32], b"data");
    page
}

async fn large(store: &TreeStore, ns: &StorageNamespace) -> MetaRangeId {
    let mut page = ChangePage::new();
    for n in 0..RECORDS {
        let identity = n.wrapping_mul(0x9e37_79b9).to_be_bytes().repeat(8);
        page.set(
            format!("tables/{:03}/part-{n:08}", n / 200).as_bytes(),
            &identity,
            &[b'd'; 90],
        );
    }
    commit(store, ns, &MetaRangeId::EMPTY, &mut page).await
}

#[test]
fn one_change_rewrites_one_range_and_leaves_the_others() {
    run(async {
        let (_, store, ns) = memory(2000);
        let base = large(&store, &ns).await;
        let ranges = store.ranges(&ns, &base).await.unwrap().len() as u64;
        assert!(ranges > 4);
        let before = store.counters();
        commit(&store, &ns, &base, &mut one("tables/050/new")).await;
        let did = store.counters().since(&before);
        assert_eq!(
            (
                did.ranges_written,
                did.ranges_reused,
                did.metaranges_written
            ),
            (1, ranges - 1, 1)
        );
        assert_eq!(did.tables_opened, 1);
    });
}

#[test]
fn unchanged_blocks_are_not_encoded_again() {
    run(async {
        let (_, store, ns) = memory(1 << 40);
        let base = large(&store, &ns).await;
        let before = store.counters();
        commit(&store, &ns, &base, &mut one("tables/099/part-00019900")).await;
        let did = store.counters().since(&before);
        assert!(did.blocks_encoded < 40, "{did:?}");
        assert!(did.blocks_copied + 40 > did.blocks_read, "{did:?}");
    });
}

#[test]
fn differences_of_written_ranges_read_only_blocks_around_them() {
    run(async {
        let (_, store, ns) = memory(1 << 40);
        let base = large(&store, &ns).await;
        let ours = commit(&store, &ns, &base, &mut one("tables/000/ours")).await;
        let theirs = commit(&store, &ns, &base, &mut one("tables/070/theirs")).await;
        let before = store.counters();
        let mut diff = store.diff(&ns, &ours, &theirs).await.unwrap();
        let keys: Vec<_> = crate::model::drain(&mut diff)
            .await
            .into_iter()
            .map(|d| d.1)
            .collect();
        assert_eq!(
            keys,
            [b"tables/000/ours".to_vec(), b"tables/070/theirs".to_vec()]
        );
        let did = store.counters().since(&before);
        assert_eq!(did.fingerprints_read, 0);
        assert!(did.blocks_read < 40, "{did:?}");

        // A merge reads one side whole, the others where they differ.
        let whole = u64::from(RECORDS) / 20;
        let before = store.counters();
        let merged = store
            .merge(&ns, &base, &ours, &theirs, &MergeOptions::default())
            .await
            .unwrap();
        let did = store.counters().since(&before);
        assert!(did.blocks_read < whole + 60, "{did:?}");
        assert_eq!((did.ranges_written, did.metaranges_written), (1, 1));
        let MergeOutcome::Merged(id) = merged else {
            panic!("{merged:?}")
        };

        // Another process knows no fingerprints: it reads each side once, then knows them.
        let before = store.counters();
        let mut compare = store.compare(&ns, &base, &ours, &id).await.unwrap();
        assert_eq!(crate::model::drain(&mut compare).await, []);
        assert!(store.counters().since(&before).blocks_read < 40);
    });
}

/// Some megabytes that do not compress: their files are sent ahead in pieces.
fn bulky() -> ChangePage {
    let mut page = ChangePage::new();
    let mut state = 1u64;
    for n in 0..30_000u32 {
        let mut data = Vec::with_capacity(96);
        for _ in 0..12 {
            state = state
                .wrapping_mul(0x5851_f42d_4c95_7f2d)
                .wrapping_add(n.into());
            data.extend_from_slice(&(state >> 7).to_be_bytes());
        }
        page.set(format!("big/{n:06}").as_bytes(), &data[..32], &data);
    }
    page
}

#[test]
fn a_table_sent_ahead_is_the_table_sent_whole() {
    run(async {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("blocks");
        let blocks = local(root.clone());
        let store = TreeStore::new(blocks, config(1 << 40));
        let ns = StorageNamespace::new("local://bucket/repo").unwrap();
        let (_, memory_store, memory_ns) = memory(1 << 40);
        let here = commit(&store, &ns, &MetaRangeId::EMPTY, &mut bulky()).await;
        let there = commit(&memory_store, &memory_ns, &MetaRangeId::EMPTY, &mut bulky()).await;
        assert_eq!(here, there);
        let range = store.ranges(&ns, &here).await.unwrap().remove(0).id;
        let file = |store: &TreeStore, ns: &StorageNamespace| {
            let (store, ns) = (store.clone(), ns.clone());
            let id = range.to_string();
            async move {
                let table = store.table_file(&ns, &id).await.unwrap();
                let mut records = Vec::new();
                table
                    .for_each(|record| records.push((record.key.to_vec(), record.data.to_vec())))
                    .unwrap();
                (table.info().clone(), records)
            }
        };
        let (mine, theirs) = (
            file(&store, &ns).await,
            file(&memory_store, &memory_ns).await,
        );
        assert!(mine.0.size_bytes > 2 << 20, "more than a piece");
        assert!(mine == theirs);

        // Rewritten as it was, it is stored already, and what was sent ahead is gone.
        let before = store.counters();
        let mut nothing = ChangePage::new();
        nothing.delete(b"big/000000x");
        let options = CommitOptions { allow_empty: true };
        let again = store
            .commit(&ns, &here, &mut nothing, &options)
            .await
            .unwrap();
        assert!(matches!(again, CommitOutcome::Written { metarange, .. } if metarange == here));
        let did = store.counters().since(&before);
        assert_eq!((did.ranges_written, did.tables_already_stored), (1, 1));
        // The put that was called off may take a moment to hear of it.
        let scratch = root.join(".lakefs-rs/tmp");
        let within = |path: PathBuf| std::fs::read_dir(path).into_iter().flatten().flatten();
        let left = || {
            let processes = within(scratch.clone());
            let directories = processes.flat_map(|process| within(process.path()));
            directories
                .flat_map(|directory| within(directory.path()))
                .count()
        };
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while left() > 0 {
            assert!(std::time::Instant::now() < deadline, "files left behind");
            tokio::task::yield_now().await;
        }
    });
}
