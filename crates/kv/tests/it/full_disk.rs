//! A disk that fills up under an embedded store and has room again later.

use std::path::{Path, PathBuf};
use std::process::Command;

use lakefs_kv::{EmbeddedKv, EmbeddedOptions, KvError, KvStore as _, Predicate};
use tempfile::TempDir;

/// A small file system in memory, gone when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// Nothing where this process may not mount.
    fn mount() -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"])
            .arg(home.path())
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then(|| Self(home))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount")
            .arg("-l")
            .arg(self.path())
            .status()
            .unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_stops_writes_until_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: this process may not mount a small file system");
        return;
    };
    std::fs::write(disk.ballast(), vec![1; 6 << 20]).unwrap();
    let options = EmbeddedOptions {
        // Small, so that background work meets the full disk too.
        write_buffer_bytes: 256 << 10,
        ..EmbeddedOptions::default()
    };
    let path = disk.path().join("store");
    let store = EmbeddedKv::open(&path, options.clone()).await.unwrap();
    let value = vec![7; 10_000];
    let mut acknowledged = 0_u32;
    let error = loop {
        match store.set(b"p", &acknowledged.to_be_bytes(), &value).await {
            Ok(()) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 2000, "12 MiB hold no 20 MB");
    };
    assert!(matches!(error, KvError::Unavailable { .. }), "{error:?}");
    assert!(acknowledged > 100, "{acknowledged}");
    for _ in 0..3 {
        let answer = store.set_if(b"p", b"new", &value, Predicate::Absent).await;
        assert!(
            matches!(
                answer,
                Err(KvError::Unavailable { .. } | KvError::Indeterminate { .. })
            ),
            "{answer:?}"
        );
        let read = store.get(b"p", &0_u32.to_be_bytes()).await.unwrap();
        assert_eq!(read.as_deref(), Some(&value[..]));
    }

    std::fs::remove_file(disk.ballast()).unwrap();
    store.set(b"p", b"after", b"v").await.unwrap();
    assert_all_there(&store, acknowledged).await;
    drop(store);
    let store = EmbeddedKv::open(&path, options).await.unwrap();
    assert_all_there(&store, acknowledged).await;
    assert!(store.get(b"p", b"after").await.unwrap().is_some());
}

async fn assert_all_there(store: &EmbeddedKv, acknowledged: u32) {
    for number in 0..acknowledged {
        let key = number.to_be_bytes();
        assert!(
            store.get(b"p", &key).await.unwrap().is_some(),
            "{number} is lost"
        );
    }
}
