//! What every backend must do, as one suite that each of them runs.
//!
//! Each check works in partitions of its own, so the store may hold other data; running the suite
//! twice on one store is fine too, because it clears what it uses.

use std::sync::Arc;

use futures_util::future::join_all;

use crate::{
    KvError, KvStore, MAX_ADDRESS_BYTES, MAX_SCAN_PAGE_BYTES, Pace, Predicate, SetIfOutcome, Write,
};

/// Runs every check.
///
/// # Panics
/// When the store breaks its contract.
pub async fn run(store: Arc<dyn KvStore>) {
    let store = store.as_ref();
    store.ping().await.expect("a working store answers pings");
    values_come_back_as_written(store).await;
    empty_addresses_are_refused(store).await;
    addresses_have_a_longest_length(store).await;
    conditional_writes_follow_their_predicate(store).await;
    deletes_are_idempotent(store).await;
    scans_are_in_byte_order(store).await;
    scans_go_on_by_page(store).await;
    pages_are_bounded_in_bytes(store).await;
    partitions_do_not_touch(store).await;
    batches_write_and_delete(store).await;
    partitions_are_cleared_whole(store).await;
    one_of_many_rivals_wins(store).await;
    counters_lose_nothing(store).await;
}

async fn clear(store: &dyn KvStore, partition: &[u8]) {
    store
        .clear_partition(partition, Pace::Brisk)
        .await
        .expect("clear");
}

async fn get(store: &dyn KvStore, partition: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let value = store.get(partition, key).await.expect("get");
    value.map(|value| value.to_vec())
}

async fn set(store: &dyn KvStore, partition: &[u8], key: &[u8], value: &[u8]) {
    store.set(partition, key, value).await.expect("set");
}

async fn set_if(
    store: &dyn KvStore,
    partition: &[u8],
    key: &[u8],
    value: &[u8],
    predicate: Predicate<'_>,
) -> SetIfOutcome {
    store
        .set_if(partition, key, value, predicate)
        .await
        .expect("set_if")
}

/// Every entry of a partition from `start`, read in pages of `limit`.
///
/// # Panics
/// When a page breaks the contract: too long, out of order, empty in the middle.
pub async fn scan_all(
    store: &dyn KvStore,
    partition: &[u8],
    start: &[u8],
    limit: usize,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut entries: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut start = start.to_vec();
    loop {
        let page = store.scan(partition, &start, limit).await.expect("scan");
        assert!(page.len() <= limit, "a page keeps to its limit");
        for (key, value) in page.iter() {
            assert!(key >= start.as_slice(), "a page begins at its start");
            if let Some((last, _)) = entries.last() {
                assert!(last.as_slice() < key, "keys ascend");
            }
            entries.push((key.to_vec(), value.to_vec()));
        }
        let Some(last) = page.last_key() else {
            return entries;
        };
        if !page.has_more() {
            return entries;
        }
        start = [last, &[0]].concat();
    }
}

async fn keys(store: &dyn KvStore, partition: &[u8], start: &[u8], limit: usize) -> Vec<Vec<u8>> {
    let entries = scan_all(store, partition, start, limit).await;
    entries.into_iter().map(|(key, _)| key).collect()
}

async fn values_come_back_as_written(store: &dyn KvStore) {
    let p = b"conformance/values";
    clear(store, p).await;
    assert_eq!(get(store, p, b"k").await, None);
    let all_bytes: Vec<u8> = (0..=255).collect();
    let big = vec![7; 300_000];
    for value in [b"v".as_slice(), b"", &all_bytes, &big, b"v2"] {
        set(store, p, b"k", value).await;
        assert_eq!(get(store, p, b"k").await.as_deref(), Some(value));
    }
    let long_key = vec![0xfe; 1500];
    for key in [b"\0".as_slice(), b"\xff", &all_bytes, &long_key] {
        set(store, p, key, key).await;
        assert_eq!(get(store, p, key).await.as_deref(), Some(key));
    }
    assert_eq!(get(store, p, b"k").await.as_deref(), Some(&b"v2"[..]));
}

