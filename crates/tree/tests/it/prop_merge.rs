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
