//! Power loss at every single change of a local store: what was acknowledged is there and whole, what
//! was not is whole or absent, and opening again needs no repair.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use lakefs_block::Fs as _;
use lakefs_block::conformance::{chunked, pattern};
use lakefs_block::testing::CrashFs;
use lakefs_block::{
    BlockError, BlockStore as _, JournalLimits, LocalBlockStore, LocalOptions, Location,
    MultipartStore as _, PutBody, PutOptions, UploadedPart,
};
use lakefs_runtime::{Ids, SystemClock};

fn at(key: &str) -> Location {
    Location {
        bucket: "lake".to_owned(),
        key: key.to_owned(),
    }
}

fn open(fs: &CrashFs) -> Result<LocalBlockStore, BlockError> {
    let options = LocalOptions {
        root: "/simulated".into(),
        ..LocalOptions::default()
    };
    let ids = Arc::new(Ids::system(Arc::new(SystemClock)));
    // Small segments, so that some are filled; bodies over 2,000 bytes go the long way.
    let limits = JournalLimits {
        body_bytes: 2000,
        segment_bytes: 3000,
        segments: 6,
        age: Duration::from_mins(10),
        changes: 1000,
        prepared: true,
    };
    LocalBlockStore::open_limited(Arc::new(fs.clone()), &options, limits, ids)
}

/// What each key may hold: one value if the last change to it was acknowledged, else two.
#[derive(Default)]
struct Oracle {
    keys: BTreeMap<&'static str, Vec<Option<Bytes>>>,
    /// Uploads that were to be completed, with their parts.
    uploads: Vec<(&'static str, String, Vec<UploadedPart>)>,
}

impl Oracle {
    fn begin(&mut self, key: &'static str, value: Option<Bytes>) {
        let allowed = self.keys.entry(key).or_insert_with(|| vec![None]);
        assert_eq!(allowed.len(), 1, "the script stops at its first failure");
        allowed.push(value);
    }

