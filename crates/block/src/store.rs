//! The contract every object store backend keeps.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use lakefs_runtime::Timestamp;
use lakefs_types::StorageNamespace;
use md5::{Digest as _, Md5};

use crate::{Address, BlockError, BodyReader, Location};

/// Bytes on their way.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, BlockError>> + Send>>;

/// What kind of store this is, for `/config` and validation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent capabilities, named one by one in /config"
)]
pub struct StoreDescriptor {
    /// `blockstore.type`: `local`, `mem`, `s3`.
    pub kind: &'static str,
    /// URL scheme of its namespaces, such as `s3`.
    pub scheme: &'static str,
    /// Regular expression every storage namespace of this store matches.
    pub namespace_validity_regex: String,
    /// An example namespace for people.
    pub namespace_example: String,
    /// Prefix offered for new repositories, if configured.
    pub default_namespace_prefix: Option<String>,
    /// Whether clients may be handed presigned URLs.
    pub presign: bool,
    /// Whether the web UI may use presigned URLs.
    pub presign_ui: bool,
    /// Whether clients may upload parts through presigned URLs.
    pub presign_multipart: bool,
    /// Whether objects can be imported in place.
    pub import: bool,
    /// Regular expression every import source matches.
    pub import_validity_regex: String,
}

/// A body to store.
pub struct PutBody {
    /// The bytes.
    pub stream: ByteStream,
    /// How many there will be, where known. A body of another length is refused.
    pub length: Option<u64>,
}

impl PutBody {
    /// A body that is in memory.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let length = Some(bytes.len() as u64);
        Self {
            stream: Box::pin(futures_util::stream::once(async { Ok(bytes) })),
            length,
        }
    }
}

impl std::fmt::Debug for PutBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PutBody")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// The place of an object that is named after its bytes; nowhere calls its put off.
pub type LateName = Pin<Box<dyn Future<Output = Option<Location>> + Send>>;

/// How to store a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutOptions {
    /// Content type handed to stores that keep one.
    pub content_type: Option<String>,
    /// Storage class handed to stores that have them.
    pub storage_class: Option<String>,
    /// Nobody wants to know the MD5: a store that would compute it only for the outcome leaves it empty.
    /// Tables are named by a hash of their own, and MD5 is the larger part of storing one.
    pub without_md5: bool,
    /// The MD5 the body must have; another one is [`BlockError::DigestMismatch`] and stores nothing.
    pub expected_md5: Option<[u8; 16]>,
}

impl PutOptions {
    /// Whether the MD5 of the body has to be computed.
    pub(crate) fn hashed(&self) -> bool {
        !self.without_md5 || self.expected_md5.is_some()
    }

    /// Refuses a body that is not the expected one.
    pub(crate) fn check_md5(&self, received: [u8; 16]) -> Result<(), BlockError> {
        match self.expected_md5 {
            Some(expected) if expected != received => Err(BlockError::DigestMismatch {
                expected: hex::encode(expected),
                received: hex::encode(received),
            }),
            _ => Ok(()),
        }
    }
}

/// What was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutOutcome {
    /// Size in bytes.
    pub size: u64,
    /// MD5 of the bytes, lower-case hex, computed on the way; may be empty where
    /// [`PutOptions::without_md5`] allows it.
    pub md5: String,
}

/// Which bytes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// From `start` up to and including `end`, or the end of the object if that is sooner.
    Bounded {
        /// First byte.
        start: u64,
        /// Last byte, inclusive.
        end: u64,
    },
    /// From `start` to the end.
    From {
        /// First byte.
        start: u64,
    },
    /// The last `length` bytes.
    Suffix {
        /// How many.
        length: u64,
    },
}

/// Facts about a stored object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Size in bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: Timestamp,
    /// The store's entity tag, without quotes, where it has one.
    pub etag: Option<String>,
    /// Storage class, where the store has them.
    pub storage_class: Option<String>,
}

/// An object being read.
pub struct GetOutcome {
    /// Size of the whole object.
    pub size: u64,
    /// First byte of `stream` in the object.
    pub start: u64,
    /// Bytes that `stream` will give.
    pub length: u64,
    /// The bytes.
    pub stream: ByteStream,
}