async fn empty_addresses_are_refused(store: &dyn KvStore) {
    fn refused<T: std::fmt::Debug>(answer: &Result<T, KvError>, expected: &str) {
        assert!(
            matches!(answer, Err(KvError::EmptyKey { part }) if *part == expected),
            "{answer:?}"
        );
    }
    let absent = Predicate::Absent;
    refused(&store.get(b"", b"k").await, "partition");
    refused(&store.get(b"p", b"").await, "key");
    refused(&store.set(b"", b"k", b"v").await, "partition");
    refused(&store.set(b"p", b"", b"v").await, "key");
    refused(&store.set_if(b"", b"k", b"v", absent).await, "partition");
    refused(&store.set_if(b"p", b"", b"v", absent).await, "key");
    refused(&store.delete(b"", b"k").await, "partition");
    refused(&store.delete(b"p", b"").await, "key");
    refused(&store.scan(b"", b"", 1).await, "partition");
    refused(&store.clear_partition(b"", Pace::Brisk).await, "partition");
    let p = b"conformance/empty";
    let writes = [
        Write::Set {
            key: b"k",
            value: b"v",
        },
        Write::Delete { key: b"" },
    ];
    refused(&store.write_batch(p, &writes).await, "key");
    refused(&store.write_batch(b"", &writes).await, "partition");
    assert_eq!(get(store, p, b"k").await, None, "nothing of it was written");
}

async fn addresses_have_a_longest_length(store: &dyn KvStore) {
    let p = b"conformance/long";
    clear(store, p).await;
    // Bytes that no compression of an index shrinks.
    let mut state = 1_u32;
    let longest: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(MAX_ADDRESS_BYTES - p.len())
    .collect();
    set(store, p, &longest, b"v").await;
    assert_eq!(get(store, p, &longest).await.as_deref(), Some(&b"v"[..]));
    assert_eq!(
        keys(store, p, b"", 10).await,
        std::slice::from_ref(&longest)
    );
    let longer = [longest.as_slice(), b"x"].concat();
    for answer in [
        store.set(p, &longer, b"v").await,
        store.get(p, &longer).await.map(|_| ()),
        store
            .clear_partition(&[b'p'; MAX_ADDRESS_BYTES + 1], Pace::Brisk)
            .await,
    ] {
        assert!(
            matches!(answer, Err(KvError::TooLong { length }) if length == MAX_ADDRESS_BYTES + 1),
            "{answer:?}"
        );
    }
}

async fn conditional_writes_follow_their_predicate(store: &dyn KvStore) {
    use SetIfOutcome::{Mismatch, Stored};
    let (p, k) = (b"conformance/set_if", b"k");
    clear(store, p).await;
    assert_eq!(set_if(store, p, k, b"a", Predicate::Exists).await, Mismatch);
    let never = Predicate::Value(b"");
    assert_eq!(set_if(store, p, k, b"a", never).await, Mismatch);
    assert_eq!(get(store, p, k).await, None);
    assert_eq!(set_if(store, p, k, b"a", Predicate::Absent).await, Stored);
    assert_eq!(set_if(store, p, k, b"b", Predicate::Absent).await, Mismatch);
    assert_eq!(get(store, p, k).await.as_deref(), Some(&b"a"[..]));
    assert_eq!(set_if(store, p, k, b"b", Predicate::Exists).await, Stored);
    let stale = Predicate::Value(b"a");
    assert_eq!(set_if(store, p, k, b"c", stale).await, Mismatch);
    assert_eq!(get(store, p, k).await.as_deref(), Some(&b"b"[..]));
    let current = Predicate::Value(b"b");
    assert_eq!(set_if(store, p, k, b"", current).await, Stored);
    assert_eq!(set_if(store, p, k, b"d", Predicate::Absent).await, Mismatch);
    assert_eq!(
        set_if(store, p, k, b"d", Predicate::Value(b"")).await,
        Stored
    );
    // Writing what is there already counts as stored: PostgreSQL counts the row, so all do.
    assert_eq!(
        set_if(store, p, k, b"d", Predicate::Value(b"d")).await,
        Stored
    );
    store.delete(p, k).await.expect("delete");
    let gone = Predicate::Value(b"d");
    assert_eq!(set_if(store, p, k, b"e", gone).await, Mismatch);
    assert_eq!(set_if(store, p, k, b"e", Predicate::Absent).await, Stored);
}