    fn acknowledge(&mut self, key: &str) {
        drop(self.keys.get_mut(key).unwrap().remove(0));
    }
}

/// More than goes to disk in one piece.
static LARGE: LazyLock<Bytes> = LazyLock::new(|| pattern((1 << 20) + 10_000, 9));

async fn put(
    store: &LocalBlockStore,
    oracle: &mut Oracle,
    key: &'static str,
    value: Bytes,
) -> Result<(), BlockError> {
    oracle.begin(key, Some(value.clone()));
    let body = chunked(&value, 300_000, None);
    store.put(&at(key), body, &PutOptions::default()).await?;
    oracle.acknowledge(key);
    Ok(())
}

async fn delete(
    store: &LocalBlockStore,
    oracle: &mut Oracle,
    key: &'static str,
) -> Result<(), BlockError> {
    oracle.begin(key, None);
    store.delete(&at(key)).await?;
    oracle.acknowledge(key);
    Ok(())
}

/// Some of everything a store does; ends at the first failure.
async fn script(store: &LocalBlockStore, oracle: &mut Oracle) -> Result<(), BlockError> {
    let options = PutOptions::default();
    let small = |seed| pattern(1000, seed);
    let large = LARGE.clone();
    for (key, value) in [
        ("repo/data/p1/one", small(1)),
        ("repo/data/p1/two", large.clone()),
        ("repo/data/p2/deep/er/three", small(3)),
        ("repo/data/p1/one", small(4)),
        ("repo/odd//key/", small(5)),
        // In the way of the next, which yields.
        ("repo/clash", small(6)),
        ("repo/clash/below", small(7)),
        ("repo/empty", Bytes::new()),
        // From the journal to a plain file and back: a replay must not bring the first one back.
        ("repo/data/p1/turns", small(12)),
        ("repo/data/p1/turns", large.clone()),
        ("repo/data/p1/turns", small(13)),
    ] {
        put(store, oracle, key, value).await?;
    }
    delete(store, oracle, "repo/data/p1/turns").await?;
    delete(store, oracle, "repo/clash/below").await?;
    delete(store, oracle, "repo/clash").await?;
    // Free now, so the odd one moves.
    put(store, oracle, "repo/clash/below", small(14)).await?;
    for seed in 20..26 {
        put(store, oracle, "repo/data/p1/again", small(seed)).await?;
    }
    store.settle().await?;
    delete(store, oracle, "repo/data/p1/again").await?;
    put(store, oracle, "repo/data/p4/new/dirs", small(27)).await?;
    oracle.begin("repo/copy/one", Some(small(4)));
    store
        .copy(&at("repo/data/p1/one"), &at("repo/copy/one"))
        .await?;
    oracle.acknowledge("repo/copy/one");
    delete(store, oracle, "repo/data/p1/two").await?;
    // A copy onto an object the journal still holds.
    put(store, oracle, "repo/copy/two", small(15)).await?;
    oracle.begin("repo/copy/two", Some(small(4)));
    store
        .copy(&at("repo/copy/one"), &at("repo/copy/two"))
        .await?;
    oracle.acknowledge("repo/copy/two");

    let key = "repo/data/p3/parts";
    let id = store.create(&at(key), &options).await?;
    let mut parts = Vec::new();
    for (number, value) in [(2, small(10)), (1, small(11)), (1, small(17))] {
        let body = PutBody::from_bytes(value);
        let place = at(key);
        let part = store.upload_part(&place, &id, number, body, &options);
        parts.push(part.await?);
    }
    oracle.begin(key, Some([small(17), small(10)].concat().into()));
    let chosen = [parts[2].clone(), parts[0].clone()];
    oracle.uploads.push((key, id.clone(), chosen.to_vec()));
    store.complete(&at(key), &id, &chosen).await?;
    oracle.acknowledge(key);
    let key = "repo/data/p3/one-part";
    let id = store.create(&at(key), &options).await?;
    let (place, body) = (at(key), PutBody::from_bytes(small(16)));
    let part = store.upload_part(&place, &id, 1, body, &options).await?;
    oracle.begin(key, Some(small(16)));
    oracle.uploads.push((key, id.clone(), vec![part.clone()]));
    store.complete(&at(key), &id, &[part]).await?;
    oracle.acknowledge(key);
    Ok(())
}

/// Keys that hold after a crash what they must not.
async fn violations(fs: &CrashFs, oracle: &Oracle) -> Vec<String> {
    let store = open(fs).unwrap_or_else(|error| panic!("opening after a crash: {error:?}"));
    let mut found = Vec::new();
    for (key, allowed) in &oracle.keys {
        let got = match store.get(&at(key), None).await {
            Ok(got) => Some(got.collect(1 << 30).await.unwrap()),
            Err(BlockError::NotFound { .. }) => None,
            Err(error) => panic!("reading {key} after a crash: {error:?}"),
        };
        if !allowed.contains(&got) {
            let size = got.map(|got| got.len());
            found.push(format!("{key} holds {size:?} bytes"));
        }
    }
    // A completion can be tried again: it succeeds, or it had.
    for (key, id, parts) in &oracle.uploads {
        let there = store.head(&at(key)).await.unwrap().is_some();
        let again = store.complete(&at(key), id, parts).await;
        match again {
            Ok(_) => {}
            Err(BlockError::NoSuchUpload { .. }) if there => {}
            Err(error) => found.push(format!("completing {key} again: {error:?}")),
        }
        let got = store.get(&at(key), None).await.unwrap();
        let last = oracle.keys[key].last().unwrap().as_ref().unwrap();
        assert_eq!(got.collect(1 << 30).await.unwrap(), *last);
    }
    let uploads = fs.list_dir(".lakefs-rs/uploads").unwrap();
    assert!(
        uploads.len() <= 1,
        "more than the upload that was under way: {uploads:?}"
    );
    let scratch = fs.list_dir(".lakefs-rs/tmp").unwrap();
    assert_eq!(scratch.len(), 2, "left behind: {scratch:?}");
    let journal = fs.list_dir(".lakefs-rs/journal").unwrap();
    assert!(journal.is_empty(), "left behind: {journal:?}");
    // The store still works, whatever was lost.
    let body = PutBody::from_bytes("after");
    store
        .put(&at("repo/data/p1/after"), body, &PutOptions::default())
        .await
        .unwrap();
    found
}

async fn run_until(cut: u64, lies: bool) -> (CrashFs, Oracle) {
    let (fs, mut oracle) = (CrashFs::new(), Oracle::default());
    if lies {
        fs.lie_about_directories();
    }
    fs.stop_after(cut);
    if let Ok(store) = open(&fs) {
        let ended = script(&store, &mut oracle).await;
        // Clearing away what a completed upload leaves may fail without failing the call.
        assert!(ended.is_ok() || fs.stopped(), "cut {cut}: {ended:?}");
    }
    (fs, oracle)
}

#[tokio::test]
async fn every_cut_point_keeps_what_was_acknowledged() {
    let mut cut = 0;
    loop {
        let (fs, oracle) = run_until(cut, false).await;
        for seed in 0..5 {
            let found = violations(&fs.after_crash(seed), &oracle).await;
            assert!(found.is_empty(), "cut {cut}, seed {seed}: {found:?}");
        }
        if !fs.stopped() {
            break;
        }
        cut += 1;
    }
    assert!(cut > 100, "the script made only {cut} changes");
}

/// The replay is cut short at each of its changes, too, and done again.
#[tokio::test]
async fn a_replay_that_loses_power_is_done_again() {
    let (fs, oracle) = run_until(u64::MAX, false).await;
    for seed in [0, 1, 2, 3] {
        let crashed = fs.after_crash(seed);
        let mut cut = 0;
        loop {
            let disk = crashed.after_crash(1);
            disk.stop_after(cut);
            let opened = open(&disk).is_ok();
            assert!(opened || disk.stopped());
            for again in [0, 1, 5] {
                let found = violations(&disk.after_crash(again), &oracle).await;
                assert!(found.is_empty(), "cut {cut}, seed {seed}: {found:?}");
            }
            if !disk.stopped() {
                break;
            }
            cut += 1;
        }
        assert!(cut > 10, "the replay made only {cut} changes");
    }
}

/// Shows that the test above would notice a forgotten sync of a directory.
#[tokio::test]
async fn a_directory_that_is_not_synced_is_noticed() {
    let (fs, oracle) = run_until(u64::MAX, true).await;
    let disk = fs.after_crash(0);
    let held = oracle
        .keys
        .keys()
        .filter(|key| disk.stat(&format!("lake/{key}")).is_ok());
    assert_eq!(held.count(), 0);
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_passes() {
    let fs = CrashFs::new();
    let store = open(&fs).unwrap();
    let put = || async {
        let body = PutBody::from_bytes(pattern(3_000_000, 1));
        store.put(&at("k"), body, &PutOptions::default()).await
    };
    fs.set_full(true);
    let refused = put().await;
    assert!(
        matches!(refused, Err(BlockError::Unavailable { .. })),
        "{refused:?}"
    );
    assert_eq!(store.head(&at("k")).await.unwrap(), None);
    fs.set_full(false);
    put().await.unwrap();
    let scratch = fs.list_dir(".lakefs-rs/tmp").unwrap();
    let own = scratch.iter().find(|name| !name.contains(".lock")).unwrap();
    assert!(
        fs.list_dir(&format!(".lakefs-rs/tmp/{own}/0"))
            .unwrap()
            .is_empty()
    );
}
