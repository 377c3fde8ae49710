//! A store that gives way to other tasks around every call, in an order drawn from a seed. On a
//! single-threaded executor the same seed gives the same interleaving.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lakefs_types::StorageNamespace;

use crate::{
    Address, BlockError, BlockStore, ByteRange, GetOutcome, Location, MultipartStore, ObjectInfo,
    Presign, PresignedUrl, PutBody, PutOptions, PutOutcome, StoreDescriptor,
};

/// Wraps a store. Uploads in parts pass through without yielding.
#[derive(Debug)]
pub struct YieldingBlockStore {
    inner: Arc<dyn BlockStore>,
    state: AtomicU64,
}

impl YieldingBlockStore {
    /// A store that yields as the seed says.
    pub fn new(inner: Arc<dyn BlockStore>, seed: u64) -> Self {
        Self {
            inner,
            state: AtomicU64::new(seed),
        }
    }

    async fn give_way(&self) {
        let state = self
            .state
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        for _ in 0..mixed(state) % 4 {
            tokio::task::yield_now().await;
        }
    }

    async fn run<T>(&self, work: impl Future<Output = T> + Send) -> T {
        self.give_way().await;
        let outcome = work.await;
        self.give_way().await;
        outcome
    }
}

/// The output function of splitmix64.
fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[async_trait]
impl BlockStore for YieldingBlockStore {
    fn descriptor(&self) -> &StoreDescriptor {
        self.inner.descriptor()
    }

    fn locate(
        &self,
        namespace: &StorageNamespace,
        address: Address<'_>,
    ) -> Result<Location, BlockError> {
        self.inner.locate(namespace, address)
    }

    fn physical_address(&self, location: &Location) -> String {
        self.inner.physical_address(location)
    }

    async fn put(
        &self,
        location: &Location,
        body: PutBody,
        options: &PutOptions,
    ) -> Result<PutOutcome, BlockError> {
        self.run(self.inner.put(location, body, options)).await
    }

    async fn get(
        &self,
        location: &Location,
        range: Option<ByteRange>,
    ) -> Result<GetOutcome, BlockError> {
        self.run(self.inner.get(location, range)).await
    }

    async fn head(&self, location: &Location) -> Result<Option<ObjectInfo>, BlockError> {
        self.run(self.inner.head(location)).await
    }

    async fn delete(&self, location: &Location) -> Result<(), BlockError> {
        self.run(self.inner.delete(location)).await
    }

    async fn copy(&self, source: &Location, target: &Location) -> Result<(), BlockError> {
        self.run(self.inner.copy(source, target)).await
    }

    async fn presign(
        &self,
        location: &Location,
        what: &Presign,
        valid: Duration,
    ) -> Result<PresignedUrl, BlockError> {
        self.run(self.inner.presign(location, what, valid)).await
    }

    fn multipart(&self) -> Option<&dyn MultipartStore> {
        self.inner.multipart()
    }

    async fn settle(&self) -> Result<(), BlockError> {
        self.inner.settle().await
    }

    /// Nowhere: reading past the store would not yield.
    fn local_file(&self, _location: &Location) -> Option<PathBuf> {
        None
    }
}
