//! Yields to the executor around every call of another store, as often as a seed says. On a
//! single-threaded executor this makes the interleaving of concurrent actors a function of the seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{KvError, KvStore, Pace, Predicate, ScanPage, SetIfOutcome, Write};

/// At most this many turns are given away before and after a call.
const MAX_YIELDS: u64 = 3;

/// A store that gives other tasks turns around every call.
#[derive(Debug)]
pub struct YieldingKv {
    inner: Arc<dyn KvStore>,
    state: AtomicU64,
}

impl YieldingKv {
    /// Wraps a store; equal seeds yield equally.
    pub fn new(inner: Arc<dyn KvStore>, seed: u64) -> Self {
        Self {
            inner,
            state: AtomicU64::new(seed),
        }
    }

    async fn take_turns(&self) {
        for _ in 0..self.next() % (MAX_YIELDS + 1) {
            tokio::task::yield_now().await;
        }
    }

    /// The next number of a `SplitMix64` sequence.
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self
            .state
            .fetch_add(STEP, Ordering::Relaxed)
            .wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    async fn around<T>(&self, call: impl Future<Output = T> + Send) -> T {
        self.take_turns().await;
        let answer = call.await;
        self.take_turns().await;
        answer
    }
}

#[async_trait]
impl KvStore for YieldingKv {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    async fn get(&self, partition: &[u8], key: &[u8]) -> Result<Option<Bytes>, KvError> {
        self.around(self.inner.get(partition, key)).await
    }

    async fn set(&self, partition: &[u8], key: &[u8], value: &[u8]) -> Result<(), KvError> {
        self.around(self.inner.set(partition, key, value)).await
    }

    async fn set_if(
        &self,
        partition: &[u8],
        key: &[u8],
        value: &[u8],
        predicate: Predicate<'_>,
    ) -> Result<SetIfOutcome, KvError> {
        self.around(self.inner.set_if(partition, key, value, predicate))
            .await
    }

    async fn delete(&self, partition: &[u8], key: &[u8]) -> Result<(), KvError> {
        self.around(self.inner.delete(partition, key)).await
    }

    async fn scan(
        &self,
        partition: &[u8],
        start: &[u8],
        limit: usize,
    ) -> Result<ScanPage, KvError> {
        self.around(self.inner.scan(partition, start, limit)).await
    }

    async fn write_batch(&self, partition: &[u8], writes: &[Write<'_>]) -> Result<(), KvError> {
        self.around(self.inner.write_batch(partition, writes)).await
    }

    async fn clear_partition(&self, partition: &[u8], pace: Pace) -> Result<(), KvError> {
        self.around(self.inner.clear_partition(partition, pace))
            .await
    }

    async fn ping(&self) -> Result<(), KvError> {
        self.inner.ping().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemKv;

    async fn interleaving(seed: u64) -> Vec<u32> {
        let store = YieldingKv::new(Arc::new(MemKv::new()), seed);
        let order = parking_lot::Mutex::new(Vec::new());
        let actor = |id: u32| {
            let (store, order) = (&store, &order);
            async move {
                for _ in 0..10 {
                    store.set(b"p", b"k", &id.to_be_bytes()).await.unwrap();
                    order.lock().push(id);
                }
            }
        };
        tokio::join!(actor(1), actor(2), actor(3));
        order.into_inner()
    }

    #[tokio::test]
    async fn equal_seeds_interleave_equally_and_others_differ() {
        assert_eq!(interleaving(7).await, interleaving(7).await);
        assert_ne!(interleaving(7).await, interleaving(8).await);
    }

    #[tokio::test]
    async fn the_wrapper_keeps_the_contract() {
        let store = YieldingKv::new(Arc::new(MemKv::new()), 1);
        crate::conformance::run(Arc::new(store)).await;
    }
}
