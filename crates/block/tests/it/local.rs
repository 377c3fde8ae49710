//! The store of files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use lakefs_block::conformance::{self, Profile};
use lakefs_block::{
    Address, BlockError, BlockStore as _, ByteRange, LocalBlockStore, LocalOptions, Location,
    MultipartStore as _, PutBody, PutOptions, relative_to,
};
use lakefs_runtime::{Ids, SystemClock};
use lakefs_types::StorageNamespace;

fn ids() -> Arc<Ids> {
    Arc::new(Ids::system(Arc::new(SystemClock)))
}

#[tokio::test]
async fn it_conforms() {
    let directory = tempfile::tempdir().unwrap();
    let options = LocalOptions {
        root: directory.path().join("made/when/absent"),
        ..LocalOptions::default()
    };
    let store = LocalBlockStore::open(&options, ids()).unwrap();
    let profile = Profile {
        min_part_bytes: 1,
        refuses_dot_segments: true,
        stand_in: false,
    };
    let namespace = StorageNamespace::new("local://gold/golden").unwrap();
    conformance::run(Arc::new(store), &namespace, profile).await;
}

struct Fixture {
    directory: tempfile::TempDir,
    store: LocalBlockStore,
}

impl Fixture {
    fn new(options: impl FnOnce(&Path) -> LocalOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = LocalBlockStore::open(&options(directory.path()), ids()).unwrap();
        Self { directory, store }
    }

