//! A store that fails at a chosen call, and counts calls and bytes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use lakefs_types::StorageNamespace;
use parking_lot::Mutex;

use crate::{
    Address, BlockError, BlockStore, ByteRange, GetOutcome, Location, MultipartStore, ObjectInfo,
    PartInfo, Presign, PresignedUrl, PutBody, PutOptions, PutOutcome, StoreDescriptor,
    UploadedPart,
};

/// At which point of a call it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing was done.
    Before,
    /// Everything was done, but the answer is lost. A `get` breaks off in the middle of its bytes.
    After,
}

#[derive(Debug, Default)]
struct State {
    calls: u64,
    fail_at: Option<(u64, When)>,
    down: bool,
    by_operation: BTreeMap<&'static str, u64>,
    bytes_in: u64,
    bytes_out: u64,
}

/// Wraps a store. Calls of all operations that do I/O are counted from 1, in the order they begin.
#[derive(Debug)]
pub struct FaultyBlockStore {
    inner: Arc<dyn BlockStore>,
    state: Mutex<State>,
}

impl FaultyBlockStore {
    /// A store that does not fail yet.
    pub fn new(inner: Arc<dyn BlockStore>) -> Self {
        Self {
            inner,
            state: Mutex::default(),
        }
    }

    /// Makes the `nth` call from now (1 is the next) fail, once.
    pub fn fail_nth(&self, nth: u64, when: When) {
        let mut state = self.state.lock();
        state.fail_at = Some((state.calls + nth, when));
    }

    /// Fails every call until told otherwise.
    pub fn set_down(&self, down: bool) {
        self.state.lock().down = down;
    }

    /// Forgets a planned failure. Answers whether it was still to come.
    pub fn heal(&self) -> bool {
        let mut state = self.state.lock();
        state.down = false;
        let calls = state.calls;
        state.fail_at.take().is_some_and(|(nth, _)| nth > calls)
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        self.state.lock().calls
    }

    /// Calls so far of an operation, such as `put`.
    pub fn calls_of(&self, operation: &str) -> u64 {
        let state = self.state.lock();
        state.by_operation.get(operation).copied().unwrap_or(0)
    }

    /// Bytes stored and bytes asked to be read so far.
    pub fn bytes(&self) -> (u64, u64) {
        let state = self.state.lock();
        (state.bytes_in, state.bytes_out)
    }

    /// Counts from zero again.
    pub fn reset_counts(&self) {
        let mut state = self.state.lock();
        let planned = state
            .fail_at
            .map(|(nth, when)| (nth - state.calls.min(nth), when));
        *state = State {
            fail_at: planned,
            down: state.down,
            ..State::default()
        };
    }

    /// Counts a call, fails it before its effect, or says whether it must fail after it.
    fn begin(&self, operation: &'static str, address: &str) -> Result<bool, BlockError> {
        let mut state = self.state.lock();
        state.calls += 1;
        *state.by_operation.entry(operation).or_default() += 1;
        let calls = state.calls;
        let planned = state.fail_at.filter(|(nth, _)| *nth == calls);
        if state.down || matches!(planned, Some((_, When::Before))) {
            return Err(injected(operation, address));
        }
        Ok(matches!(planned, Some((_, When::After))))
    }

    async fn run<T>(
        &self,
        operation: &'static str,
        location: &Location,
        work: impl Future<Output = Result<T, BlockError>> + Send,
    ) -> Result<T, BlockError> {
        let address = self.inner.physical_address(location);
        let lost = self.begin(operation, &address)?;
        let outcome = work.await;
        if lost {
            return Err(injected(operation, &address));
        }
        outcome
    }

    fn parts(&self) -> Result<&dyn MultipartStore, BlockError> {
        self.inner.multipart().ok_or(BlockError::Unsupported {
            operation: "multipart upload",
        })
    }
}

fn injected(operation: &'static str, address: &str) -> BlockError {
    BlockError::Unavailable {
        operation,
        address: address.to_owned(),
        source: "injected fault".into(),
    }
}

