//! The journal of small puts beyond what the crash script does: damage, versions, bounds, two stores on
//! one directory, a disk that fails to sync.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lakefs_block::conformance::pattern;
use lakefs_block::testing::CrashFs;
use lakefs_block::{
    BlockError, BlockStore as _, Fs as _, JournalLimits, LocalBlockStore, LocalOptions, Location,
    PutBody, PutOptions,
};
use lakefs_runtime::{Ids, SystemClock};

const JOURNAL: &str = ".lakefs-rs/journal";

fn at(key: &str) -> Location {
    Location {
        bucket: "lake".to_owned(),
        key: key.to_owned(),
    }
}

fn ids() -> Arc<Ids> {
    Arc::new(Ids::system(Arc::new(SystemClock)))
}

fn limits() -> JournalLimits {
    JournalLimits {
        age: Duration::from_mins(10),
        prepared: false,
        ..JournalLimits::default()
    }
}

fn settings(root: &Path) -> LocalOptions {
    LocalOptions {
        root: root.to_owned(),
        ..LocalOptions::default()
    }
}

fn on_crash_fs(fs: &CrashFs, limits: JournalLimits) -> Result<LocalBlockStore, BlockError> {
    let settings = settings(Path::new("/simulated"));
    LocalBlockStore::open_limited(Arc::new(fs.clone()), &settings, limits, ids())
}

fn on_disk(root: &Path) -> Result<LocalBlockStore, BlockError> {
    let disk = LocalBlockStore::disk(&settings(root)).unwrap();
    LocalBlockStore::open_limited(disk, &settings(root), limits(), ids())
}

async fn put(store: &LocalBlockStore, key: &str, seed: u8) -> Result<(), BlockError> {
    let body = PutBody::from_bytes(pattern(1000, seed));
    let put = store.put(&at(key), body, &PutOptions::default()).await;
    put.map(drop)
}

async fn holds(store: &LocalBlockStore, key: &str, seed: u8) -> bool {
    match store.get(&at(key), None).await {
        Ok(got) => got.collect(1 << 20).await.unwrap() == pattern(1000, seed),
        Err(BlockError::NotFound { .. }) => false,
        Err(error) => panic!("{key}: {error:?}"),
    }
}

/// The only segment below a directory, and its bytes.
fn segment(root: &Path) -> (PathBuf, Vec<u8>) {
    let mut segments: Vec<_> = std::fs::read_dir(root.join(JOURNAL))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(segments.len(), 1, "{segments:?}");
    let path = segments.remove(0);
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

/// Three acknowledged puts; their files are lost with the power, their journal is not.
async fn lost_files(root: &Path) {
    let store = on_disk(root).unwrap();
    for (key, seed) in [("a", 1), ("b", 2), ("c", 3)] {
        put(&store, key, seed).await.unwrap();
    }
    drop(store);
    std::fs::remove_dir_all(root.join("lake")).unwrap();
}

fn refusal(root: &Path) -> String {
    let error = on_disk(root).expect_err("a journal that cannot be replayed");
    let source = std::error::Error::source(&error).map(ToString::to_string);
    source.unwrap_or_default()
}

#[tokio::test]
async fn files_that_were_lost_are_put_in_place_again() {
    let directory = tempfile::tempdir().unwrap();
    lost_files(directory.path()).await;
    let store = on_disk(directory.path()).unwrap();
    for (key, seed) in [("a", 1), ("b", 2), ("c", 3)] {
        assert!(holds(&store, key, seed).await, "{key}");
    }
    let journal = std::fs::read_dir(directory.path().join(JOURNAL)).unwrap();
    assert_eq!(journal.count(), 0, "it has served");
}

#[tokio::test]
async fn a_torn_end_is_what_was_never_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    lost_files(directory.path()).await;
    let (path, mut bytes) = segment(directory.path());
    let end = bytes.len() - 1;
    bytes[end] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let store = on_disk(directory.path()).unwrap();
    assert!(holds(&store, "a", 1).await && holds(&store, "b", 2).await);
    assert_eq!(store.head(&at("c")).await.unwrap(), None);
}

#[tokio::test]
async fn damage_in_the_middle_is_named_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    lost_files(directory.path()).await;
    let (path, whole) = segment(directory.path());
    let batch = whole.len() / 3;
    for place in [0, 8, 30, 41, batch - 1, batch, batch + 50] {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        let said = refusal(directory.path());
        assert!(said.contains("damaged"), "byte {place}: {said}");
        assert!(said.contains(path.file_name().unwrap().to_str().unwrap()));
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert!(
            !directory.path().join("lake").exists(),
            "nothing was changed"
        );
    }
    std::fs::write(&path, &whole).unwrap();
    assert!(holds(&on_disk(directory.path()).unwrap(), "c", 3).await);
}