async fn deletes_are_idempotent(store: &dyn KvStore) {
    let p = b"conformance/delete";
    clear(store, p).await;
    set(store, p, b"a", b"1").await;
    set(store, p, b"b", b"2").await;
    for _ in 0..2 {
        store.delete(p, b"a").await.expect("delete");
        assert_eq!(get(store, p, b"a").await, None);
    }
    assert_eq!(keys(store, p, b"", 10).await, [b"b"]);
}

async fn scans_are_in_byte_order(store: &dyn KvStore) {
    let p = b"conformance/order";
    clear(store, p).await;
    let mut expected: Vec<Vec<u8>> = vec![
        b"\0".to_vec(),
        b"\0\0".to_vec(),
        b"\0\xff".to_vec(),
        b"\x01".to_vec(),
        b"A".to_vec(),
        b"a".to_vec(),
        b"a\0".to_vec(),
        b"a/".to_vec(),
        b"a/b".to_vec(),
        b"a0".to_vec(),
        b"b".to_vec(),
        "ä".as_bytes().to_vec(),
        b"\xfe\xff".to_vec(),
        b"\xff".to_vec(),
        b"\xff\0".to_vec(),
        b"\xff\xff\xff".to_vec(),
    ];
    for key in expected.iter().rev() {
        set(store, p, key, key).await;
    }
    expected.sort();
    for limit in [1, 3, 100] {
        assert_eq!(keys(store, p, b"", limit).await, expected);
    }
    for (index, key) in expected.iter().enumerate() {
        assert_eq!(keys(store, p, key, 100).await, expected[index..]);
        let after = [key.as_slice(), &[0]].concat();
        let later = expected.partition_point(|key| *key < after);
        assert_eq!(keys(store, p, &after, 2).await, expected[later..]);
    }
}

async fn scans_go_on_by_page(store: &dyn KvStore) {
    let p = b"conformance/pages";
    clear(store, p).await;
    let page = store.scan(p, b"", 10).await.expect("scan");
    assert!(page.is_empty() && !page.has_more());
    let all: Vec<Vec<u8>> = (0..2500_u32)
        .map(|n| format!("key-{n:05}").into_bytes())
        .collect();
    let writes: Vec<Write<'_>> = all
        .iter()
        .map(|key| Write::Set { key, value: key })
        .collect();
    store.write_batch(p, &writes).await.expect("write_batch");
    for limit in [1000, 2500, 2501, usize::MAX] {
        assert_eq!(keys(store, p, b"", limit).await, all);
    }
    assert_eq!(keys(store, p, b"key-02", 7).await, all[2000..]);
    assert!(keys(store, p, b"z", 7).await.is_empty());
    let page = store.scan(p, b"", 2500).await.expect("scan");
    assert_eq!(page.len(), 2500);
    let first = page.get(0).expect("an entry");
    assert_eq!(first, (&all[0][..], &all[0][..]));
}

async fn pages_are_bounded_in_bytes(store: &dyn KvStore) {
    let p = b"conformance/page-bytes";
    clear(store, p).await;
    let value = vec![1; MAX_SCAN_PAGE_BYTES / 8];
    for n in 0..12_u8 {
        set(store, p, &[n], &value).await;
    }
    let page = store.scan(p, b"", 100).await.expect("scan");
    assert!(page.has_more());
    assert!(page.len() <= 9, "{} entries in one page", page.len());
    assert_eq!(keys(store, p, b"", 100).await.len(), 12);
    clear(store, p).await;
}

