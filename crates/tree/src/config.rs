//! Sizes and rules of a [`TreeStore`](crate::TreeStore).

use std::path::PathBuf;

/// When a range is closed (docs/format/tables.md, "Splitting"). Servers that share an installation
/// must agree on it: other values give other tables and other commit ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangePolicy {
    /// A range smaller than this is never closed by its key.
    pub min_size_bytes: u64,
    /// A range is closed once it is this large.
    pub max_size_bytes: u64,
    /// One key in this many closes a range. Never zero: [`TreeStore::new`](crate::TreeStore::new)
    /// treats zero as one.
    pub raggedness_entries: u64,
}

impl Default for RangePolicy {
    fn default() -> Self {
        Self {
            min_size_bytes: 0,
            max_size_bytes: 20 * 1024 * 1024,
            raggedness_entries: 50_000,
        }
    }
}

/// Where tables of a remote store are kept on local disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskCacheConfig {
    /// A directory that this process owns; it may be deleted when the process is not running.
    pub directory: PathBuf,
    /// Bound on the bytes of the files in it.
    pub capacity_bytes: u64,
}

/// Sizes of a tree store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeConfig {
    /// Bound on decoded data blocks kept in memory, and on what listings remember of them.
    pub block_cache_bytes: usize,
    /// Bound on parsed indexes (and on whole tables, where they live in memory) kept open.
    pub open_tables_bytes: usize,
    /// Cache on local disk for stores that are not local files; without it their tables are held in
    /// memory while open.
    pub disk_cache: Option<DiskCacheConfig>,
    /// When ranges are closed.
    pub ranges: RangePolicy,
    /// Directory of the tables below a storage namespace.
    pub prefix: String,
}

impl Default for TreeConfig {
    fn default() -> Self {
        Self {
            block_cache_bytes: 64 << 20,
            open_tables_bytes: 24 << 20,
            disk_cache: None,
            ranges: RangePolicy::default(),
            prefix: "_lakefs".to_owned(),
        }
    }
}
