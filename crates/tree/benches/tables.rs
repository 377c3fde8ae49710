//! Where the milliseconds of commit, diff, merge and reading go, on the content that the load harness
//! stages: `cargo bench -p lakefs-tree --bench tables`. Each figure is the least of a few runs.
//!
//! Arguments: a section (`parts`, `commits`, `merges`, `reads`, or `front`, which commits at the front of a
//! range a hundred times, for profilers), and the number of objects.
#![expect(clippy::print_stdout, reason = "prints its figures")]
#![allow(missing_docs, reason = "a program")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use lakefs_block::{BlockStore, LocalBlockStore, LocalOptions};
use lakefs_runtime::{Ids, SystemClock};
use lakefs_tree::{
    ChangePage, CommitOptions, CommitOutcome, MergeOptions, MergeOutcome, TreeConfig, TreeCounters,
    TreeStore,
};
use lakefs_types::identity::IdentityHasher;
use lakefs_types::{MetaRangeId, StorageNamespace};

fn put_text(out: &mut Vec<u8>, field: u8, text: &str) {
    out.push(field << 3 | 2);
    out.push(u8::try_from(text.len()).expect("short"));
    out.extend_from_slice(text.as_bytes());
}

fn set(page: &mut ChangePage, key: &str, n: u32) {
    let etag = format!("{n:032x}");
    let mut data = Vec::new();
    put_text(
        &mut data,
        1,
        &format!("local://bench/bench-1700000000/ext/{n:08}"),
    );
    data.extend_from_slice(b"\x12\x06\x08\x80\xe2\xcf\xaa\x06\x18\xe8\x87\x06");
    put_text(&mut data, 4, &etag);
    data.extend_from_slice(b"\x30\x02");
    put_text(&mut data, 7, "application/octet-stream");
    let mut identity = IdentityHasher::new();
    identity.int64(i64::from(n)).string(&etag);
    page.set(key.as_bytes(), &identity.finish(), &data);
}

struct Bench {
    blocks: Arc<dyn BlockStore>,
    store: TreeStore,
    ns: StorageNamespace,
}

impl Bench {
    async fn commit(&self, base: &MetaRangeId, page: &ChangePage) -> MetaRangeId {
        let options = CommitOptions::default();
        match self
            .store
            .commit(&self.ns, base, &mut page.clone(), &options)
            .await
        {
            Ok(CommitOutcome::Written { metarange, .. }) => metarange,
            other => unreachable!("{other:?}"),
        }
    }

    async fn measure<T>(&self, name: &str, runs: u32, work: impl AsyncFn() -> T) -> T {
        let before = self.store.counters();
        let (mut best, mut best_cpu) = (Duration::MAX, f64::MAX);
        let mut last = None;
        for _ in 0..runs {
            let (start, cpu) = (Instant::now(), cpu_ms());
            last = Some(work().await);
            best = best.min(start.elapsed());
            best_cpu = best_cpu.min(cpu_ms() - cpu);
        }
        let did = self.store.counters().since(&before);
        let wall = best.as_secs_f64() * 1e3;
        println!(
            "{name:<42} {wall:>8.2} ms, cpu {best_cpu:>8.2}  {}",
            summary(&did, runs)
        );
        last.expect("at least one run")
    }
}

/// Processor time of all threads, where the system tells it to the nanosecond.
fn cpu_ms() -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return f64::NAN;
    };
    let ns = |task: std::fs::DirEntry| -> Option<f64> {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    tasks.flatten().filter_map(ns).sum::<f64>() / 1e6
}

fn summary(did: &TreeCounters, runs: u32) -> String {
    let per = |n: u64| n / u64::from(runs);
    format!(
        "ranges {}+{} blocks read {} hit {} encoded {} copied {} fingerprints {}",
        per(did.ranges_written),
        per(did.ranges_reused),
        per(did.blocks_read),
        per(did.block_cache_hits),
        per(did.blocks_encoded),
        per(did.blocks_copied),
        per(did.fingerprints_read),
    )
}

