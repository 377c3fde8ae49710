//! Records of tables: an opaque key, an identity and opaque data; the stored value that holds the
//! latter two; and the record by which a metarange describes a range (docs/format/tables.md).

use bytes::Bytes;
use lakefs_types::RangeId;

/// Longest identity or data the format allows.
pub(crate) const MAX_PART_BYTES: usize = 640 << 16;

/// A record, borrowed from the iterator that stands on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// The key: an object's path.
    pub key: &'a [u8],
    /// What decides whether two records are the same.
    pub identity: &'a [u8],
    /// The rest.
    pub data: &'a [u8],
}

/// The part of a record that is not its key, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueRef<'a> {
    /// What decides whether two records are the same.
    pub identity: &'a [u8],
    /// The rest.
    pub data: &'a [u8],
}

/// The part of a record that is not its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What decides whether two records are the same.
    pub identity: Bytes,
    /// The rest.
    pub data: Bytes,
}

/// A range as a metarange describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeInfo {
    /// The table.
    pub id: RangeId,
    /// Its first key.
    pub min_key: Bytes,
    /// Its last key.
    pub max_key: Bytes,
    /// Number of records.
    pub count: u64,
    /// Its size when it was closed; part of the metarange's identity, so carried over unchanged.
    pub estimated_size_bytes: u64,
}
