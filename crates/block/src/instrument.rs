//! Reports every call of a store to an observer: how long, how many bytes, whether it failed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use lakefs_types::StorageNamespace;

use crate::{
    Address, BlockError, BlockStore, ByteRange, GetOutcome, LateName, Location, MultipartStore,
    ObjectInfo, PartInfo, Presign, PresignedUrl, PutBody, PutOptions, PutOutcome, StoreDescriptor,
    UploadedPart,
};

/// One finished call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallReport {
    /// Kind of store, such as `s3`.
    pub kind: &'static str,
    /// The operation, such as `put`.
    pub operation: &'static str,
    /// Whether it failed (an absent object found by `head` or `get` is no failure).
    pub failed: bool,
    /// Time until its answer; for a `get` until the bytes begin.
    pub duration: Duration,
    /// Bytes stored or to be read, where the operation moves any.
    pub bytes: Option<u64>,
}

/// Hears of calls. Must be quick: it runs inside them.
pub trait BlockObserver: Send + Sync + std::fmt::Debug + 'static {
    /// A call begins.
    fn started(&self, _operation: &'static str) {}

    /// A call ended. Not heard when its future was dropped; `abandoned` is then.
    fn finished(&self, report: &CallReport);

    /// A call was dropped before its end.
    fn abandoned(&self, _operation: &'static str) {}
}

/// A store that reports its calls.
#[derive(Debug)]
pub struct Instrumented {
    inner: Arc<dyn BlockStore>,
    observer: Arc<dyn BlockObserver>,
}

impl Instrumented {
    /// Wraps a store.
    pub fn new(inner: Arc<dyn BlockStore>, observer: Arc<dyn BlockObserver>) -> Self {
        Self { inner, observer }
    }

    fn call(&self, operation: &'static str) -> Call<'_> {
        self.observer.started(operation);
        Call {
            owner: self,
            operation,
            begun: Instant::now(),
            done: false,
        }
    }

    fn parts(&self) -> Result<&dyn MultipartStore, BlockError> {
        self.inner.multipart().ok_or(BlockError::Unsupported {
            operation: "multipart upload",
        })
    }
}

struct Call<'a> {
    owner: &'a Instrumented,
    operation: &'static str,
    begun: Instant,
    done: bool,
}

impl Call<'_> {
    fn end<T>(
        mut self,
        outcome: Result<T, BlockError>,
        bytes: impl FnOnce(&T) -> Option<u64>,
    ) -> Result<T, BlockError> {
        self.done = true;
        self.owner.observer.finished(&CallReport {
            kind: self.owner.inner.descriptor().kind,
            operation: self.operation,
            failed: !matches!(outcome, Ok(_) | Err(BlockError::NotFound { .. })),
            duration: self.begun.elapsed(),
            bytes: outcome.as_ref().ok().and_then(bytes),
        });
        outcome
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.owner.observer.abandoned(self.operation);
        }
    }
}

#[async_trait]
impl BlockStore for Instrumented {
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
        let call = self.call("put");
        let outcome = self.inner.put(location, body, options).await;
        call.end(outcome, |stored| Some(stored.size))
    }

    async fn put_named_late(
        &self,
        body: PutBody,
        name: LateName,
        options: &PutOptions,
    ) -> Result<PutOutcome, BlockError> {
        let call = self.call("put");
        let outcome = self.inner.put_named_late(body, name, options).await;
        call.end(outcome, |stored| Some(stored.size))
    }

    async fn get(
        &self,
        location: &Location,
        range: Option<ByteRange>,
    ) -> Result<GetOutcome, BlockError> {
        let call = self.call("get");
        let outcome = self.inner.get(location, range).await;
        call.end(outcome, |got| Some(got.length))
    }

    async fn head(&self, location: &Location) -> Result<Option<ObjectInfo>, BlockError> {
        let call = self.call("head");
        let outcome = self.inner.head(location).await;
        call.end(outcome, |_| None)
    }

    async fn delete(&self, location: &Location) -> Result<(), BlockError> {
        let call = self.call("delete");
        let outcome = self.inner.delete(location).await;
        call.end(outcome, |()| None)
    }

    async fn copy(&self, source: &Location, target: &Location) -> Result<(), BlockError> {
        let call = self.call("copy");
        let outcome = self.inner.copy(source, target).await;
        call.end(outcome, |()| None)
    }

    async fn presign(
        &self,
        location: &Location,
        what: &Presign,
        valid: Duration,
    ) -> Result<PresignedUrl, BlockError> {
        let call = self.call("presign");
        let outcome = self.inner.presign(location, what, valid).await;
        call.end(outcome, |_| None)
    }

    fn multipart(&self) -> Option<&dyn MultipartStore> {
        self.inner.multipart().map(|_| self as &dyn MultipartStore)
    }

    async fn settle(&self) -> Result<(), BlockError> {
        self.inner.settle().await
    }

    fn local_file(&self, location: &Location) -> Option<PathBuf> {
        self.inner.local_file(location)
    }
}

#[async_trait]
impl MultipartStore for Instrumented {
    async fn create(
        &self,
        location: &Location,
        options: &PutOptions,
    ) -> Result<String, BlockError> {
        let call = self.call("create_multipart");
        let outcome = self.parts()?.create(location, options).await;
        call.end(outcome, |_| None)
    }

    async fn upload_part(
        &self,
        location: &Location,
        upload_id: &str,
        number: u32,
        body: PutBody,
        options: &PutOptions,
    ) -> Result<UploadedPart, BlockError> {
        let call = self.call("upload_part");
        let length = body.length;
        let store = self.parts()?;
        let outcome = store
            .upload_part(location, upload_id, number, body, options)
            .await;
        call.end(outcome, |_| length)
    }

    async fn copy_part(
        &self,
        location: &Location,
        upload_id: &str,
        number: u32,
        source: &Location,
        range: Option<ByteRange>,
    ) -> Result<UploadedPart, BlockError> {
        let call = self.call("copy_part");
        let store = self.parts()?;
        let outcome = store
            .copy_part(location, upload_id, number, source, range)
            .await;
        call.end(outcome, |_| None)
    }

    async fn list_parts(
        &self,
        location: &Location,
        upload_id: &str,
        after: u32,
        limit: usize,
    ) -> Result<Vec<PartInfo>, BlockError> {
        let call = self.call("list_parts");
        let outcome = self
            .parts()?
            .list_parts(location, upload_id, after, limit)
            .await;
        call.end(outcome, |_| None)
    }

    async fn complete(
        &self,
        location: &Location,
        upload_id: &str,
        parts: &[UploadedPart],
    ) -> Result<ObjectInfo, BlockError> {
        let call = self.call("complete_multipart");
        let outcome = self.parts()?.complete(location, upload_id, parts).await;
        call.end(outcome, |object| Some(object.size))
    }

    async fn uploads_of(&self, location: &Location) -> Result<Vec<String>, BlockError> {
        let call = self.call("list_multipart");
        let outcome = self.parts()?.uploads_of(location).await;
        call.end(outcome, |_| None)
    }

    async fn abort(&self, location: &Location, upload_id: &str) -> Result<(), BlockError> {
        let call = self.call("abort_multipart");
        let outcome = self.parts()?.abort(location, upload_id).await;
        call.end(outcome, |()| None)
    }
}
