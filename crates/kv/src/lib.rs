//! Ordered key-value stores: where refs, commits, staged entries and users live.
//!
//! The contract is [`KvStore`]: two-part keys, byte order inside a partition, compare-and-swap on
//! the whole stored value, no transactions. Backends: embedded (one file system directory),
//! PostgreSQL (lakeFS's own tables) and memory. Every backend passes the same conformance suite.
//! What the bytes mean is not known here; only [`StoredTimestamp`] is shared by all who do know.

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod embedded;
mod error;
mod mem;
mod page;
mod postgres;
mod resolve;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod timestamp;

pub use embedded::{EmbeddedKv, EmbeddedOptions};
pub use error::{Cause, KvError};
pub use mem::MemKv;
pub use page::{ScanPage, ScanPageBuilder};
pub use postgres::{PostgresKv, PostgresOptions};
pub use resolve::set_if_resolved;
pub use store::{
    KvStore, MAX_ADDRESS_BYTES, MAX_SCAN_PAGE_BYTES, Pace, Predicate, SetIfOutcome, Write,
};
pub use timestamp::StoredTimestamp;