impl std::fmt::Debug for GetOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GetOutcome")
            .field("size", &self.size)
            .field("start", &self.start)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// What a presigned URL allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presign {
    /// Reading the object; `filename` becomes its content disposition.
    Get {
        /// Name offered when saving.
        filename: Option<String>,
    },
    /// Writing the object in one request.
    Put,
    /// Writing one part of a multipart upload.
    Part {
        /// The upload.
        upload_id: String,
        /// The part, from 1.
        number: u32,
    },
}

/// A URL that carries its own permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresignedUrl {
    /// The URL.
    pub url: String,
    /// When it stops working.
    pub expires: Timestamp,
}

/// A part as the client names it on completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedPart {
    /// Its number, from 1.
    pub number: u32,
    /// Its entity tag, without quotes.
    pub etag: String,
}

/// A part as the store lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartInfo {
    /// Its number, from 1.
    pub number: u32,
    /// Its entity tag, without quotes.
    pub etag: String,
    /// Size in bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Timestamp,
}

/// A place for objects.
///
/// - `put` is atomic and durable: the object is whole and survives power loss once acknowledged, or it
///   is not there (or still the one that was). Dropping the future leaves nothing visible behind.
/// - Every key a client can name is legal and distinct: `a//b`, a trailing `/`, `.` and `..`
///   segments, unicode, up to 1,024 bytes. A backend that cannot hold a key as it is encodes it.
/// - A body whose stream fails, ends early or goes on too long, or has another MD5 than expected, stores
///   nothing; the stream's own error is handed through. Streams are read to their end before anything
///   becomes visible, so that an error found at the very end (a checksum in a trailer) counts too.
/// - Errors carry the physical address, never a secret.
#[async_trait]
pub trait BlockStore: Send + Sync + std::fmt::Debug + 'static {
    /// What kind of store this is.
    fn descriptor(&self) -> &StoreDescriptor;

    /// Resolves an entry's address. Fails when scheme or place are not this store's.
    fn locate(
        &self,
        namespace: &StorageNamespace,
        address: Address<'_>,
    ) -> Result<Location, BlockError>;

    /// The physical address shown to clients (for a local store `local://` and the absolute file path).
    fn physical_address(&self, location: &Location) -> String;

    /// Stores an object.
    async fn put(
        &self,
        location: &Location,
        body: PutBody,
        options: &PutOptions,
    ) -> Result<PutOutcome, BlockError>;

    /// Stores an object whose place is known only when all its bytes are, such as one named by its
    /// content. `name` is awaited after the end of the body. A store that can brings the bytes to its disk
    /// as they come; others, as this does, gather them first.
    async fn put_named_late(
        &self,
        body: PutBody,
        name: LateName,
        options: &PutOptions,
    ) -> Result<PutOutcome, BlockError> {
        let mut reader = BodyReader::new(body);
        let mut chunks = Vec::new();
        while let Some(chunk) = reader.next().await? {
            chunks.push(Ok(chunk));
        }
        let Some(location) = name.await else {
            return Err(BlockError::called_off());
        };
        let body = PutBody {
            stream: Box::pin(futures_util::stream::iter(chunks)),
            length: Some(reader.received()),
        };
        self.put(&location, body, options).await
    }

    /// Reads an object or a part of it.
    async fn get(
        &self,
        location: &Location,
        range: Option<ByteRange>,
    ) -> Result<GetOutcome, BlockError>;

    /// Facts about an object; `None` when there is none.
    async fn head(&self, location: &Location) -> Result<Option<ObjectInfo>, BlockError>;

    /// Removes an object; an absent one is fine.
    async fn delete(&self, location: &Location) -> Result<(), BlockError>;

    /// Copies an object inside the store, without moving its bytes through this process where the
    /// store can. The copy is as durable as a put.
    async fn copy(&self, source: &Location, target: &Location) -> Result<(), BlockError>;

    /// A URL that lets its bearer do one thing for `valid`. [`BlockError::Unsupported`] where the
    /// descriptor says so.
    async fn presign(
        &self,
        location: &Location,
        what: &Presign,
        valid: Duration,
    ) -> Result<PresignedUrl, BlockError>;

    /// Uploads in parts, where the store has them.
    fn multipart(&self) -> Option<&dyn MultipartStore>;

    /// Brings the store to rest: whatever it keeps aside to be durable is where it belongs. For a clean
    /// shutdown; nothing is lost without it.
    async fn settle(&self) -> Result<(), BlockError> {
        Ok(())
    }

    /// The file that holds an object, where objects are files of this machine: readers of tables use
    /// it directly instead of a disk cache.
    fn local_file(&self, location: &Location) -> Option<PathBuf>;
}

