//! Objects in S3 or a service like it, through a client of our own: hyper for HTTP, `lakefs-sigv4` for
//! signatures, `reqsign-aws-core` only to find credentials.
//!
//! What may fail for a moment is tried again with growing waits, but only where trying twice is the
//! same as once. Bytes are checked both ways: uploads carry their MD5, downloads are counted and
//! continue where a connection broke. Memory is bounded: bodies are sent in parts of a few MiB, a
//! fixed number of which is in memory for the whole store.

mod arriving;
mod client;
mod credentials;
mod download;
mod endpoint;
mod failure;
mod multipart;
mod options;
mod presign;
mod transport;
mod upload;
mod xml;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, Method};
use lakefs_runtime::{Ids, TaskScope, Timestamp};
use lakefs_sigv4::encode_path;
use lakefs_types::StorageNamespace;
use tokio::sync::Semaphore;

use crate::{
    Address, BlockError, BlockStore, ByteRange, GetOutcome, Location, MultipartStore, ObjectInfo,
    Presign, PresignedUrl, PutBody, PutOptions, PutOutcome, StoreDescriptor, resolve_url,
};
use client::{Call, Client, Tries};
use failure::Failure;
pub use options::{Environment, S3Options, StaticCredentials};

/// Largest object that one request can copy.
const MAX_SINGLE_COPY: u64 = 5 << 30;

/// A store of buckets. Scheme `s3://`. Clones share everything.
#[derive(Debug, Clone)]
pub struct S3BlockStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    descriptor: StoreDescriptor,
    client: Client,
    tasks: TaskScope,
    /// Permits for bodies held in memory.
    memory: Arc<Semaphore>,
}

impl S3BlockStore {
    /// A store; nothing is asked of the service yet. `tasks` owns uploads of parts and the removal of
    /// uploads that failed.
    pub fn new(options: S3Options, ids: Arc<Ids>, tasks: TaskScope) -> Result<Self, BlockError> {
        let presign = !options.disable_pre_signed;
        let descriptor = StoreDescriptor {
            kind: "s3",
            scheme: "s3",
            namespace_validity_regex: "^s3://".to_owned(),
            namespace_example: "s3://example-bucket/".to_owned(),
            default_namespace_prefix: options.default_namespace_prefix.clone(),
            presign,
            presign_ui: presign && !options.disable_pre_signed_ui,
            presign_multipart: presign && !options.disable_pre_signed_multipart,
            import: true,
            import_validity_regex: "^s3://".to_owned(),
        };
        Ok(Self {
            shared: Arc::new(Shared {
                descriptor,
                client: Client::new(options, ids)?,
                tasks,
                memory: Arc::new(Semaphore::new(upload::MEMORY_PERMITS)),
            }),
        })
    }

    fn client(&self) -> &Client {
        &self.shared.client
    }

    fn address(location: &Location) -> String {
        format!("s3://{}/{}", location.bucket, location.key)
    }

    /// Adds what every new object is to be: encrypted, of a type and a class.
    fn dress<'a>(&self, call: Call<'a>, options: &PutOptions) -> Result<Call<'a>, BlockError> {
        let settings = self.client().options();
        let mut call = call;
        if let Some(algorithm) = &settings.server_side_encryption {
            call = call.header("x-amz-server-side-encryption", algorithm)?;
        }
        if let Some(key) = &settings.server_side_encryption_kms_key_id {
            call = call.header("x-amz-server-side-encryption-aws-kms-key-id", key)?;
        }
        if let Some(content_type) = &options.content_type {
            call = call.header("content-type", content_type)?;
        }
        if let Some(class) = &options.storage_class {
            call = call.header("x-amz-storage-class", class)?;
        }
        Ok(call)
    }

    /// Whether entity tags of single requests are MD5s of their bytes.
    fn etags_are_md5(&self) -> bool {
        let settings = self.client().options();
        settings
            .server_side_encryption
            .as_deref()
            .is_none_or(|algorithm| algorithm == "AES256")
    }
}

