//! Object stores under a lake.
//!
//! The contract is [`BlockStore`]. Backends: a local directory, memory, and any S3-compatible
//! service through a client of our own. GCS and Azure come behind the same trait. What an object
//! means (data, range, log) is not known here.

mod error;
mod location;
mod store;

pub use error::{BlockError, Cause};
pub use location::{Address, Location};
pub use store::{
    BlockStore, ByteRange, ByteStream, GetOutcome, MultipartStore, ObjectInfo, PartInfo, Presign,
    PresignedUrl, PutBody, PutOptions, PutOutcome, StoreDescriptor, UploadedPart,
};