/// Uploads in parts.
#[async_trait]
pub trait MultipartStore: Send + Sync {
    /// Begins an upload; answers its id.
    async fn create(&self, location: &Location, options: &PutOptions)
    -> Result<String, BlockError>;

    /// Stores a part; a second one of the same number replaces the first. Of the options only
    /// [`PutOptions::expected_md5`] counts; the part's entity tag is the MD5 of its bytes.
    async fn upload_part(
        &self,
        location: &Location,
        upload_id: &str,
        number: u32,
        body: PutBody,
        options: &PutOptions,
    ) -> Result<UploadedPart, BlockError>;

    /// Stores a part from (a range of) an existing object.
    async fn copy_part(
        &self,
        location: &Location,
        upload_id: &str,
        number: u32,
        source: &Location,
        range: Option<ByteRange>,
    ) -> Result<UploadedPart, BlockError>;

    /// Parts stored so far, by number, after `after`, at most `limit`.
    async fn list_parts(
        &self,
        location: &Location,
        upload_id: &str,
        after: u32,
        limit: usize,
    ) -> Result<Vec<PartInfo>, BlockError>;

    /// Makes the object out of exactly these parts. Answers the store's entity tag and the size.
    ///
    /// At a crash the upload is as it was, or the object is there and the upload is not; never is there
    /// an upload without some of its parts. So this can be tried again until it answers: what an earlier
    /// try completed is [`BlockError::NoSuchUpload`] (or, where the store can tell, the same answer
    /// again). A caller that uses the location for this upload alone then finds out by `head`.
    async fn complete(
        &self,
        location: &Location,
        upload_id: &str,
        parts: &[UploadedPart],
    ) -> Result<ObjectInfo, BlockError>;

    /// The ids of all uploads in progress of exactly this object, in any order. For finding what a crash
    /// left; it may read more than it answers.
    async fn uploads_of(&self, location: &Location) -> Result<Vec<String>, BlockError>;

    /// Forgets an upload and its parts; an unknown one is fine.
    async fn abort(&self, location: &Location, upload_id: &str) -> Result<(), BlockError>;
}

/// Refuses a completion whose parts are none, not ascending, not there or not the ones meant.
/// `stored` answers the entity tag of a stored part.
pub(crate) fn check_parts(
    parts: &[UploadedPart],
    stored: impl Fn(u32) -> Option<String>,
) -> Result<(), BlockError> {
    if parts.is_empty() {
        return Err(BlockError::InvalidRequest {
            reason: "an upload needs at least one part to be completed".to_owned(),
        });
    }
    if parts.iter().is_sorted_by(|a, b| a.number < b.number) {
        parts.iter().try_for_each(|part| {
            BlockError::check_part_number(part.number)?;
            if stored(part.number).as_deref() == Some(part.etag.trim_matches('"')) {
                return Ok(());
            }
            Err(BlockError::InvalidPart {
                reason: format!(
                    "part {} was not uploaded or has another entity tag",
                    part.number
                ),
            })
        })
    } else {
        Err(BlockError::InvalidPartOrder)
    }
}

/// The entity tag of an object made of parts: the MD5 of their MD5s, and how many they are.
pub fn multipart_etag(parts: &[UploadedPart]) -> Result<String, BlockError> {
    let mut all = Md5::new();
    for part in parts {
        let md5 =
            hex::decode(part.etag.trim_matches('"')).map_err(|_| BlockError::InvalidPart {
                reason: format!("part {} has no MD5 for an entity tag", part.number),
            })?;
        all.update(md5);
    }
    Ok(format!("{}-{}", hex::encode(all.finalize()), parts.len()))
}