/// The entity tag of an answer, without quotes.
fn etag(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("etag")?.to_str().ok()?;
    Some(value.trim_matches('"').to_owned())
}

fn info(headers: &HeaderMap) -> ObjectInfo {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let size = text("content-length").and_then(|length| length.parse().ok());
    let modified = text("last-modified").and_then(http_date);
    ObjectInfo {
        size: size.unwrap_or(0),
        modified: modified.unwrap_or_default(),
        etag: etag(headers),
        storage_class: text("x-amz-storage-class").map(str::to_owned),
    }
}

fn http_date(text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text);
    Some(Timestamp::from_seconds(parsed.ok()?.as_second()))
}

/// What `x-amz-copy-source` names.
fn copy_source(location: &Location) -> String {
    format!("{}/{}", location.bucket, encode_path(&location.key))
}

#[async_trait]
impl BlockStore for S3BlockStore {
    fn descriptor(&self) -> &StoreDescriptor {
        &self.shared.descriptor
    }

    fn locate(
        &self,
        namespace: &StorageNamespace,
        address: Address<'_>,
    ) -> Result<Location, BlockError> {
        resolve_url("s3", namespace, address)
    }

    fn physical_address(&self, location: &Location) -> String {
        Self::address(location)
    }

    async fn put(
        &self,
        location: &Location,
        body: PutBody,
        options: &PutOptions,
    ) -> Result<PutOutcome, BlockError> {
        upload::put(self, location, body, options).await
    }

    async fn get(
        &self,
        location: &Location,
        range: Option<ByteRange>,
    ) -> Result<GetOutcome, BlockError> {
        download::get(self, location, range).await
    }

    async fn head(&self, location: &Location) -> Result<Option<ObjectInfo>, BlockError> {
        match self.client().send(Call::new(Method::HEAD, location)).await {
            Ok(answer) => Ok(Some(info(answer.headers()))),
            Err(Failure::Refused(refusal)) if refusal.status == http::StatusCode::NOT_FOUND => {
                Ok(None)
            }
            Err(failure) => Err(failure.into_error("head", &Self::address(location))),
        }
    }

    async fn delete(&self, location: &Location) -> Result<(), BlockError> {
        let address = Self::address(location);
        let answer = self
            .client()
            .send(Call::new(Method::DELETE, location))
            .await;
        match answer.map_err(|failure| failure.into_error("delete", &address)) {
            Ok(_) | Err(BlockError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn copy(&self, source: &Location, target: &Location) -> Result<(), BlockError> {
        let size = match self.head(source).await? {
            Some(info) => info.size,
            None => {
                return Err(BlockError::NotFound {
                    address: Self::address(source),
                });
            }
        };
        if size > MAX_SINGLE_COPY {
            return multipart::copy_in_parts(self, source, target, size).await;
        }
        let address = Self::address(target);
        // A failure may also come inside of a 200, so that all tries are made here.
        let mut tries = Tries::begin();
        loop {
            let call = Call::new(Method::PUT, target)
                .once()
                .header("x-amz-copy-source", &copy_source(source))?;
            let call = self.dress(call, &PutOptions::default())?;
            match self.client().send_for_text(call).await {
                Ok(_) => return Ok(()),
                Err(failure)
                    if failure.is_transient() && self.client().back_off(&mut tries).await => {}
                Err(failure) => return Err(failure.into_error("copy", &address)),
            }
        }
    }

    async fn presign(
        &self,
        location: &Location,
        what: &Presign,
        valid: Duration,
    ) -> Result<PresignedUrl, BlockError> {
        presign::presign(self, location, what, valid).await
    }

    fn multipart(&self) -> Option<&dyn MultipartStore> {
        Some(self)
    }

    fn local_file(&self, _location: &Location) -> Option<PathBuf> {
        None
    }
}
