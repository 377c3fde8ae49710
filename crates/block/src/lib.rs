//! Object stores under a lake.
//!
//! The contract is [`BlockStore`]. Backends: a local directory ([`LocalBlockStore`]), memory
//! ([`MemBlockStore`]), and any S3-compatible service through a client of our own. GCS and Azure come
//! behind the same trait. What an object means (data, range, log) is not known here.
//! Design: docs/design/0003-object-stores.md.

mod body;
mod error;
mod instrument;
mod local;
mod location;
mod mem;
mod range;
mod s3;
mod store;

#[cfg(feature = "testing")]
pub mod conformance;
#[cfg(feature = "testing")]
pub mod testing;

pub use body::BodyReader;
pub use error::{BlockError, Cause};
pub use instrument::{BlockObserver, CallReport, Instrumented};
pub use local::fs::{FileStat, Fs, FsFile};
pub use local::journal::JournalLimits;
pub use local::{LocalBlockStore, LocalOptions};
pub use location::{Address, Location, relative_to, resolve_url};
pub use mem::MemBlockStore;
pub use s3::{Environment, S3BlockStore, S3Options, StaticCredentials};
pub use store::{
    BlockStore, ByteRange, ByteStream, GetOutcome, LateName, MultipartStore, ObjectInfo, PartInfo,
    Presign, PresignedUrl, PutBody, PutOptions, PutOutcome, StoreDescriptor, UploadedPart,
    multipart_etag,
};
