//! Bodies that go past the page cache, and the reads that do.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use lakefs_block::{
    Address, BlockStore as _, ByteRange, LocalBlockStore, LocalOptions, Location, PutBody,
    PutOptions,
};
use lakefs_runtime::{Ids, SystemClock};
use lakefs_types::StorageNamespace;

const MIB: usize = 1 << 20;

/// Every eight bytes say where they are.
fn content(size: usize) -> Bytes {
    (0_u64..)
        .flat_map(u64::to_be_bytes)
        .take(size)
        .collect::<Vec<u8>>()
        .into()
}

/// The content in chunks of no size in particular.
fn body(content: &Bytes) -> PutBody {
    let chunks: Vec<_> = content
        .chunks(77_777)
        .map(|chunk| Ok(content.slice_ref(chunk)))
        .collect();
    PutBody {
        stream: Box::pin(stream::iter(chunks)),
        length: Some(content.len() as u64),
    }
}

struct Fixture {
    _directory: tempfile::TempDir,
    store: LocalBlockStore,
    place: Location,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = LocalOptions {
            root: directory.path().to_owned(),
            ..LocalOptions::default()
        };
        let ids = Arc::new(Ids::system(Arc::new(SystemClock)));
        let store = LocalBlockStore::open(&options, ids).unwrap();
        let namespace = StorageNamespace::new("local://lake").unwrap();
        let place = store
            .locate(&namespace, Address::Relative("data/large"))
            .unwrap();
        Self {
            _directory: directory,
            store,
            place,
        }
    }

    async fn put(&self, content: &Bytes) -> String {
        let options = PutOptions::default();
        let put = self.store.put(&self.place, body(content), &options);
        let outcome = put.await.unwrap();
        assert_eq!(outcome.size, content.len() as u64);
        outcome.md5
    }

    async fn read(&self, range: Option<ByteRange>) -> Bytes {
        let got = self.store.get(&self.place, range).await.unwrap();
        got.collect(u64::MAX).await.unwrap()
    }
}

/// Sizes around the end of what goes through the page cache, of batches, and of disk sectors.
#[tokio::test]
async fn large_bodies_come_back_as_they_went() {
    for size in [
        16 * MIB - 1,
        16 * MIB,
        16 * MIB + 1,
        17 * MIB,
        18 * MIB + 4096,
        20 * MIB + 123,
    ] {
        let fixture = Fixture::new();
        let content = content(size);
        let md5 = fixture.put(&content).await;
        assert_eq!(
            md5,
            hex::encode(<md5::Md5 as md5::Digest>::digest(&content))
        );
        // Past the page cache if at all, then through it.
        assert!(fixture.read(None).await == content, "{size}");
        assert!(fixture.read(None).await == content, "{size}");
    }
}

#[tokio::test]
async fn a_long_range_from_anywhere_is_exact() {
    let content = content(40 * MIB + 5);
    for start in [0, 1, 4095, 4096, 1_000_003] {
        for cut in [0, 1, 4096] {
            let fixture = Fixture::new();
            fixture.put(&content).await;
            let end = content.len() - 1 - cut;
            let range = ByteRange::Bounded {
                start: start as u64,
                end: end as u64,
            };
            assert!(
                fixture.read(Some(range)).await == content.slice(start..=end),
                "{start}..={end}"
            );
        }
    }
}
