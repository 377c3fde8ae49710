//! What the local store costs, in processor time of this process with all its threads and in time of
//! the clock: `taskset -c 0 cargo bench -p lakefs-block --bench local`. The directory lies below
//! `TMPDIR`. Processor time is what to compare; the clock also measures the disk and its other users.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::unchecked_time_subtraction,
    reason = "prints its figures"
)]
#![allow(missing_docs, reason = "a program")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt as _;
use lakefs_block::{
    BlockStore as _, JournalLimits, LocalBlockStore, LocalOptions, Location, PutBody, PutOptions,
};
use lakefs_runtime::{Ids, SystemClock, TaskScope};

/// Requests under way at a time.
const CLIENTS: usize = 32;

/// Processor time of this process so far, in steps of 10 ms.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let ticks = |at: usize| fields[at].parse::<u64>().expect("a number");
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

fn report(what: &str, count: usize, begun: (Instant, Duration), mut waits: Vec<Duration>) {
    let (wall, cpu) = (begun.0.elapsed(), cpu() - begun.1);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
    waits.sort();
    let p99 = waits
        .get(waits.len() * 99 / 100)
        .copied()
        .unwrap_or_default();
    println!(
        "{what:44} {:8.1} us cpu {:8.1} us wall {:8.0}/s  p99 {:.1} ms",
        each(cpu),
        each(wall),
        count as f64 / wall.as_secs_f64(),
        p99.as_secs_f64() * 1e3
    );
}

fn megabytes(what: &str, size: usize, begun: (Instant, Duration)) {
    let (wall, cpu) = (begun.0.elapsed(), cpu() - begun.1);
    let rate = |time: Duration| size as f64 / 1e6 / time.as_secs_f64();
    println!(
        "{what:44} {:8.0} MB/s of cpu {:8.0} MB/s",
        rate(cpu),
        rate(wall)
    );
}

fn at(key: String) -> Location {
    Location {
        bucket: "lake".to_owned(),
        key,
    }
}

async fn puts(store: &LocalBlockStore, name: &str, count: usize, size: usize) {
    let body = Bytes::from(vec![7; size]);
    let options = PutOptions::default();
    let begun = (Instant::now(), cpu());
    let one = |i: usize| {
        // Fresh names in no order, as the server draws them.
        let key = format!(
            "data/{name}/{:016x}{i:06}",
            i.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        );
        let (body, options) = (body.clone(), &options);
        async move {
            let begun = Instant::now();
            let place = at(key);
            let put = store.put(&place, PutBody::from_bytes(body), options);
            put.await.expect("a put");
            begun.elapsed()
        }
    };
    let waits: Vec<_> = futures_util::stream::iter((0..count).map(one))
        .buffer_unordered(CLIENTS)
        .collect()
        .await;
    report(&format!("put {size} bytes, {name}"), count, begun, waits);
}

async fn gets(store: &LocalBlockStore, name: &str, count: usize) {
    let begun = (Instant::now(), cpu());
    let one = |i: usize| {
        let key = format!(
            "data/{name}/{:016x}{i:06}",
            i.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        );
        async move {
            let begun = Instant::now();
            let got = store.get(&at(key), None).await.expect("an object");
            got.collect(1 << 30).await.expect("its bytes");
            begun.elapsed()
        }
    };
    let waits: Vec<_> = futures_util::stream::iter((0..count).map(one))
        .buffer_unordered(CLIENTS)
        .collect()
        .await;
    report(&format!("get, {name}"), count, begun, waits);
}

async fn large(store: &LocalBlockStore, size: usize) {
    let chunk = Bytes::from(vec![7; 64 << 10]);
    for (name, without_md5) in [("with MD5", false), ("without MD5", true)] {
        let chunks = vec![chunk.clone(); size / chunk.len()];
        let body = PutBody {
            stream: Box::pin(futures_util::stream::iter(chunks.into_iter().map(Ok))),
            length: Some(size as u64),
        };
        let options = PutOptions {
            without_md5,
            ..PutOptions::default()
        };
        let begun = (Instant::now(), cpu());
        let place = at("data/large".to_owned());
        let put = store.put(&place, body, &options);
        put.await.expect("a put");
        megabytes(&format!("put {} MiB {name}", size >> 20), size, begun);
    }
    for _ in 0..4 {
        let begun = (Instant::now(), cpu());
        let got = store.get(&at("data/large".to_owned()), None).await;
        let mut stream = got.expect("an object").stream;
        while let Some(chunk) = stream.next().await {
            drop(chunk.expect("a chunk"));
        }
        megabytes(&format!("get {} MiB", size >> 20), size, begun);
    }
    let begun = Instant::now();
    let target = at("data/copy".to_owned());
    let copied = store.copy(&at("data/large".to_owned()), &target).await;
    copied.expect("a copy");
    println!("copy: {:.2} ms", begun.elapsed().as_secs_f64() * 1e3);
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let directory = tempfile::tempdir().expect("a directory");
    let open = |name: &str, limits| {
        let options = LocalOptions {
            root: directory.path().join(name),
            ..LocalOptions::default()
        };
        let disk = LocalBlockStore::disk(&options).expect("a directory");
        let ids = Arc::new(Ids::system(Arc::new(SystemClock)));
        Arc::new(LocalBlockStore::open_limited(disk, &options, limits, ids).expect("a store"))
    };
    let journaled = open("journaled", JournalLimits::default());
    let plain = open(
        "plain",
        JournalLimits {
            body_bytes: 0,
            ..JournalLimits::default()
        },
    );
    runtime.block_on(async {
        // On a worker, as in a server: the main thread would have to be woken for everything.
        let task = TaskScope::new().spawn(async move {
            // `large` as an argument leaves the small ones out.
            if std::env::args().any(|argument| argument == "large") {
                return large(&plain, 512 << 20).await;
            }
            for size in [1 << 10, 16 << 10, 64 << 10] {
                let count = if size > 20_000 { 3000 } else { 20_000 };
                puts(&journaled, &format!("journal-{size}"), count, size).await;
                puts(&plain, &format!("plain-{size}"), count.min(3000), size).await;
            }
            gets(&journaled, "journal-1024", 20_000).await;
            gets(&journaled, "journal-65536", 3000).await;
            large(&plain, 512 << 20).await;
        });
        task.await.expect("no panic");
    });
}
