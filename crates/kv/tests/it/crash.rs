//! Power loss at every point of an embedded store's life.
//!
//! A child writes under `strace`. Its system calls are replayed onto a disk that forgets what was not
//! synced ([`disk::Disk`]); each state that disk ever had is written out and opened: everything noted
//! as acknowledged by then must be there, and opening must need no help. The same with some of the
//! unsynced pages on disk, in no order, and with all of them.

mod disk;
mod trace;

use std::path::Path;
use std::process::Command;

use self::disk::{Disk, Survival};
use self::trace::{Call, Tracer};
use crate::child::{Orders, check, noted};

/// At most this many states are opened; beyond, every other one and so on.
const STATES: usize = 120;

#[tokio::test]
async fn acknowledged_writes_survive_power_loss_at_every_point() {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("skipped: strace is not installed");
        return;
    }
    // In memory where there is such a place: the syncs of hundreds of openings are not the point.
    let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let home = home.unwrap();
    let home = home.path().canonicalize().unwrap();
    let root = home.join("disk");
    std::fs::create_dir(&root).unwrap();
    let orders = Orders {
        store: root.join("deep/store"),
        acknowledged: home.join("acknowledged"),
        writers: 4,
        steps: 20,
        round: 0,
        // Small, so that tables are written and merged on the way.
        write_buffer_bytes: 32 << 10,
    };
    let trace = home.join("trace");
    let tracer = Tracer::writing_to(&trace);
    let ended = orders.command(&tracer.wrapper()).status().unwrap();
    assert!(ended.success());
    let calls = trace::parse(&std::fs::read_to_string(&trace).unwrap());

    let mut states = Vec::new();
    let mut disk = Disk::new(&root);
    let mut notes = Vec::new();
    for call in &calls {
        if let Call::Write { path, bytes, .. } = call
            && *path == orders.acknowledged
        {
            notes.extend_from_slice(bytes);
        }
        // Only a sync changes what survives for sure, so the moments before one ends are all there
        // are, and they are when most is known and most is unsynced.
        if let Call::SyncEnds { thread } = call
            && disk.is_syncing(*thread)
        {
            states.push((disk.clone(), notes.len()));
        }
        disk.apply(call);
    }
    states.push((disk, notes.len()));
    assert!(states.len() > 50, "{} syncs", states.len());
    let expected = orders.writers * orders.steps;
    assert_eq!(noted(&notes).len(), usize::try_from(expected).unwrap());
    let stride = states.len().div_ceil(STATES);
    let last = states.len() - 1;
    for (number, (disk, known)) in states.into_iter().enumerate() {
        // The beginning of a store is where most differs from sync to sync.
        if number > 20 && number != last && number % stride != 0 {
            continue;
        }
        let known = noted(&notes[..known]);
        open_after(&home, &disk, Survival::SyncedOnly, number, &known).await;
        if number % 2 == 0 {
            let seed = u64::try_from(number).unwrap();
            open_after(&home, &disk, Survival::SomePages(seed), number, &known).await;
        }
        if number % 8 == 0 {
            open_after(&home, &disk, Survival::Everything, number, &known).await;
        }
    }
}

async fn open_after(
    home: &Path,
    disk: &Disk,
    survival: Survival,
    number: usize,
    noted: &[[u32; 3]],
) {
    let target = home.join(format!("state-{number}"));
    disk.write_out(&target, survival);
    eprintln!("state {number}, {survival:?}, {} acknowledged", noted.len());
    check(&target.join("deep/store"), noted).await;
    std::fs::remove_dir_all(&target).unwrap();
}