    fn plain() -> Self {
        Self::new(|path| LocalOptions {
            root: path.join("root"),
            ..LocalOptions::default()
        })
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    fn locate(&self, address: &str) -> Result<Location, BlockError> {
        self.store.locate(&namespace(), Address::Full(address))
    }

    async fn put(&self, key: &str, text: &'static str) -> Location {
        let place = self
            .store
            .locate(&namespace(), Address::Relative(key))
            .unwrap();
        let body = PutBody::from_bytes(text);
        self.store
            .put(&place, body, &PutOptions::default())
            .await
            .unwrap();
        place
    }

    async fn read(&self, place: &Location) -> Result<Bytes, BlockError> {
        self.store.get(place, None).await?.collect(1000).await
    }
}

fn namespace() -> StorageNamespace {
    StorageNamespace::new("local://gold/golden").unwrap()
}

#[tokio::test]
async fn objects_lie_where_lakefs_puts_them() {
    let fixture = Fixture::plain();
    let place = fixture.put("data/p/x", "bytes").await;
    let file = fixture.root().join("gold/golden/data/p/x");
    assert_eq!(std::fs::read(&file).unwrap(), b"bytes");
    let address = format!("local://{}", file.display());
    assert_eq!(fixture.store.physical_address(&place), address);
    assert_eq!(fixture.locate(&address).unwrap(), place);
    assert_eq!(
        fixture.locate("local://gold/golden/data/p/x").unwrap(),
        place
    );
    assert_eq!(fixture.store.local_file(&place), Some(file));
    std::fs::write(fixture.root().join("gold/golden/data/p/y"), "theirs").unwrap();
    let theirs = fixture.locate("local://gold/golden/data/p/y").unwrap();
    assert_eq!(fixture.read(&theirs).await.unwrap(), "theirs");
}

#[tokio::test]
async fn addresses_never_leave_the_root() {
    let fixture = Fixture::plain();
    std::fs::write(fixture.directory.path().join("secret"), "secret").unwrap();
    let root = fixture.root().display().to_string();
    for address in [
        "local://../secret".to_owned(),
        "local://gold/../../secret".to_owned(),
        format!("local://{root}/../secret"),
        format!("local://{root}/gold/../../secret"),
        format!("local://{root}x/secret"),
        format!("local://{root}"),
        format!("local://{root}/gold"),
        format!("local://{root}/.lakefs-rs/tmp/x"),
        "local://.lakefs-rs/tmp/x".to_owned(),
        "local:///etc/passwd".to_owned(),
        "s3://gold/golden".to_owned(),
    ] {
        let found = fixture.locate(&address);
        assert!(
            matches!(found, Err(BlockError::InvalidAddress { .. })),
            "{address}: {found:?}"
        );
        assert_eq!(relative_to(&fixture.store, &namespace(), &address), None);
    }
    for namespace in [
        "local://../up",
        "local://a/../../b",
        "local:///abs",
        "local://.lakefs-rs/x",
    ] {
        let namespace = StorageNamespace::new(namespace).unwrap();
        let found = fixture.store.locate(&namespace, Address::Relative("k"));
        assert!(
            matches!(found, Err(BlockError::InvalidAddress { .. })),
            "{namespace}"
        );
    }
    // A key may well say so, but it means nothing to the file system.
    let place = fixture.put("../../../secret", "mine").await;
    assert_eq!(fixture.read(&place).await.unwrap(), "mine");
    let outside = fixture.directory.path().join("secret");
    assert_eq!(std::fs::read(outside).unwrap(), b"secret");
}

#[tokio::test]
async fn symbolic_links_do_not_lead_out() {
    let fixture = Fixture::plain();
    let outside = fixture.directory.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret"), "secret").unwrap();
    let place = fixture.put("data/x", "x").await;
    let base = fixture.root().join("gold/golden");
    std::os::unix::fs::symlink(&outside, base.join("way")).unwrap();
    std::os::unix::fs::symlink("../../../outside/secret", base.join("file")).unwrap();
    let at = |key: &str| {
        fixture
            .store
            .locate(&namespace(), Address::Relative(key))
            .unwrap()
    };
    for key in ["way/secret", "file"] {
        let place = at(key);
        let refusals = [
            fixture.store.get(&place, None).await.map(drop),
            fixture.store.head(&place).await.map(drop),
            fixture.store.copy(&place, &at("copy")).await,
        ];
        for refused in refusals {
            assert!(
                matches!(refused, Err(BlockError::InvalidAddress { .. })),
                "{key}: {refused:?}"
            );
        }
        assert_eq!(fixture.store.local_file(&place), None);
    }
    let body = PutBody::from_bytes("x");
    let target = at("way/new");
    let refused = fixture
        .store
        .put(&target, body, &PutOptions::default())
        .await;
    assert!(
        matches!(refused, Err(BlockError::InvalidAddress { .. })),
        "{refused:?}"
    );
    assert!(fixture.store.delete(&at("way/secret")).await.is_err());
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(fixture.read(&place).await.unwrap(), "x");
}

#[tokio::test]
async fn files_outside_are_read_only_below_allowed_prefixes() {
    let fixture = Fixture::new(|path| LocalOptions {
        root: path.join("root"),
        import_enabled: true,
        allowed_external_prefixes: vec![path.join("allowed")],
        ..LocalOptions::default()
    });
    let base = fixture.directory.path().to_owned();
    for directory in ["allowed/sub", "allowed-not", "denied"] {
        std::fs::create_dir_all(base.join(directory)).unwrap();
        std::fs::write(base.join(directory).join("f"), "outside").unwrap();
    }
    std::os::unix::fs::symlink("../../denied/f", base.join("allowed/sub/link")).unwrap();
    let address = |path: &str| format!("local://{}/{path}", base.display());
    for denied in [
        "denied/f",
        "allowed-not/f",
        "allowed/../denied/f",
        "allowed",
        "allowed/",
    ] {
        assert!(fixture.locate(&address(denied)).is_err(), "{denied}");
    }
    let place = fixture.locate(&address("allowed/sub/f")).unwrap();
    assert_eq!(
        fixture.store.physical_address(&place),
        address("allowed/sub/f")
    );
    assert_eq!(fixture.read(&place).await.unwrap(), "outside");
    assert_eq!(
        relative_to(&fixture.store, &namespace(), &address("allowed/sub/f")),
        None
    );
    let link = fixture.locate(&address("allowed/sub/link")).unwrap();
    assert!(matches!(
        fixture.read(&link).await,
        Err(BlockError::InvalidAddress { .. })
    ));

    let body = PutBody::from_bytes("x");
    let put = fixture
        .store
        .put(&place, body, &PutOptions::default())
        .await;
    assert!(
        matches!(put, Err(BlockError::InvalidAddress { .. })),
        "{put:?}"
    );
    assert!(fixture.store.delete(&place).await.is_err());
    // A copy is ours: changing the original must not change it.
    let copy = fixture
        .store
        .locate(&namespace(), Address::Relative("copy"))
        .unwrap();
    fixture.store.copy(&place, &copy).await.unwrap();
    std::fs::write(base.join("allowed/sub/f"), "changed").unwrap();
    assert_eq!(fixture.read(&copy).await.unwrap(), "outside");
    assert!(fixture.store.copy(&copy, &place).await.is_err());
}

#[tokio::test]
async fn long_objects_read_back_past_the_page_cache_and_through_it() {
    let fixture = Fixture::plain();
    // Neither a whole number of pieces nor of sectors.
    let body: Bytes = (0..(20_u32 << 20) + 12_345)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let all = ByteRange::From { start: 0 };
    let within = ByteRange::Bounded {
        start: 5,
        end: (18 << 20) + 1,
    };
    let end = ByteRange::Suffix {
        length: (17 << 20) + 3,
    };
    for (number, range) in [all, within, end].into_iter().enumerate() {
        let place = fixture
            .store
            .locate(&namespace(), Address::Relative(&format!("data/{number}")))
            .unwrap();
        let put = PutBody::from_bytes(body.clone());
        let options = PutOptions::default();
        fixture.store.put(&place, put, &options).await.unwrap();
        let (start, length) = range.resolve(body.len() as u64).unwrap();
        let at = |offset: u64| usize::try_from(offset).unwrap();
        let wanted = body.slice(at(start)..at(start + length));
        // The first long read passes the cache by, the second fills it.
        for _ in 0..2 {
            let got = fixture.store.get(&place, Some(range)).await.unwrap();
            assert_eq!(got.length, length);
            assert!(got.collect(1 << 30).await.unwrap() == wanted);
        }
    }
}

#[tokio::test]
async fn a_directory_removed_by_others_is_made_again() {
    let fixture = Fixture::plain();
    fixture.put("data/p/x", "x").await;
    std::fs::remove_dir_all(fixture.root().join("gold")).unwrap();
    let place = fixture.put("data/p/y", "y").await;
    assert_eq!(fixture.read(&place).await.unwrap(), "y");
}

#[tokio::test]
async fn leftovers_of_the_dead_are_cleared_and_of_the_living_kept() {
    let fixture = Fixture::plain();
    let tmp = fixture.root().join(".lakefs-rs/tmp");
    std::fs::create_dir_all(tmp.join("dead/0")).unwrap();
    std::fs::write(tmp.join("dead/0/7"), "half").unwrap();
    std::fs::write(tmp.join("dead/8"), "half, of an older version").unwrap();
    std::fs::write(tmp.join("dead.lock"), "").unwrap();
    let options = LocalOptions {
        root: fixture.root(),
        ..LocalOptions::default()
    };
    let second = LocalBlockStore::open(&options, ids()).unwrap();
    assert_eq!(
        std::fs::read_dir(&tmp).unwrap().count(),
        4,
        "two directories, two locks"
    );
    let place = fixture.put("data/x", "x").await;
    assert!(second.head(&place).await.unwrap().is_some());
}

#[tokio::test]
async fn uploads_survive_a_restart() {
    let fixture = Fixture::plain();
    let place = fixture
        .store
        .locate(&namespace(), Address::Relative("parts"))
        .unwrap();
    let options = PutOptions::default();
    let id = fixture.store.create(&place, &options).await.unwrap();
    let body = PutBody::from_bytes("part");
    let part = fixture
        .store
        .upload_part(&place, &id, 1, body, &options)
        .await
        .unwrap();
    let settings = LocalOptions {
        root: fixture.root(),
        ..LocalOptions::default()
    };
    let again = LocalBlockStore::open(&settings, ids()).unwrap();
    let other = again
        .locate(&namespace(), Address::Relative("other"))
        .unwrap();
    assert!(
        again
            .complete(&other, &id, std::slice::from_ref(&part))
            .await
            .is_err()
    );
    assert_eq!(again.complete(&place, &id, &[part]).await.unwrap().size, 4);
    let uploads = fixture.root().join(".lakefs-rs/uploads");
    assert_eq!(std::fs::read_dir(uploads).unwrap().count(), 0);
    for id in ["", "../tmp", "0123456789abcdef0123456789abcdeg"] {
        let body = PutBody::from_bytes("x");
        let refused = again.upload_part(&place, id, 1, body, &options).await;
        assert!(
            matches!(refused, Err(BlockError::NoSuchUpload { .. })),
            "{id:?}"
        );
    }
}

/// What `get` does on the spot must never leave the root, nor take a part of a file for all of it.
#[test]
fn what_is_in_memory_is_read_by_the_same_rules() {
    let (directory, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let settings = LocalOptions {
        root: directory.path().to_owned(),
        ..LocalOptions::default()
    };
    let disk = LocalBlockStore::disk(&settings).unwrap();
    disk.create("inside").unwrap().append(b"bytes").unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path(), directory.path().join("link")).unwrap();
    assert!(disk.open_cached("link/secret").is_none());
    assert!(disk.open_cached("absent").is_none());
    assert!(disk.open_cached("").is_none(), "a directory");
    // Old kernels and some file systems never answer at once.
    if let Some(file) = disk.open_cached("inside") {
        assert!(file.read_cached(0, 6).is_none(), "it has five");
        for (from, length) in [(0, 5), (1, 3), (5, 0)] {
            if let Some(bytes) = file.read_cached(from as u64, length) {
                assert_eq!(bytes, b"bytes"[from..from + length]);
            }
        }
    }
}
