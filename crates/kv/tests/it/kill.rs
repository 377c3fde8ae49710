//! `kill -9` of a process with many writers, again and again on one store: every acknowledged write
//! is there afterwards and opening needs no help.

use std::time::{Duration, Instant};

use crate::child::{Orders, check, noted};

#[tokio::test]
async fn acknowledged_writes_survive_kill() {
    let home = tempfile::tempdir().unwrap();
    let orders = Orders {
        store: home.path().join("store"),
        acknowledged: home.path().join("acknowledged"),
        writers: 12,
        steps: u32::MAX,
        round: 0,
        // Small, so that tables are written and merged all the time.
        write_buffer_bytes: 256 << 10,
    };
    for round in 0..6 {
        let before = std::fs::metadata(&orders.acknowledged).map_or(0, |file| file.len());
        let orders = Orders {
            round,
            ..orders.clone()
        };
        let mut child = orders.command(&[]).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        let enough = 4000 + u64::from(round) * 4321;
        // The notes grow as long as the child lives; killed at another point each round.
        while std::fs::metadata(&orders.acknowledged).map_or(0, |file| file.len()) < before + enough
        {
            assert!(Instant::now() < deadline, "the child writes nothing");
            assert!(child.try_wait().unwrap().is_none(), "the child ended");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let noted = noted(&std::fs::read(&orders.acknowledged).unwrap());
        assert!(noted.len() > 200);
        check(&orders.store, &noted).await;
    }
}
