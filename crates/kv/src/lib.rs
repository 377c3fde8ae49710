//! Ordered key-value stores: where refs, commits, staged entries and users live.
//!
//! The contract is [`KvStore`]: two-part keys, byte order inside a partition, compare-and-swap on
//! the whole stored value, no transactions. Backends: embedded (one file system directory),
//! PostgreSQL (lakeFS's own tables) and memory. Every backend passes the same conformance suite.
//! What the bytes mean is not known here.

mod error;
mod page;
mod store;

pub use error::{Cause, KvError};
pub use page::{ScanPage, ScanPageBuilder};
pub use store::{KvStore, MAX_SCAN_PAGE_BYTES, Predicate, SetIfOutcome, Write};