#[async_trait]
impl BlockStore for FaultyBlockStore {
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
        self.run("put", location, async {
            let stored = self.inner.put(location, body, options).await?;
            self.state.lock().bytes_in += stored.size;
            Ok(stored)
        })
        .await
    }

    async fn get(
        &self,
        location: &Location,
        range: Option<ByteRange>,
    ) -> Result<GetOutcome, BlockError> {
        let address = self.inner.physical_address(location);
        let breaks_off = self.begin("get", &address)?;
        let mut got = self.inner.get(location, range).await?;
        self.state.lock().bytes_out += got.length;
        if breaks_off {
            let half = usize::try_from(got.length / 2).unwrap_or(usize::MAX);
            let mut left = half;
            let until = got.stream.map(move |chunk| {
                let mut chunk = chunk?;
                chunk.truncate(left);
                left -= chunk.len();
                Ok(chunk)
            });
            let error = futures_util::stream::once(async move { Err(injected("get", &address)) });
            let whole = until.take_while(|chunk: &Result<bytes::Bytes, _>| {
                let more = chunk.as_ref().map_or(true, |chunk| !chunk.is_empty());
                async move { more }
            });
            got.stream = Box::pin(whole.chain(error));
        }
        Ok(got)
    }

    async fn head(&self, location: &Location) -> Result<Option<ObjectInfo>, BlockError> {
        self.run("head", location, self.inner.head(location)).await
    }

    async fn delete(&self, location: &Location) -> Result<(), BlockError> {
        self.run("delete", location, self.inner.delete(location))
            .await
    }

    async fn copy(&self, source: &Location, target: &Location) -> Result<(), BlockError> {
        self.run("copy", target, self.inner.copy(source, target))
            .await
    }

    async fn presign(
        &self,
        location: &Location,
        what: &Presign,
        valid: Duration,
    ) -> Result<PresignedUrl, BlockError> {
        self.run(
            "presign",
            location,
            self.inner.presign(location, what, valid),
        )
        .await
    }

    fn multipart(&self) -> Option<&dyn MultipartStore> {
        self.inner.multipart().map(|_| self as &dyn MultipartStore)
    }

    async fn settle(&self) -> Result<(), BlockError> {
        self.inner.settle().await
    }

    /// Nowhere: reading past the store would go unseen.
    fn local_file(&self, _location: &Location) -> Option<PathBuf> {
        None
    }
}

#[async_trait]
impl MultipartStore for FaultyBlockStore {
    async fn create(
        &self,
        location: &Location,
        options: &PutOptions,
    ) -> Result<String, BlockError> {
        let work = self.parts()?.create(location, options);
        self.run("create_multipart", location, work).await
    }

    async fn upload_part(
        &self,
        location: &Location,
        upload_id: &str,
        number: u32,
        body: PutBody,
        options: &PutOptions,
    ) -> Result<UploadedPart, BlockError> {
        let work = self
            .parts()?
            .upload_part(location, upload_id, number, body, options);
        self.run("upload_part", location, work).await
    }

    async fn copy_part(
        &self,
        location: &Location,
        upload_id: &str,
        number: u32,
        source: &Location,
        range: Option<ByteRange>,
    ) -> Result<UploadedPart, BlockError> {
        let work = self
            .parts()?
            .copy_part(location, upload_id, number, source, range);
        self.run("copy_part", location, work).await
    }

    async fn list_parts(
        &self,
        location: &Location,
        upload_id: &str,
        after: u32,
        limit: usize,
    ) -> Result<Vec<PartInfo>, BlockError> {
        let work = self.parts()?.list_parts(location, upload_id, after, limit);
        self.run("list_parts", location, work).await
    }

    async fn complete(
        &self,
        location: &Location,
        upload_id: &str,
        parts: &[UploadedPart],
    ) -> Result<ObjectInfo, BlockError> {
        let work = self.parts()?.complete(location, upload_id, parts);
        self.run("complete_multipart", location, work).await
    }

    async fn uploads_of(&self, location: &Location) -> Result<Vec<String>, BlockError> {
        let work = self.parts()?.uploads_of(location);
        self.run("list_multipart", location, work).await
    }

    async fn abort(&self, location: &Location, upload_id: &str) -> Result<(), BlockError> {
        let work = self.parts()?.abort(location, upload_id);
        self.run("abort_multipart", location, work).await
    }
}