#[tokio::test]
async fn a_journal_of_another_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    lost_files(directory.path()).await;
    let (path, mut bytes) = segment(directory.path());
    bytes[7] = 9;
    std::fs::write(&path, &bytes).unwrap();
    assert!(refusal(directory.path()).contains("version 9"));
}

/// An object whose bytes are a journal is an object.
#[tokio::test]
async fn bodies_that_look_like_batches_are_not_replayed() {
    let directory = tempfile::tempdir().unwrap();
    lost_files(directory.path()).await;
    let (path, bytes) = segment(directory.path());
    std::fs::remove_file(path).unwrap();
    let store = on_disk(directory.path()).unwrap();
    let body = PutBody::from_bytes(bytes);
    store
        .put(&at("journal"), body, &PutOptions::default())
        .await
        .unwrap();
    drop(store);
    // The put itself is torn, so its body lies behind the first unreadable place.
    let (path, mut bytes) = segment(directory.path());
    bytes[20] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let store = on_disk(directory.path()).unwrap();
    assert_eq!(store.head(&at("a")).await.unwrap(), None);
}

#[tokio::test]
async fn two_stores_on_one_directory_keep_their_journals_apart() {
    let directory = tempfile::tempdir().unwrap();
    let first = on_disk(directory.path()).unwrap();
    put(&first, "a", 1).await.unwrap();
    let second = on_disk(directory.path()).unwrap();
    put(&second, "b", 2).await.unwrap();
    let third = on_disk(directory.path()).unwrap();
    let journal = || std::fs::read_dir(directory.path().join(JOURNAL)).unwrap();
    assert_eq!(journal().count(), 2);
    for store in [&first, &second, &third] {
        assert!(holds(store, "a", 1).await && holds(store, "b", 2).await);
    }
    drop((first, third));
    std::fs::remove_dir_all(directory.path().join("lake")).unwrap();
    let fourth = on_disk(directory.path()).unwrap();
    assert!(holds(&fourth, "a", 1).await);
    assert!(!holds(&fourth, "b", 2).await, "its process still lives");
    drop((second, fourth));
    let fifth = on_disk(directory.path()).unwrap();
    assert!(holds(&fifth, "b", 2).await);
}

#[tokio::test]
async fn settling_empties_the_journal() {
    let fs = CrashFs::new();
    let store = on_crash_fs(&fs, limits()).unwrap();
    store.settle().await.unwrap();
    for round in 0..3 {
        for number in 0..5 {
            put(&store, &format!("{round}/{number}"), round)
                .await
                .unwrap();
        }
        store.settle().await.unwrap();
    }
    drop(store);
    assert_eq!(journal_bytes(&fs), 0, "nothing in it counts");
    // Even somebody who knows nothing of journals finds everything.
    let disk = fs.after_crash(0);
    for number in 0..5 {
        assert!(disk.stat(&format!("lake/2/{number}")).is_ok());
    }
    // And a replay would change nothing: what is removed now stays so.
    let later = disk.after_crash(1);
    later.remove_file("lake/2/0").unwrap();
    let store = on_crash_fs(&later, limits()).unwrap();
    assert!(!holds(&store, "2/0", 2).await);
    assert!(holds(&store, "2/1", 2).await);
}

#[tokio::test]
async fn old_or_many_changes_are_settled_without_being_asked_for() {
    let old = JournalLimits {
        age: Duration::from_millis(1),
        ..limits()
    };
    let many = JournalLimits {
        changes: 2,
        ..limits()
    };
    for limits in [old, many] {
        let fs = CrashFs::new();
        let store = on_crash_fs(&fs, limits).unwrap();
        put(&store, "a", 1).await.unwrap();
        put(&store, "b", 2).await.unwrap();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        while fs.after_crash(0).stat("lake/b").is_err() {
            assert!(tokio::time::Instant::now() < deadline, "never synced");
            tokio::task::yield_now().await;
        }
    }
}

/// Bytes of all segments.
fn journal_bytes(fs: &CrashFs) -> u64 {
    let names = fs.list_dir(JOURNAL).unwrap();
    let sizes = names
        .iter()
        .filter_map(|name| fs.stat(&format!("{JOURNAL}/{name}")).ok());
    sizes.map(|stat| stat.size).sum()
}

