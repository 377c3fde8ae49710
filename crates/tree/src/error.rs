//! What can go wrong with tables. Every variant names the object it happened to, so that one damaged
//! table is a message about that table and nothing else breaks.

use lakefs_block::{BlockError, Cause};

/// A failed tree operation.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A table that other data refers to is not in the store.
    #[error("table {object} is missing")]
    Missing {
        /// Its address in the store.
        object: String,
    },
    /// A table's bytes are damaged: truncated, a checksum that does not match, impossible lengths.
    #[error("table {object} is corrupt: {reason}")]
    Corrupt {
        /// Its address in the store.
        object: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The object store failed.
    #[error("cannot {operation} table {object}")]
    Store {
        /// What was attempted, such as `read`.
        operation: &'static str,
        /// Its address in the store.
        object: String,
        /// What the store said.
        #[source]
        source: BlockError,
    },
    /// The local file that holds or caches a table failed.
    #[error("cannot {operation} the local file of table {object}")]
    File {
        /// What was attempted, such as `read`.
        operation: &'static str,
        /// Its address in the store.
        object: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Records or changes did not come in strictly ascending key order.
    #[error("key {key:?} is not after its predecessor")]
    Order {
        /// The offending key, readable as far as it is text.
        key: String,
    },
    /// A record is larger than the format allows.
    #[error("record {key:?} is too large")]
    TooLarge {
        /// Its key, readable as far as it is text.
        key: String,
    },
    /// The source of changes or records failed. The cause is what the source gave: downcast it.
    #[error("reading the changes failed")]
    Changes(#[source] Cause),
}

impl TreeError {
    pub(crate) fn corrupt(object: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Corrupt {
            object: object.into(),
            reason: reason.into(),
        }
    }

    pub(crate) fn order(key: &[u8]) -> Self {
        Self::Order {
            key: String::from_utf8_lossy(key).into_owned(),
        }
    }
}

/// Result of a tree operation.
pub type Result<T, E = TreeError> = std::result::Result<T, E>;
