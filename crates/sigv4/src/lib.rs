//! AWS Signature Version 4 as S3 uses it: signing and presigning requests, and checking requests that
//! others signed.
//!
//! Everything is a pure function of values: no clock, no I/O. One canonical form serves both
//! directions, so what we sign we also accept. S3's own rules hold: a path is encoded once, `//` and
//! dot segments stay, and the payload may be signed, unsigned or signed chunk by chunk.

mod authorization;
mod canonical;
mod chunks;
mod date;
mod encode;
mod key;
mod payload;
mod sign;

pub use authorization::{AuthError, Authorization, MAX_PRESIGN_SECONDS, MAX_SKEW_SECONDS, Method};
pub use canonical::{Received, canonical_request};
pub use chunks::{ChunkSigner, chunk_header, encoded_length};
pub use date::AmzDate;
pub use encode::{encode_bytes, encode_path, encode_value, normalise_path};
pub use key::{KeyCache, Scope, SigningKey};
pub use payload::{EMPTY_SHA256, PayloadMode, UNSIGNED_PAYLOAD};
pub use sign::{Credentials, Presigned, SignError, Signer};

/// The algorithm's name in headers and strings to sign.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
