//! Rewriting a range copies what it can from the old one, entry by entry and block by block. However it
//! copies, the file must be the one that writing the same records afresh makes, byte for byte.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use lakefs_block::{Address, BlockStore as _, MemBlockStore};
use lakefs_tree::{MergeOptions, MergeOutcome, MergeStrategy, TreeStore};
use lakefs_types::{MetaRangeId, StorageNamespace};
use proptest::prelude::*;

use crate::model::{Changes, Content, apply, merge, page};
use crate::support::{memory, run};

/// One range, whatever the keys.
const NEVER_RAGGED: u64 = u64::MAX;

/// Keys that are prefixes of each other, go on with the bytes of a record's trailer, or are longer than
/// the short forms of lengths and of copies take.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (0u32..3000).prop_map(|n| format!("tables/{:02}/part-{n:05}", n % 7).into_bytes()),
        1 => (0usize..40, 0u8..3).prop_map(|(zeros, end)| {
            [&b"tables/03\x01"[..], &vec![0; zeros], &[end]].concat()
        }),
        1 => (0usize..3, 100usize..300, 0u8..9).prop_map(|(n, length, end)| {
            [format!("tables/0{n}/").as_bytes(), &vec![b'l'; length], &[end]].concat()
        }),
    ]
}

fn value() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let length = prop_oneof![Just(0usize), Just(60), Just(61), Just(150), Just(5000)];
    (any::<[u8; 32]>(), length, any::<u8>())
        .prop_map(|(identity, length, byte)| (identity.to_vec(), vec![byte; length]))
}

fn content() -> impl Strategy<Value = Content> {
    proptest::collection::btree_map(key(), value(), 100..600)
}

fn changes() -> impl Strategy<Value = Changes> {
    proptest::collection::btree_map(key(), proptest::option::weighted(0.6, value()), 1..12)
}

/// The files of a metarange and of its only range.
async fn files(
    blocks: &MemBlockStore,
    store: &TreeStore,
    ns: &StorageNamespace,
    metarange: &MetaRangeId,
) -> Vec<Vec<u8>> {
    let ranges = store.ranges(ns, metarange).await.unwrap();
    assert!(ranges.len() <= 1);
    let ids = ranges.iter().map(|range| range.id.to_string());
    let mut files = Vec::new();
    for id in ids.chain([metarange.to_string()]) {
        let relative = format!("_lakefs/{id}");
        let location = blocks.locate(ns, Address::Relative(&relative)).unwrap();
        let mut body = blocks.get(&location, None).await.unwrap().stream;
        let mut file = Vec::new();
        while let Some(chunk) = body.next().await {
            file.extend_from_slice(&chunk.unwrap());
        }
        files.push(file);
    }
    files
}

fn as_changes(content: &Content) -> Changes {
    let set = |(key, value): (&Vec<u8>, &(Vec<u8>, Vec<u8>))| (key.clone(), Some(value.clone()));
    content.iter().map(set).collect()
}

async fn commit(
    store: &TreeStore,
    ns: &StorageNamespace,
    base: &MetaRangeId,
    changes: &Changes,
) -> MetaRangeId {
    let options = lakefs_tree::CommitOptions { allow_empty: true };
    let outcome = store.commit(ns, base, &mut page(changes), &options).await;
    match outcome.unwrap() {
        lakefs_tree::CommitOutcome::Written { metarange, .. } => metarange,
        lakefs_tree::CommitOutcome::NoChanges => panic!("allowed to be empty"),
    }
}

/// What writing the records afresh makes.
async fn afresh(content: &Content) -> (MetaRangeId, Vec<Vec<u8>>) {
    let (blocks, store, ns) = memory(NEVER_RAGGED);
    let metarange = commit(&store, &ns, &MetaRangeId::EMPTY, &as_changes(content)).await;
    let files = files(&blocks, &store, &ns, &metarange).await;
    (metarange, files)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_rewritten_range_is_the_file_that_writing_it_afresh_makes(
        base in content(),
        ours in changes(),
        theirs in changes(),
    ) {
        run(async {
            let (blocks, store, ns) = memory(NEVER_RAGGED);
            let first = commit(&store, &ns, &MetaRangeId::EMPTY, &as_changes(&base)).await;
            let mut made = BTreeMap::new();
            for changes in [&ours, &theirs] {
                let content = apply(&base, changes);
                let metarange = commit(&store, &ns, &first, changes).await;
                if !content.is_empty() {
                    made.insert(metarange.clone(), content);
                }
            }
            let sides: Vec<_> = made.keys().cloned().collect();
            if let [ours, theirs] = sides.as_slice() {
                let strategy = MergeStrategy::SourceWins;
                let outcome = store.merge(&ns, &first, ours, theirs, &MergeOptions { strategy }).await;
                let MergeOutcome::Merged(merged) = outcome.unwrap() else {
                    panic!("the source wins");
                };
                let content = merge(&base, &made[ours], &made[theirs], strategy).unwrap();
                made.insert(merged, content);
            }
            for (metarange, content) in &made {
                let (id, expected) = afresh(content).await;
                assert_eq!(&id, metarange);
                assert!(files(&blocks, &store, &ns, metarange).await == expected);
            }
        });
    }
}
