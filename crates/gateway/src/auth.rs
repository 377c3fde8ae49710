//! Who sent a request, and how its body is protected.

use http::request::Parts;
use lakefs_service::Caller;
use lakefs_sigv4::{ChunkSigner, PayloadMode};

use crate::Gateway;
use crate::error::{Code, S3Error};

/// How the body of a request is protected by its signature.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    pub(crate) mode: PayloadMode,
    /// The chain of chunk signatures, for the modes that have one; seeded.
    pub(crate) signer: Option<ChunkSigner>,
}

impl Payload {
    /// A body nothing was said about.
    pub(crate) const UNSIGNED: Self = Self {
        mode: PayloadMode::Unsigned,
        signer: None,
    };
}

impl Gateway {
    /// Finds out who sent a request.
    pub(crate) async fn authenticate(
        &self,
        parts: &Parts,
        caller: Caller,
    ) -> Result<(Caller, Payload), S3Error> {
        let _ = (parts, caller, Payload::UNSIGNED);
        Err(S3Error::new(Code::NotImplemented))
    }
}
