//! Diff, comparison and merge against the oracle, on contents that came about by commits on top of each
//! other (shared ranges) and on contents written independently.

use lakefs_tree::{
    CommitOptions, CommitOutcome, MergeOptions, MergeOutcome, MergeStrategy, TreeStore,
};
use lakefs_types::{MetaRangeId, StorageNamespace};
use proptest::prelude::*;

use crate::model::{
    Changes, Content, apply, changes, compare, diff, drain, identities, key, merge, page, read,
    write,
};
use crate::support::{memory, run};

async fn commit(
    store: &TreeStore,
    ns: &StorageNamespace,
    on: &MetaRangeId,
    changes: &Changes,
) -> MetaRangeId {
    let allow = CommitOptions { allow_empty: true };
    match store
        .commit(ns, on, &mut page(changes), &allow)
        .await
        .unwrap()
    {
        CommitOutcome::Written { metarange, .. } => metarange,
        CommitOutcome::NoChanges => panic!("allowed to be empty"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn differences_and_merges_are_those_of_maps(
        first in changes(300),
        ours in changes(12),
        theirs in changes(12),
        independent in any::<bool>(),
        raggedness in prop_oneof![Just(1u64), Just(7), Just(50), Just(50_000)],
        from in key(),
    ) {
        run(async {
            let (_, store, ns) = memory(raggedness);
            let base = apply(&Content::new(), &first);
            let (source, destination) = (apply(&base, &ours), apply(&base, &theirs));
            let b = commit(&store, &ns, &MetaRangeId::EMPTY, &first).await;
            let (s, d) = if independent {
                (write(&store, &ns, &source).await, write(&store, &ns, &destination).await)
            } else {
                (commit(&store, &ns, &b, &ours).await, commit(&store, &ns, &b, &theirs).await)
            };

            let mut iter = store.diff(&ns, &d, &s).await.unwrap();
            assert_eq!(drain(&mut iter).await, diff(&destination, &source));
            iter.seek(&from).await.unwrap();
            let mut want = diff(&destination, &source);
            want.retain(|d| d.1 >= from);
            assert_eq!(drain(&mut iter).await, want);

            let mut iter = store.compare(&ns, &b, &s, &d).await.unwrap();
            assert_eq!(drain(&mut iter).await, compare(&base, &source, &destination));
            iter.seek(&from).await.unwrap();
            let mut want = compare(&base, &source, &destination);
            want.retain(|d| d.1 >= from);
            assert_eq!(drain(&mut iter).await, want);

            for strategy in [MergeStrategy::Fail, MergeStrategy::SourceWins, MergeStrategy::DestinationWins] {
                let outcome = store.merge(&ns, &b, &s, &d, &MergeOptions { strategy }).await.unwrap();
                match (outcome, merge(&base, &source, &destination, strategy)) {
                    (MergeOutcome::Merged(id), Ok(want)) => {
                        let got = read(&store, &ns, &id).await;
                        assert_eq!(identities(&got), identities(&want));
                        for (key, value) in &got {
                            assert!(source.get(key) == Some(value) || destination.get(key) == Some(value));
                        }
                    }
                    (MergeOutcome::Conflict { keys }, Err(key)) => assert_eq!(keys, [key]),
                    (got, want) => panic!("{got:?}, want {want:?}"),
                }
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Ranges large enough to be compared by their fingerprints, with differences in clusters.
    #[test]
    fn large_ranges_that_differ_in_little_merge_the_same_way(
        ours in proptest::collection::vec((0u32..6000, 0u32..40, 0u8..3), 0..8),
        theirs in proptest::collection::vec((0u32..6000, 0u32..40, 0u8..3), 0..8),
        raggedness in prop_oneof![Just(700u64), Just(50_000)],
        from in 0u32..6000,
        strategy in prop_oneof![Just(MergeStrategy::SourceWins), Just(MergeStrategy::DestinationWins)],
    ) {
        run(async {
            let (blocks, store, ns) = memory(raggedness);
            let name = |n: u32| format!("data/{:02}/{n:06}", n / 100).into_bytes();
            let record = |n: u32, kind: u8| (n.wrapping_mul(0x9e37_79b9).to_be_bytes().repeat(8), vec![kind; 80]);
            let first: Changes = (0..6000).step_by(2).map(|n| (name(n), Some(record(n, 9)))).collect();
            let clusters = |edits: &[(u32, u32, u8)]| -> Changes {
                let of = |&(at, count, kind): &(u32, u32, u8)| {
                    (at..at + count).map(move |n| {
                        let set = (kind != 0).then(|| record(n + 7 * u32::from(kind), kind));
                        (name(n), set)
                    })
                };
                edits.iter().flat_map(of).collect()
            };
            let (ours, theirs) = (clusters(&ours), clusters(&theirs));
            let base = apply(&Content::new(), &first);
            let (source, destination) = (apply(&base, &ours), apply(&base, &theirs));
            let b = commit(&store, &ns, &MetaRangeId::EMPTY, &first).await;
            let (s, d) = (commit(&store, &ns, &b, &ours).await, commit(&store, &ns, &b, &theirs).await);
            // With fingerprints made while writing, and with those read from the tables.
            let reader = TreeStore::new(blocks, crate::support::config(raggedness));
            for store in [&store, &reader] {
                let mut iter = store.diff(&ns, &d, &s).await.unwrap();
                let want = diff(&destination, &source);
                assert_eq!(drain(&mut iter).await, want);
                iter.seek(&name(from)).await.unwrap();
                let rest: Vec<_> = want.into_iter().filter(|d| d.1 >= name(from)).collect();
                assert_eq!(drain(&mut iter).await, rest);
                let mut iter = store.compare(&ns, &b, &s, &d).await.unwrap();
                assert_eq!(drain(&mut iter).await, compare(&base, &source, &destination));
                let outcome = store.merge(&ns, &b, &s, &d, &MergeOptions { strategy }).await.unwrap();
                let MergeOutcome::Merged(id) = outcome else { panic!("{outcome:?}") };
                let want = merge(&base, &source, &destination, strategy).unwrap();
                assert_eq!(identities(&read(store, &ns, &id).await), identities(&want));
            }
        });
    }
}

/// lakeFS compares a record with the next base record whatever its key: a copy of the next object, added
/// on one side, is taken for that object and dropped.
#[test]
fn a_new_copy_of_the_next_base_object_survives_a_merge() {
    run(async {
        let (_, store, ns) = memory(50_000);
        let value = |n: u8| Some((vec![n; 32], vec![n]));
        let base: Changes = [(b"b".to_vec(), value(1)), (b"c".to_vec(), value(2))].into();
        let ours: Changes = [(b"a".to_vec(), value(1)), (b"d".to_vec(), value(3))].into();
        let theirs: Changes = [(b"c".to_vec(), value(4))].into();
        let b = commit(&store, &ns, &MetaRangeId::EMPTY, &base).await;
        let s = commit(&store, &ns, &b, &ours).await;
        let d = commit(&store, &ns, &b, &theirs).await;
        let merged = store
            .merge(&ns, &b, &s, &d, &MergeOptions::default())
            .await
            .unwrap();
        let MergeOutcome::Merged(id) = merged else {
            panic!("{merged:?}")
        };
        let keys: Vec<_> = read(&store, &ns, &id).await.into_keys().collect();
        assert_eq!(keys, [b"a", b"b", b"c", b"d"]);
    });
}