/// The parts of rewriting the largest range, one by one.
async fn parts(bench: &Bench, base: &MetaRangeId) {
    let range = &bench.store.ranges(&bench.ns, base).await.expect("ranges")[0];
    let file = bench
        .store
        .table_file(&bench.ns, range.id.as_str())
        .await
        .expect("a table");
    let mut raw = Vec::new();
    let read = async || {
        let mut sum = 0;
        file.for_each(|record| sum += record.data.len())
            .expect("whole");
        sum
    };
    bench
        .measure("  part: decode and walk the range", 5, read)
        .await;
    file.for_each(|record| {
        raw.extend_from_slice(record.key);
        raw.extend_from_slice(record.identity);
        raw.extend_from_slice(record.data);
    })
    .expect("whole");
    let hash = async || <sha2::Sha256 as sha2::Digest>::digest(&raw);
    bench.measure("  part: hash its bytes", 5, hash).await;
    let mut encoder = snap::raw::Encoder::new();
    let mut out = vec![0; snap::raw::max_compress_len(4096)];
    let mut best = f64::MAX;
    for _ in 0..5 {
        let start = cpu_ms();
        for block in raw.chunks(4096) {
            encoder.compress(block, &mut out).expect("room");
        }
        best = best.min(cpu_ms() - start);
    }
    println!("  part: compress its {} bytes: {best:.3} ms cpu", raw.len());
    let location = bench
        .store
        .location(&bench.ns, &"0".repeat(64))
        .expect("a place");
    let blocks = &bench.blocks;
    let file = vec![7u8; 5_781_340];
    let put = async || {
        blocks
            .put(
                &location,
                lakefs_block::PutBody::from_bytes(file.clone()),
                &lakefs_block::PutOptions::default(),
            )
            .await
            .expect("stored")
    };
    bench.measure("  part: store its file", 5, put).await;
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let only = std::env::args().nth(1).unwrap_or_default();
    let objects = std::env::args().nth(2).and_then(|count| count.parse().ok());
    let wanted = |section: &str| only.is_empty() || only.starts_with('-') || only == section;
    runtime.block_on(async {
        let directory = tempfile::tempdir().expect("a directory");
        let keys = keys(objects.unwrap_or(200_000));
        let (bench, base) = bench(directory.path(), &keys).await;
        if wanted("parts") {
            parts(&bench, &base).await;
        }
        if wanted("commits") {
            commits(&bench, &base).await;
        }
        if only == "front" {
            let page = one("tables/000/new-x0-00000");
            let commit = async || bench.commit(&base, &page).await;
            bench
                .measure("commit 1 new key at the front", 100, commit)
                .await;
        }
        if wanted("merges") {
            merges(&bench, &base).await;
        }
        if wanted("reads") {
            reads(&bench, &base, &keys).await;
        }
    });
}

fn keys(objects: u32) -> Vec<(String, u32)> {
    let mut keys: Vec<(String, u32)> = (0..objects)
        .map(|n| (format!("tables/{:03}/part-{n:08}.parquet", n % 100), n))
        .collect();
    keys.sort();
    keys
}

fn one(key: &str) -> ChangePage {
    let mut page = ChangePage::new();
    set(&mut page, key, 7);
    page
}

/// A store with objects of these keys.
async fn bench(root: &std::path::Path, keys: &[(String, u32)]) -> (Bench, MetaRangeId) {
    let ids = Arc::new(Ids::system(Arc::new(SystemClock)));
    let options = LocalOptions {
        root: root.to_owned(),
        ..LocalOptions::default()
    };
    let blocks: Arc<dyn BlockStore> =
        Arc::new(LocalBlockStore::open(&options, ids).expect("a store"));
    let bench = Bench {
        store: TreeStore::new(Arc::clone(&blocks), TreeConfig::default()),
        blocks,
        ns: StorageNamespace::new("local://bench/repo").expect("a namespace"),
    };
    let mut bulk = ChangePage::new();
    for (key, n) in keys {
        set(&mut bulk, key, *n);
    }
    let write = async || bench.commit(&MetaRangeId::EMPTY, &bulk).await;
    let base = bench.measure("write all records", 3, write).await;
    for range in bench.store.ranges(&bench.ns, &base).await.expect("ranges") {
        println!(
            "  range of {} records, {} bytes",
            range.count, range.estimated_size_bytes
        );
    }
    (bench, base)
}

