//! Random operations on the embedded store, reopened now and then, against a sorted map.

use std::collections::BTreeMap;
use std::path::Path;

use lakefs_kv::{
    EmbeddedKv, EmbeddedOptions, KvStore as _, Pace, Predicate, SetIfOutcome, Write, conformance,
};
use proptest::collection::vec;
use proptest::prelude::*;

type Key = (u8, Vec<u8>);

#[derive(Debug, Clone)]
enum Operation {
    Set(Key, u16),
    SetIf(Key, u16, Condition),
    Delete(Key),
    Batch(u8, BTreeMap<Vec<u8>, Option<u16>>),
    Scan(u8, Vec<u8>, usize),
    Clear(u8),
    Reopen,
}

#[derive(Debug, Clone, Copy)]
enum Condition {
    Absent,
    Exists,
    /// The current value, if there is one.
    Current,
    Other,
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    vec(
        prop_oneof![Just(0_u8), Just(b'/'), Just(255), Just(b'a')],
        1..4,
    )
}

fn key() -> impl Strategy<Value = Key> {
    (0..3_u8, name())
}

fn operation() -> impl Strategy<Value = Operation> {
    use Condition::{Absent, Current, Exists, Other};
    let condition = prop_oneof![Just(Absent), Just(Exists), Just(Current), Just(Other)];
    let changes = proptest::collection::btree_map(name(), any::<Option<u16>>(), 0..6);
    prop_oneof![
        6 => (key(), any::<u16>()).prop_map(|(key, value)| Operation::Set(key, value)),
        6 => (key(), any::<u16>(), condition)
            .prop_map(|(key, value, condition)| Operation::SetIf(key, value, condition)),
        3 => key().prop_map(Operation::Delete),
        4 => (0..3_u8, changes).prop_map(|(part, changes)| Operation::Batch(part, changes)),
        4 => (0..3_u8, name(), 1..9_usize)
            .prop_map(|(part, start, limit)| Operation::Scan(part, start, limit)),
        1 => (0..3_u8).prop_map(Operation::Clear),
        1 => Just(Operation::Reopen),
    ]
}

/// Partitions of which one is the beginning of another.
fn partition(number: u8) -> &'static [u8] {
    [&b"p"[..], b"p/", b"p/a"][usize::from(number)]
}

/// Values of any length up to a few pages, so that the small buffer fills.
fn bytes(value: u16) -> Vec<u8> {
    value.to_be_bytes().repeat(usize::from(value % 1500))
}

async fn open(path: &Path) -> EmbeddedKv {
    let options = EmbeddedOptions {
        write_buffer_bytes: 16 << 10,
        ..EmbeddedOptions::default()
    };
    EmbeddedKv::open(path, options).await.unwrap()
}

async fn run(operations: Vec<Operation>) {
    let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let home = home.unwrap();
    let mut store = open(home.path()).await;
    let mut model: BTreeMap<Key, Vec<u8>> = BTreeMap::new();
    for operation in operations {
        match operation {
            Operation::Set(key, value) => {
                let stored = store.set(partition(key.0), &key.1, &bytes(value)).await;
                stored.unwrap();
                model.insert(key, bytes(value));
            }
            Operation::SetIf(key, value, condition) => {
                let current = model.get(&key);
                let predicate = match (condition, current) {
                    (Condition::Absent, _) => Predicate::Absent,
                    (Condition::Exists, _) => Predicate::Exists,
                    (Condition::Current, Some(current)) => Predicate::Value(current),
                    (Condition::Current, None) | (Condition::Other, _) => Predicate::Value(b"?"),
                };
                let expected = if predicate.holds(current.map(Vec::as_slice)) {
                    SetIfOutcome::Stored
                } else {
                    SetIfOutcome::Mismatch
                };
                let (part, value) = (partition(key.0), bytes(value));
                let outcome = store.set_if(part, &key.1, &value, predicate).await;
                assert_eq!(outcome.unwrap(), expected);
                if expected == SetIfOutcome::Stored {
                    model.insert(key, value);
                }
            }
            Operation::Delete(key) => {
                store.delete(partition(key.0), &key.1).await.unwrap();
                model.remove(&key);
            }
            Operation::Batch(part, changes) => batch(&store, &mut model, part, &changes).await,
            Operation::Scan(part, start, limit) => {
                let found = conformance::scan_all(&store, partition(part), &start, limit).await;
                let expected = model
                    .range((part, start)..(part + 1, Vec::new()))
                    .map(|((_, key), value)| (key.clone(), value.clone()));
                assert_eq!(found, expected.collect::<Vec<_>>());
            }
            Operation::Clear(part) => {
                store
                    .clear_partition(partition(part), Pace::Leisurely)
                    .await
                    .unwrap();
                model.retain(|key, _| key.0 != part);
            }
            Operation::Reopen => {
                drop(store);
                store = open(home.path()).await;
            }
        }
    }
    for (key, value) in &model {
        let found = store.get(partition(key.0), &key.1).await.unwrap();
        assert_eq!(found.as_deref(), Some(value.as_slice()));
    }
}

async fn batch(
    store: &EmbeddedKv,
    model: &mut BTreeMap<Key, Vec<u8>>,
    part: u8,
    changes: &BTreeMap<Vec<u8>, Option<u16>>,
) {
    let values: Vec<_> = changes.values().map(|value| value.map(bytes)).collect();
    let writes: Vec<_> = changes
        .keys()
        .zip(&values)
        .map(|(key, value)| match value {
            Some(value) => Write::Set { key, value },
            None => Write::Delete { key },
        })
        .collect();
    store.write_batch(partition(part), &writes).await.unwrap();
    for (key, value) in changes.keys().zip(values) {
        match value {
            Some(value) => model.insert((part, key.clone()), value),
            None => model.remove(&(part, key.clone())),
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_embedded_store_behaves_like_a_sorted_map(operations in vec(operation(), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(operations));
    }
}
