//! What can go wrong in a key-value store, by what the caller should do about it.

use crate::MAX_ADDRESS_BYTES;

/// Boxed cause of an error.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A failed call. Expected alternatives (absent key, failed predicate) are values, not errors.
#[derive(Debug, thiserror::Error)]
pub enum KvError {
    /// A partition or key is empty; no backend stores one.
    #[error("empty {part}")]
    EmptyKey {
        /// `partition` or `key`.
        part: &'static str,
    },
    /// A partition and key together are longer than [`crate::MAX_ADDRESS_BYTES`].
    #[error("partition and key of {length} bytes are longer than {limit}", limit = crate::MAX_ADDRESS_BYTES)]
    TooLong {
        /// Bytes of partition and key.
        length: usize,
    },
    /// The store cannot be reached, is restarting, or has no room; trying later may work.
    #[error("key-value store unavailable during {operation}")]
    Unavailable {
        /// The operation, such as `get`.
        operation: &'static str,
        /// What the backend said.
        #[source]
        source: Cause,
    },
    /// The store asks for fewer requests.
    #[error("key-value store is throttling during {operation}")]
    SlowDown {
        /// The operation.
        operation: &'static str,
        /// What the backend said.
        #[source]
        source: Cause,
    },
    /// A conditional write was sent and no answer came: it may or may not have happened. The caller
    /// reads back and decides.
    #[error("outcome of {operation} is unknown")]
    Indeterminate {
        /// The operation.
        operation: &'static str,
        /// What the backend said.
        #[source]
        source: Cause,
    },
    /// The directory holds something this server must not touch (another engine's files, a newer
    /// format).
    #[error("cannot open key-value store at {location}: {reason}")]
    Refused {
        /// Directory or connection, without secrets.
        location: String,
        /// Why, and what to do.
        reason: String,
    },
    /// Stored bytes do not read back.
    #[error("key-value store is corrupt: {detail}")]
    Corrupt {
        /// Which part.
        detail: String,
        /// What the backend said.
        #[source]
        source: Cause,
    },
}

/// Refuses the addresses that no backend stores: empty parts, and more bytes than an index of
/// PostgreSQL can hold.
pub(crate) fn check_address(partition: &[u8], key: &[u8]) -> Result<(), KvError> {
    check_partition(partition)?;
    if key.is_empty() {
        return Err(KvError::EmptyKey { part: "key" });
    }
    let length = partition.len() + key.len();
    if length > MAX_ADDRESS_BYTES {
        return Err(KvError::TooLong { length });
    }
    Ok(())
}

/// Refuses the partitions that no backend stores.
pub(crate) fn check_partition(partition: &[u8]) -> Result<(), KvError> {
    if partition.is_empty() {
        return Err(KvError::EmptyKey { part: "partition" });
    }
    if partition.len() > MAX_ADDRESS_BYTES {
        return Err(KvError::TooLong {
            length: partition.len(),
        });
    }
    Ok(())
}