async fn commits(bench: &Bench, base: &MetaRangeId) {
    for (name, key) in [
        ("commit 1 new key at the front", "tables/000/new-x0-00000"),
        (
            "commit 1 changed key at the front",
            "tables/000/part-00000100.parquet",
        ),
        (
            "commit 1 changed key at the end of a range",
            "tables/049/part-00000049.parquet",
        ),
    ] {
        let page = one(key);
        bench
            .measure(name, 10, async || bench.commit(base, &page).await)
            .await;
    }
    let mut spread = ChangePage::new();
    let mut keys: Vec<_> = (0..1000)
        .map(|n| format!("tables/{:03}/new-w-{n:05}", n % 100))
        .collect();
    keys.sort();
    for key in &keys {
        set(&mut spread, key, 9);
    }
    bench
        .measure("commit 1,000 spread keys", 3, async || {
            bench.commit(base, &spread).await
        })
        .await;
}

async fn merges(bench: &Bench, base: &MetaRangeId) {
    let ours = bench.commit(base, &one("tables/000/new-x0-00000")).await;
    let theirs = bench.commit(base, &one("tables/000/new-x1-00000")).await;
    let diff = async |store: &TreeStore| {
        let mut diff = store.diff(&bench.ns, &ours, &theirs).await.expect("diff");
        let mut found = 0;
        while diff.next().await.expect("diff").is_some() {
            found += 1;
        }
        assert_eq!(found, 2);
    };
    bench
        .measure("diff of 1 change each", 10, async || {
            diff(&bench.store).await;
        })
        .await;
    let fresh = async || {
        let store = TreeStore::new(Arc::clone(&bench.blocks), TreeConfig::default());
        diff(&store).await;
    };
    bench.measure("  the same in a new process", 3, fresh).await;
    let merge = async || {
        let options = MergeOptions::default();
        match bench
            .store
            .merge(&bench.ns, base, &ours, &theirs, &options)
            .await
        {
            Ok(MergeOutcome::Merged(id)) => id,
            other => unreachable!("{other:?}"),
        }
    };
    bench.measure("merge of 1 change each", 10, merge).await;
}

/// Prints what each of `count` runs of something took, in processor time.
fn per(name: &str, count: u32, since_ms: f64) {
    println!(
        "{name:<42} {:>8.0} ns",
        (cpu_ms() - since_ms) * 1e6 / f64::from(count)
    );
}

async fn reads(bench: &Bench, base: &MetaRangeId, keys: &[(String, u32)]) {
    let objects = u32::try_from(keys.len()).expect("counted in 32 bits");
    let mut iter = bench.store.iter(&bench.ns, base).await.expect("iter");
    let prefixes: Vec<_> = (0..100).map(|n| format!("tables/{n:03}0")).collect();
    for round in 0..2 {
        let start = cpu_ms();
        for prefix in prefixes
            .iter()
            .cycle()
            .take(if round == 0 { 100 } else { 100_000 })
        {
            iter.seek(prefix.as_bytes()).await.expect("seek");
            iter.next().await.expect("next");
        }
        if round == 1 {
            per("seek to a prefix and read one record", 100_000, start);
        }
    }
    for name in [
        "get, all keys in order, first time",
        "get, all keys in order",
    ] {
        let start = cpu_ms();
        for (key, _) in keys {
            let record = bench.store.get(&bench.ns, base, key.as_bytes()).await;
            assert!(record.expect("get").is_some());
        }
        per(name, objects, start);
    }
    let mut at = 0;
    let start = cpu_ms();
    for _ in 0..objects {
        at = (at + 77_777) % keys.len();
        let record = bench
            .store
            .get(&bench.ns, base, keys[at].0.as_bytes())
            .await;
        assert!(record.expect("get").is_some());
    }
    per("get, scattered keys", objects, start);
    let start = cpu_ms();
    let mut iter = bench.store.iter(&bench.ns, base).await.expect("iter");
    let mut bytes = 0;
    while let Some(record) = iter.next().await.expect("next") {
        bytes += record.key.len() + record.data.len();
    }
    per("iterate, per record", objects, start);
    assert!(bytes > 0);
}