#[tokio::test]
async fn the_journal_is_bounded_and_puts_go_on() {
    let fs = CrashFs::new();
    let small = JournalLimits {
        segment_bytes: 5000,
        segments: 4,
        ..limits()
    };
    let store = on_crash_fs(&fs, small).unwrap();
    // Nothing can be settled, so the journal fills up.
    fs.set_cannot_sync(true);
    for number in 0..60 {
        put(&store, &format!("data/{number}"), 1).await.unwrap();
        assert!(journal_bytes(&fs) <= 4 * 5000, "after {number}");
    }
    let disk = fs.after_crash(0);
    let again = on_crash_fs(&disk, limits()).unwrap();
    for number in 0..60 {
        assert!(
            holds(&again, &format!("data/{number}"), 1).await,
            "{number}"
        );
    }
    drop(again);
    fs.set_cannot_sync(false);
    store.settle().await.unwrap();
    assert!(journal_bytes(&fs) <= 5000);
}

/// A kernel that failed to write pages back may forget them: the journal has them.
#[tokio::test]
async fn a_failed_sync_loses_nothing() {
    let fs = CrashFs::new();
    let store = on_crash_fs(&fs, limits()).unwrap();
    for (key, seed) in [("a", 1), ("b", 2), ("b", 3), ("c", 4)] {
        put(&store, key, seed).await.unwrap();
    }
    store.delete(&at("c")).await.unwrap();
    fs.set_cannot_sync(true);
    assert!(!holds(&store, "a", 1).await, "the pages are gone");
    let failed = store.settle().await;
    assert!(
        matches!(failed, Err(BlockError::Unavailable { .. })),
        "{failed:?}"
    );
    fs.set_cannot_sync(false);
    store.settle().await.unwrap();
    assert!(holds(&store, "a", 1).await && holds(&store, "b", 3).await);
    assert_eq!(store.head(&at("c")).await.unwrap(), None);
    drop(store);
    let store = on_crash_fs(&fs.after_crash(0), limits()).unwrap();
    assert!(holds(&store, "a", 1).await && holds(&store, "b", 3).await);
    assert_eq!(store.head(&at("c")).await.unwrap(), None);
}

/// What the caller was told failed must not keep the next server from starting.
#[tokio::test]
async fn a_put_that_cannot_be_put_in_place_is_taken_back() {
    let directory = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let store = on_disk(directory.path()).unwrap();
    std::os::unix::fs::symlink(outside.path(), directory.path().join("lake")).unwrap();
    let refused = put(&store, "a", 1).await;
    assert!(
        matches!(refused, Err(BlockError::InvalidAddress { .. })),
        "{refused:?}"
    );
    let body = PutBody::from_bytes("elsewhere");
    let other = Location {
        bucket: "other".to_owned(),
        key: "b".to_owned(),
    };
    let options = PutOptions::default();
    store.put(&other, body, &options).await.unwrap();
    drop(store);
    let store = on_disk(directory.path()).unwrap();
    assert!(store.head(&other).await.unwrap().is_some());
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_full_disk_refuses_small_puts_and_passes() {
    let fs = CrashFs::new();
    let store = on_crash_fs(&fs, limits()).unwrap();
    put(&store, "a", 1).await.unwrap();
    fs.set_full(true);
    let refused = put(&store, "b", 2).await;
    assert!(
        matches!(refused, Err(BlockError::Unavailable { .. })),
        "{refused:?}"
    );
    assert!(!holds(&store, "b", 2).await && holds(&store, "a", 1).await);
    fs.set_full(false);
    put(&store, "b", 3).await.unwrap();
    assert!(holds(&store, "b", 3).await);
    drop(store);
    let store = on_crash_fs(&fs.after_crash(0), limits()).unwrap();
    assert!(holds(&store, "a", 1).await && holds(&store, "b", 3).await);
}

#[tokio::test]
async fn racing_small_puts_and_removals_leave_what_the_last_one_left() {
    let fs = CrashFs::new();
    let store = on_crash_fs(&fs, limits()).unwrap();
    let calls = (0..40u8).map(|seed| {
        let store = &store;
        async move {
            if seed % 4 == 3 {
                store.delete(&at("raced")).await.unwrap();
            } else {
                put(store, "raced", seed).await.unwrap();
            }
        }
    });
    futures_util::future::join_all(calls).await;
    let read = |store: LocalBlockStore| async move {
        match store.get(&at("raced"), None).await {
            Ok(got) => Some(got.collect(1 << 20).await.unwrap()),
            Err(_) => None,
        }
    };
    let before = read(store).await;
    let after = read(on_crash_fs(&fs.after_crash(0), limits()).unwrap()).await;
    assert_eq!(before, after);
}
