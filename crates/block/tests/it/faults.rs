//! The stores that misbehave on purpose.

use std::sync::Arc;

use lakefs_block::conformance::{self, Profile};
use lakefs_block::testing::{FaultyBlockStore, When, YieldingBlockStore};
use lakefs_block::{
    BlockError, BlockObserver, BlockStore, CallReport, Instrumented, Location, MemBlockStore,
    PutBody, PutOptions,
};
use lakefs_runtime::{Ids, SystemClock};
use lakefs_types::StorageNamespace;
use parking_lot::Mutex;

fn memory() -> Arc<MemBlockStore> {
    Arc::new(MemBlockStore::new(Arc::new(Ids::system(Arc::new(
        SystemClock,
    )))))
}

fn at(key: &str) -> Location {
    Location {
        bucket: "b".to_owned(),
        key: key.to_owned(),
    }
}

const PROFILE: Profile = Profile {
    min_part_bytes: 1,
    refuses_dot_segments: false,
    stand_in: false,
};

#[tokio::test]
async fn wrapped_stores_conform() {
    let namespace = StorageNamespace::new("mem://bucket/repo").unwrap();
    let wrapped: [Arc<dyn BlockStore>; 3] = [
        Arc::new(FaultyBlockStore::new(memory())),
        Arc::new(YieldingBlockStore::new(memory(), 7)),
        Arc::new(Instrumented::new(memory(), Arc::new(Heard::default()))),
    ];
    for store in wrapped {
        conformance::run(store, &namespace, PROFILE).await;
    }
}

#[tokio::test]
async fn a_fault_comes_before_or_after_the_effect() {
    let inner = memory();
    let store = FaultyBlockStore::new(Arc::clone(&inner) as Arc<dyn BlockStore>);
    let put = |key| {
        let (store, place) = (&store, at(key));
        async move {
            let body = PutBody::from_bytes("0123456789");
            store.put(&place, body, &PutOptions::default()).await
        }
    };
    store.fail_nth(2, When::Before);
    put("a").await.unwrap();
    assert!(matches!(
        put("b").await,
        Err(BlockError::Unavailable { .. })
    ));
    assert_eq!(inner.locations(), [at("a")]);
    store.fail_nth(1, When::After);
    assert!(put("c").await.is_err());
    assert_eq!(inner.locations(), [at("a"), at("c")]);
    store.fail_nth(1, When::After);
    let got = store.get(&at("a"), None).await.unwrap().collect(100).await;
    assert!(
        matches!(got, Err(BlockError::Unavailable { .. })),
        "{got:?}"
    );
    assert_eq!(
        (store.calls(), store.calls_of("put"), store.bytes()),
        (4, 3, (20, 10))
    );
    store.fail_nth(9, When::Before);
    assert!(store.heal());
    store.set_down(true);
    assert!(put("d").await.is_err());
    store.set_down(false);
    put("d").await.unwrap();
}

#[derive(Debug, Default)]
struct Heard(Mutex<Vec<(&'static str, bool, Option<u64>)>>);

impl BlockObserver for Heard {
    fn finished(&self, report: &CallReport) {
        let row = (report.operation, report.failed, report.bytes);
        self.0.lock().push(row);
    }

    fn abandoned(&self, operation: &'static str) {
        self.0.lock().push((operation, true, None));
    }
}

#[tokio::test]
async fn the_observer_hears_of_every_call() {
    let heard = Arc::new(Heard::default());
    let faulty = Arc::new(FaultyBlockStore::new(memory()));
    let store = Instrumented::new(
        Arc::clone(&faulty) as Arc<dyn BlockStore>,
        Arc::clone(&heard) as Arc<dyn BlockObserver>,
    );
    let body = PutBody::from_bytes("abc");
    store
        .put(&at("a"), body, &PutOptions::default())
        .await
        .unwrap();
    drop(store.get(&at("a"), None).await.unwrap());
    assert!(store.get(&at("b"), None).await.is_err());
    faulty.set_down(true);
    assert!(store.head(&at("a")).await.is_err());
    faulty.set_down(false);
    let endless = PutBody {
        stream: Box::pin(futures_util::stream::pending()),
        length: None,
    };
    let options = PutOptions::default();
    let place = at("c");
    let mut put = store.put(&place, endless, &options);
    let pending = std::future::poll_fn(|context| {
        std::task::Poll::Ready(put.as_mut().poll(context).is_pending())
    });
    assert!(pending.await);
    drop(put);
    let expected = [
        ("put", false, Some(3)),
        ("get", false, Some(3)),
        ("get", false, None),
        ("head", true, None),
        ("put", true, None),
    ];
    assert_eq!(*heard.0.lock(), expected);
}
