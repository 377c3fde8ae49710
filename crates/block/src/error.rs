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
    /// The body broke off or failed before its end; nothing was stored.
    #[error("body ended early")]
    Body(#[source] Cause),
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
    /// The request itself is wrong, such as completing an upload with parts that were never sent.
    #[error("{reason}")]
    InvalidRequest {
        /// What is wrong.
        reason: String,
    },
}

/// Highest part number of an upload in parts; also how many parts it can have.
pub(crate) const MAX_PARTS: u32 = 10_000;

impl BlockError {
    /// An upload that is not there: never begun, completed, aborted, or for another object.
    pub(crate) fn no_such_upload(upload_id: &str) -> Self {
        Self::InvalidRequest {
            reason: format!("no upload {upload_id:?} of this object is in progress"),
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
