//! What one commit over REST costs where everything is on disk: the embedded key-value store and local
//! objects. Time is for benches; these counts are what it is made of (docs/performance.md).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lakefs_block::{
    BlockStore, FileStat, Fs, FsFile, JournalLimits, LocalBlockStore, LocalOptions,
};
use lakefs_kv::testing::FaultyKv;
use lakefs_kv::{EmbeddedKv, EmbeddedOptions};
use lakefs_runtime::{Ids, SystemClock};
use lakefs_testkit::Stores;
use lakefs_tree::{RangePolicy, TreeConfig, TreeStore};
use serde_json::json;

use crate::harness::{Lake, MAIN};

/// Files of this machine; counts what makes a caller wait for the disk.
#[derive(Debug)]
struct CountedFs {
    disk: Arc<dyn Fs>,
    syncs: Arc<AtomicU64>,
}

#[derive(Debug)]
struct CountedFile {
    file: Box<dyn FsFile>,
    syncs: Arc<AtomicU64>,
}

impl FsFile for CountedFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.file.sync()
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<bytes::Bytes> {
        self.file.read_at(offset, length)
    }

    fn stat(&self) -> io::Result<FileStat> {
        self.file.stat()
    }

    fn set_modified(&self, modified: lakefs_runtime::Timestamp) -> io::Result<()> {
        self.file.set_modified(modified)
    }
}

impl CountedFs {
    fn counted(&self, file: Box<dyn FsFile>) -> Box<dyn FsFile> {
        Box::new(CountedFile {
            file,
            syncs: Arc::clone(&self.syncs),
        })
    }
}

impl Fs for CountedFs {
    fn create(&self, path: &str) -> io::Result<Box<dyn FsFile>> {
        self.disk.create(path).map(|file| self.counted(file))
    }

    fn create_sized(&self, path: &str, bytes: u64) -> io::Result<Box<dyn FsFile>> {
        let file = self.disk.create_sized(path, bytes)?;
        Ok(self.counted(file))
    }

    fn open(&self, path: &str) -> io::Result<Arc<dyn FsFile>> {
        self.disk.open(path)
    }

