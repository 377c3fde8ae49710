//! The contract every key-value backend keeps.

use async_trait::async_trait;
use bytes::Bytes;

use crate::{KvError, ScanPage};

/// A scan page ends after the entry that takes it past this many bytes, whatever its entry limit.
pub const MAX_SCAN_PAGE_BYTES: usize = 4 << 20;

/// Most bytes of a partition and a key together: what every backend can index, and about twice what
/// lakeFS's own records need.
pub const MAX_ADDRESS_BYTES: usize = 2048;

/// Keys that [`KvStore::clear_partition`] removes at a time unless a backend knows better.
const CLEAR_PAGE: usize = 10_000;

/// How fast a partition is cleared by a backend that works on the server's own processor; others clear as
/// fast as they can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Somebody waits for it, or much is left.
    Brisk,
    /// Nobody can reach the entries any more: requests must not feel it.
    Leisurely,
}

/// The condition of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predicate<'a> {
    /// The key must be absent.
    Absent,
    /// The key must be present, with any value.
    Exists,
    /// The key must be present with exactly these bytes: the raw value as it was read, never one
    /// that was encoded again.
    Value(&'a [u8]),
}

impl Predicate<'_> {
    /// Whether the condition holds for what is stored now.
    pub fn holds(&self, current: Option<&[u8]>) -> bool {
        match self {
            Self::Absent => current.is_none(),
            Self::Exists => current.is_some(),
            Self::Value(expected) => current == Some(*expected),
        }
    }
}

/// How a conditional write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum SetIfOutcome {
    /// The condition held and the value is stored durably.
    Stored,
    /// The condition did not hold; nothing was written.
    Mismatch,
}

/// One write of [`KvStore::write_batch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write<'a> {
    /// Stores `value` under `key`, whatever was there.
    Set {
        /// The key.
        key: &'a [u8],
        /// The value; may be empty.
        value: &'a [u8],
    },
    /// Removes `key`; an absent key is fine.
    Delete {
        /// The key.
        key: &'a [u8],
    },
}

impl<'a> Write<'a> {
    /// The key it writes.
    pub fn key(&self) -> &'a [u8] {
        match self {
            Self::Set { key, .. } | Self::Delete { key } => key,
        }
    }

    /// The value it stores, if any.
    pub fn value(&self) -> Option<&'a [u8]> {
        match self {
            Self::Set { value, .. } => Some(value),
            Self::Delete { .. } => None,
        }
    }
}

/// An ordered map from (partition, key) to value.
///
/// - Partitions and keys are non-empty byte strings, together at most [`MAX_ADDRESS_BYTES`];
///   values may be empty. Order inside a partition is
///   unsigned byte order; there is none between partitions.
/// - Reads see every write that was acknowledged before they began, from any server on the store.
/// - A write is acknowledged only once it survives power loss.
/// - There are no transactions across keys.
/// - Dropping a returned future at any point leaves the store as if the call had either happened or
///   not; a dropped write may still happen.
#[async_trait]
pub trait KvStore: Send + Sync + std::fmt::Debug + 'static {
    /// Name of the backend as lakeFS's `database.type` has it: `local`, `mem`, `postgres`.
    fn kind(&self) -> &'static str;

    /// The value under a key.
    async fn get(&self, partition: &[u8], key: &[u8]) -> Result<Option<Bytes>, KvError>;

    /// Stores a value, whatever was there. Idempotent.
    async fn set(&self, partition: &[u8], key: &[u8], value: &[u8]) -> Result<(), KvError>;

    /// Stores a value if the condition holds at that moment. May end in
    /// [`KvError::Indeterminate`]; callers whose value is unique to them read back and decide.
    async fn set_if(
        &self,
        partition: &[u8],
        key: &[u8],
        value: &[u8],
        predicate: Predicate<'_>,
    ) -> Result<SetIfOutcome, KvError>;

    /// Removes a key; an absent key is fine. Idempotent.
    async fn delete(&self, partition: &[u8], key: &[u8]) -> Result<(), KvError>;

    /// Up to `limit` (≥ 1) entries of a partition from `start` (inclusive; empty means the first key),
    /// in key order. Pages end early at [`MAX_SCAN_PAGE_BYTES`]. Successive pages are not one
    /// snapshot; one page may not be either.
    async fn scan(&self, partition: &[u8], start: &[u8], limit: usize)
    -> Result<ScanPage, KvError>;

    /// Several unconditional writes to distinct keys of one partition, in as few round trips and
    /// syncs as the backend can. Not atomic: after an error any subset may have happened. Idempotent.
    async fn write_batch(&self, partition: &[u8], writes: &[Write<'_>]) -> Result<(), KvError>;

    /// Removes every entry of a partition; entries written while it runs may stay. Not atomic: after
    /// an error any subset may be gone. Idempotent.
    async fn clear_partition(&self, partition: &[u8], _pace: Pace) -> Result<(), KvError> {
        let mut start = Vec::new();
        loop {
            let page = self.scan(partition, &start, CLEAR_PAGE).await?;
            let writes: Vec<Write<'_>> =
                page.iter().map(|(key, _)| Write::Delete { key }).collect();
            self.write_batch(partition, &writes).await?;
            match page.last_key() {
                Some(last) if page.has_more() => {
                    start.clear();
                    start.extend_from_slice(last);
                    start.push(0);
                }
                _ => return Ok(()),
            }
        }
    }

    /// Answers once the store can serve, for readiness probes. Cheap.
    async fn ping(&self) -> Result<(), KvError>;
}