async fn partitions_do_not_touch(store: &dyn KvStore) {
    // Pairs chosen so that a naive concatenation of partition and key collides or interleaves.
    let partitions: [&[u8]; 9] = [
        b"conformance/p",
        b"conformance/p/",
        b"conformance/p/a",
        b"conformance/p\0",
        b"conformance/p\0\0",
        b"conformance/p\0\x01",
        b"conformance/p\xff",
        b"conformance/p\0\xff",
        b"conformance/",
    ];
    let suffixes: [&[u8]; 7] = [b"a", b"/a", b"\0", b"\0\0a", b"\x01", b"p/a", b"\xff"];
    for partition in partitions {
        clear(store, partition).await;
    }
    for partition in partitions {
        for key in suffixes {
            set(store, partition, key, &[partition, b"|", key].concat()).await;
        }
    }
    let mut sorted = suffixes.to_vec();
    sorted.sort_unstable();
    for partition in partitions {
        let entries = scan_all(store, partition, b"", 2).await;
        assert_eq!(entries.len(), sorted.len(), "{partition:?}");
        for ((key, value), expected) in entries.iter().zip(&sorted) {
            assert_eq!(key, expected);
            assert_eq!(*value, [partition, b"|", key].concat());
        }
    }
    clear(store, partitions[0]).await;
    assert!(keys(store, partitions[0], b"", 10).await.is_empty());
    for partition in &partitions[1..] {
        assert_eq!(keys(store, partition, b"", 10).await, sorted);
    }
}

async fn batches_write_and_delete(store: &dyn KvStore) {
    let p = b"conformance/batch";
    clear(store, p).await;
    store.write_batch(p, &[]).await.expect("an empty batch");
    set(store, p, b"a", b"old").await;
    set(store, p, b"b", b"old").await;
    let writes = [
        Write::Set {
            key: b"c",
            value: b"",
        },
        Write::Delete { key: b"a" },
        Write::Set {
            key: b"b",
            value: b"new",
        },
        Write::Delete { key: b"absent" },
    ];
    for _ in 0..2 {
        store.write_batch(p, &writes).await.expect("write_batch");
        let expected = [
            (b"b".to_vec(), b"new".to_vec()),
            (b"c".to_vec(), Vec::new()),
        ];
        assert_eq!(scan_all(store, p, b"", 10).await, expected);
    }
}

async fn partitions_are_cleared_whole(store: &dyn KvStore) {
    let p = b"conformance/clear";
    let all: Vec<[u8; 4]> = (0..25_000_u32).map(u32::to_be_bytes).collect();
    for chunk in all.chunks(5000) {
        let writes: Vec<Write<'_>> = chunk
            .iter()
            .map(|key| Write::Set { key, value: b"v" })
            .collect();
        store.write_batch(p, &writes).await.expect("write_batch");
    }
    for _ in 0..2 {
        clear(store, p).await;
        assert!(keys(store, p, b"", 10).await.is_empty());
        assert_eq!(get(store, p, &all[77]).await, None);
    }
    set(store, p, b"again", b"v").await;
    assert_eq!(keys(store, p, b"", 10).await, [b"again"]);
}

async fn one_of_many_rivals_wins(store: &dyn KvStore) {
    let p = b"conformance/rivals";
    clear(store, p).await;
    for round in 0..5_u8 {
        let ids: Vec<[u8; 1]> = (0..16).map(|id| [id]).collect();
        let tries = ids.iter().map(|id| async {
            let outcome = set_if(store, p, &[round], id, Predicate::Absent).await;
            (outcome == SetIfOutcome::Stored).then(|| id.to_vec())
        });
        let winners: Vec<Vec<u8>> = join_all(tries).await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1);
        assert_eq!(get(store, p, &[round]).await.as_ref(), winners.first());
    }
}

async fn counters_lose_nothing(store: &dyn KvStore) {
    const ACTORS: u64 = 8;
    const STEPS: u64 = 10;
    let (p, k) = (b"conformance/counter", b"k");
    clear(store, p).await;
    set(store, p, k, &0_u64.to_be_bytes()).await;
    let actors = (0..ACTORS).map(|_| async {
        let mut done = 0;
        while done < STEPS {
            let current = get(store, p, k).await.expect("the counter");
            let count = u64::from_be_bytes(current.clone().try_into().expect("eight bytes"));
            let next = (count + 1).to_be_bytes();
            if set_if(store, p, k, &next, Predicate::Value(&current)).await == SetIfOutcome::Stored
            {
                done += 1;
            }
        }
    });
    join_all(actors).await;
    let total = (ACTORS * STEPS).to_be_bytes().to_vec();
    assert_eq!(get(store, p, k).await, Some(total));
}