    fn stat(&self, path: &str) -> io::Result<FileStat> {
        self.disk.stat(path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn hard_link(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.hard_link(from, to)
    }

    fn remove_file(&self, path: &str) -> io::Result<()> {
        self.disk.remove_file(path)
    }

    fn make_dir(&self, path: &str) -> io::Result<()> {
        self.disk.make_dir(path)
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        self.disk.remove_dir(path)
    }

    fn list_dir(&self, path: &str) -> io::Result<Vec<String>> {
        self.disk.list_dir(path)
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.disk.sync_dir(path)
    }

    fn can_sync_all(&self) -> bool {
        self.disk.can_sync_all()
    }

    /// Made by the store's own thread; no put waits for it.
    fn sync_all(&self) -> io::Result<()> {
        self.disk.sync_all()
    }

    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Send + Sync>>> {
        self.disk.lock(path)
    }

    fn real_path(&self, path: &str) -> Option<PathBuf> {
        self.disk.real_path(path)
    }
}

/// A lake on disk, and what counts its work.
struct Disk {
    lake: Lake,
    tree: TreeStore,
    kv: Arc<FaultyKv>,
    embedded: Arc<EmbeddedKv>,
    file_syncs: Arc<AtomicU64>,
}

async fn on_disk(home: &Path) -> Disk {
    let ids = Arc::new(Ids::system(Arc::new(SystemClock)));
    let options = LocalOptions {
        root: home.join("blocks"),
        ..LocalOptions::default()
    };
    let file_syncs = Arc::new(AtomicU64::new(0));
    let fs = CountedFs {
        disk: LocalBlockStore::disk(&options).unwrap(),
        syncs: Arc::clone(&file_syncs),
    };
    // No checkpoint by age: its sync is nobody's.
    let limits = JournalLimits {
        age: Duration::from_hours(24),
        ..JournalLimits::default()
    };
    let local = LocalBlockStore::open_limited(Arc::new(fs), &options, limits, Arc::clone(&ids));
    let blocks: Arc<dyn BlockStore> = Arc::new(local.unwrap());
    let records = home.join("kv");
    let embedded = EmbeddedKv::open(&records, EmbeddedOptions::default());
    let embedded = Arc::new(embedded.await.unwrap());
    let kv = Arc::new(FaultyKv::new(Arc::<EmbeddedKv>::clone(&embedded)));
    let ranges = RangePolicy {
        raggedness_entries: 20,
        ..RangePolicy::default()
    };
    let config = TreeConfig {
        ranges,
        ..TreeConfig::default()
    };
    let tree = TreeStore::new(Arc::clone(&blocks), config);
    let lake = Lake::over(Stores {
        kv: Arc::<FaultyKv>::clone(&kv),
        blocks,
        tree: tree.clone(),
        clock: Arc::new(SystemClock),
        ids,
    });
    Disk {
        lake: lake.await,
        tree,
        kv,
        embedded,
        file_syncs,
    }
}

#[tokio::test]
async fn a_commit_of_one_change_costs_its_range_and_three_writes() {
    let home = tempfile::tempdir().unwrap();
    let Disk {
        lake,
        tree,
        kv,
        embedded,
        file_syncs,
    } = on_disk(home.path()).await;
    let made = json!({"name": "lake", "storage_namespace": "local://bucket/lake"});
    let made = lake.post("/repositories").json(&made).send().await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let stage = async |path: String| {
        let stage = format!("{MAIN}/objects?path={path}");
        let entry = json!({
            "physical_address": format!("local://bucket/elsewhere/{path}"),
            "checksum": "c".repeat(32),
            "size_bytes": 5,
        });
        let staged = lake.put(&stage).json(&entry).send().await;
        assert_eq!(staged.status, 201, "{:?}", staged.body);
    };
    for n in 0..400 {
        stage(format!("tables/{:02}/part-{n:05}", n / 10)).await;
    }
    lake.commit("all").await;
    stage("tables/20/new".to_owned()).await;
    lake.commit("warm").await;

    stage("tables/20/newer".to_owned()).await;
    let tables = tree.counters();
    let (kv_syncs, syncs) = (embedded.syncs(), file_syncs.load(Ordering::Relaxed));
    kv.reset_calls();
    lake.commit("one").await;
    let calls = kv.calls();
    let kv_syncs = embedded.syncs() - kv_syncs;
    let syncs = file_syncs.load(Ordering::Relaxed) - syncs;
    let did = tree.counters().since(&tables);

    // Branch, staged page of one; seal; changes; commit record; branch.
    assert_eq!(
        (calls.get, calls.scan, calls.set_if),
        (1, 2, 3),
        "{calls:?}"
    );
    // One for each of the three; noting in the background what was dropped may be a fourth.
    assert!((3..=4).contains(&kv_syncs), "{kv_syncs} syncs of records");
    assert_eq!(
        (did.ranges_written, did.metaranges_written),
        (1, 1),
        "{did:?}"
    );
    assert!(did.ranges_reused > 5, "{did:?}");
    // Both tables are small: each costs one sync, or both share one.
    assert!((1..=2).contains(&syncs), "{syncs} syncs of files");
    // Of the range nothing is read twice, of the others nothing at all.
    let (read, written) = (did.block_bytes_read, did.bytes_written);
    assert!(read > 0 && read < written, "{did:?}");
    // A record more may be a block more.
    let made = did.blocks_encoded + did.blocks_copied;
    assert!(
        (did.blocks_read..=did.blocks_read + 1).contains(&made),
        "{did:?}"
    );
    assert!(
        did.tables_opened <= 2,
        "the metarange and the range: {did:?}"
    );
}
