//! What can go wrong in an object store, by what the caller should do about it.

/// Boxed cause of an error.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// There is no such object.
    #[error("no object at {address}")]
    NotFound {
        /// Its physical address.
        address: String,
    },
    /// The requested bytes lie outside the object.
    #[error("range outside of {address}, which has {size} bytes")]
    RangeNotSatisfiable {
        /// Its physical address.
        address: String,
        /// Its size in bytes.
        size: u64,
    },
    /// The address is not one this store can hold: wrong scheme, escapes the root, not allowed.
    #[error("invalid address {address}: {reason}")]
    InvalidAddress {
        /// The address as given.
        address: String,
        /// Why.
        reason: String,
    },
    /// The body broke off or failed before its end, for the reason its stream gave; nothing was stored.
    #[error("body ended early")]
    Body(#[source] Cause),
    /// The body ended before its declared length, or went on after it; nothing was stored.
    #[error("body of {received} bytes was declared to have {declared}")]
    BodyLength {
        /// What was declared.
        declared: u64,
        /// What came; of a body that is too long, as much as was read of it.
        received: u64,
    },
    /// The body has another MD5 than [`PutOptions::expected_md5`](crate::PutOptions::expected_md5);
    /// nothing was stored.
    #[error("body has MD5 {received} instead of {expected}")]
    DigestMismatch {
        /// What was expected, in hex.
        expected: String,
        /// What came, in hex.
        received: String,
    },
    /// There is no such upload in progress: never begun, completed, aborted, or of another object.
    #[error("no such upload of {address} is in progress")]
    NoSuchUpload {
        /// Physical address of the object to be.
        address: String,
    },
    /// A completion names a part that was not uploaded or has another entity tag.
    #[error("{reason}")]
    InvalidPart {
        /// Which one, and what is wrong with it.
        reason: String,
    },
    /// A completion does not list its parts by ascending number.
    #[error("parts are not listed by ascending number")]
    InvalidPartOrder,
    /// A part other than the last is smaller than the store takes.
    #[error("{reason}")]
    PartTooSmall {
        /// What the store said.
        reason: String,
    },
    /// The store refused the credentials or the operation.
    #[error("access to {address} denied")]
    Denied {
        /// The physical address.
        address: String,
        /// What the store said.
        #[source]
        source: Cause,
    },
    /// The store cannot be reached, throttles, or has no room; trying later may work.
    #[error("object store unavailable during {operation} of {address}")]
    Unavailable {
        /// The operation, such as `put`.
        operation: &'static str,
        /// The physical address.
        address: String,
        /// What the store said.
        #[source]
        source: Cause,
    },
    /// This kind of store does not have this operation.
    #[error("{operation} is not supported by this object store")]
    Unsupported {
        /// The operation.
        operation: &'static str,
    },
    /// The request itself is wrong, such as a part number that cannot be.
    #[error("{reason}")]
    InvalidRequest {
        /// What is wrong.
        reason: String,
    },
}

/// Highest part number of an upload in parts; also how many parts it can have.
pub(crate) const MAX_PARTS: u32 = 10_000;

impl BlockError {
    /// Why a put without a name stored nothing.
    pub(crate) fn called_off() -> Self {
        Self::Body("the object got no name: its put was called off".into())
    }

    pub(crate) fn no_such_upload(address: &str) -> Self {
        Self::NoSuchUpload {
            address: address.to_owned(),
        }
    }

    /// Refuses part numbers outside of 1 to [`MAX_PARTS`].
    pub(crate) fn check_part_number(number: u32) -> Result<(), Self> {
        if (1..=MAX_PARTS).contains(&number) {
            Ok(())
        } else {
            Err(Self::InvalidRequest {
                reason: format!("part number {number} is not between 1 and {MAX_PARTS}"),
            })
        }
    }
}
