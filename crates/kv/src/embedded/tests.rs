use super::*;

async fn open(path: &Path) -> EmbeddedKv {
    EmbeddedKv::open(path, EmbeddedOptions::default())
        .await
        .unwrap()
}

#[tokio::test]
async fn the_embedded_store_keeps_the_contract() {
    let home = tempfile::tempdir().unwrap();
    crate::conformance::run(Arc::new(open(home.path()).await)).await;
}

#[tokio::test]
async fn writes_survive_reopening() {
    let home = tempfile::tempdir().unwrap();
    for round in 0..3_u8 {
        let path = home.path().join("deep/er");
        let store = open(&path).await;
        for earlier in 0..round {
            let value = store.get(b"p", &[earlier]).await.unwrap();
            assert_eq!(value.as_deref(), Some(&[earlier][..]));
        }
        store.set(b"p", &[round], &[round]).await.unwrap();
        let refused = EmbeddedKv::open(&path, EmbeddedOptions::default());
        assert!(matches!(refused.await, Err(KvError::Refused { .. })));
    }
}

/// Niceness of the threads of this process that have a name.
#[cfg(target_os = "linux")]
fn niceness_of(name: &str) -> Vec<i32> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let niceness = tasks.flatten().filter_map(|task| {
        // A thread may end meanwhile.
        let stat = std::fs::read_to_string(task.path().join("stat")).ok()?;
        let (before, after) = stat.rsplit_once(')')?;
        let named = before.split_once('(')?.1 == name;
        named.then(|| after.split_whitespace().nth(16)?.parse().ok())?
    });
    niceness.collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn background_threads_give_way_and_no_others() {
    let own = || rustix::process::getpriority_process(None).unwrap();
    let before = own();
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    store.set(b"p", b"k", b"v").await.unwrap();
    // A thread names itself, which may take it a moment.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while niceness_of("fjall:worker").is_empty() && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    let workers = niceness_of("fjall:worker");
    assert!(!workers.is_empty());
    let lowered = (before + 10).min(19);
    assert!(workers.iter().all(|nice| *nice == lowered), "{workers:?}");
    assert!(niceness_of("kv-commit").iter().all(|nice| *nice == before));
    assert_eq!(own(), before);
}

#[tokio::test]
async fn simultaneous_writers_share_syncs() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    let writers = (0..64_u8).map(|writer| {
        let store = &store;
        async move {
            for step in 0..10_u8 {
                store.set(b"p", &[writer, step], b"v").await.unwrap();
            }
        }
    });
    futures_util::future::join_all(writers).await;
    // 640 writes; every group but the first holds what gathered during a sync.
    assert!(store.syncs() <= 100, "{} syncs", store.syncs());
    let before = store.syncs();
    let refused = store.set_if(b"p", &[0, 0], b"w", Predicate::Absent).await;
    assert_eq!(refused.unwrap(), SetIfOutcome::Mismatch);
    assert_eq!(store.syncs(), before, "a refused write costs no sync");
}

#[tokio::test]
async fn a_dropped_write_leaves_the_store_working() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    for round in 0..20_u8 {
        let key = [round];
        drop(futures_util::poll!(store.set(b"p", &key, b"v")));
    }
    store.set(b"p", b"last", b"v").await.unwrap();
    // The queue is in order, so all of them are stored before the last one is.
    assert_eq!(store.scan(b"p", b"", 100).await.unwrap().len(), 21);
}

#[tokio::test]
async fn an_engine_that_gave_up_is_replaced_by_the_next_write() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path()).await;
    store.set(b"p", b"a", b"1").await.unwrap();
    store.slot.break_now();
    assert_eq!(store.get(b"p", b"a").await.unwrap().unwrap(), "1");
    store.set(b"p", b"b", b"2").await.unwrap();
    assert_eq!(store.scan(b"p", b"", 100).await.unwrap().len(), 2);
    store.ping().await.unwrap();
}

#[tokio::test]
async fn damaged_files_are_named() {
    let home = tempfile::tempdir().unwrap();
    open(home.path()).await.set(b"p", b"a", b"1").await.unwrap();
    for (victim, named) in [
        ("engine/version", "engine"),
        ("engine/keyspaces/1/current", "engine"),
        ("FORMAT", "FORMAT"),
    ] {
        let path = home.path().join(victim);
        let good = std::fs::read(&path).unwrap();
        std::fs::write(&path, b"damage").unwrap();
        let error = EmbeddedKv::open(home.path(), EmbeddedOptions::default())
            .await
            .unwrap_err();
        let KvError::Corrupt { detail, .. } = &error else {
            panic!("{victim}: {error:?}");
        };
        assert!(detail.contains(named), "{detail}");
        std::fs::write(&path, good).unwrap();
    }
    open(home.path()).await.ping().await.unwrap();
}

#[tokio::test]
async fn a_batch_torn_by_power_loss_is_dropped_and_the_rest_kept() {
    let home = tempfile::tempdir().unwrap();
    let value = vec![0x77; 20_000];
    {
        let store = open(home.path()).await;
        store.set(b"p", b"kept", &value).await.unwrap();
        store.set(b"p", b"torn", &value).await.unwrap();
    }
    let path = journal::newest(&home.path().join("engine"))
        .unwrap()
        .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    // A page inside the last batch that never reached the disk, while its end did.
    let page = (end - 10_000) / 4096 * 4096;
    bytes[page..page + 4096].fill(0);
    std::fs::write(&path, &bytes).unwrap();
    let store = open(home.path()).await;
    assert_eq!(store.get(b"p", b"kept").await.unwrap().unwrap(), value);
    assert_eq!(store.get(b"p", b"torn").await.unwrap(), None);
    store.set(b"p", b"torn", b"again").await.unwrap();
    drop(store);
    let store = open(home.path()).await;
    assert_eq!(store.get(b"p", b"torn").await.unwrap().unwrap(), "again");
}
