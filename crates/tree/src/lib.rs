//! Content-addressed sorted tables: the content of a commit.
//!
//! A **range** is an immutable sorted table of records (key, identity, data); a **metarange** is a
//! sorted table of ranges and is the whole content of a commit. Both are named by a SHA-256 over their
//! records and live in `<namespace>/_lakefs/<id>` in the container format that lakeFS uses, byte for
//! byte (docs/format/tables.md). Where ranges are split depends only on their records, so two servers
//! that write the same content write the same tables.
//!
//! [`TreeStore`] reads, commits, compares and merges. It knows bytes: what a record's data means, and
//! what branches, repositories and commits are, is for the crates above. Design and the places where
//! time goes: docs/design/0001-tables.md.

mod cache;
mod changes;
mod commit;
mod config;
mod counters;
mod cursor;
mod diff;
mod disk;
mod error;
mod fingerprint;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod inspect;
mod iter;
mod merge;
mod metarange;
mod pair;
mod record;
mod shared;
mod skips;
mod split;
mod sst;
mod store;
mod table;
mod upload;
mod walk;
mod writer;

pub use changes::{Change, ChangePage, ChangeSource};
pub use commit::{CommitOptions, CommitOutcome};
pub use config::{DiskCacheConfig, RangePolicy, TreeConfig};
pub use counters::TreeCounters;
pub use diff::{DiffIter, DiffKind, DiffRef};
pub use error::{Result, TreeError};
pub use inspect::{TableFile, TableInfo};
pub use iter::MetaRangeIter;
pub use merge::{MergeOptions, MergeOutcome, MergeStrategy};
pub use record::{RangeInfo, Record, RecordRef, ValueRef};
pub use skips::{SkipKey, Skips};
pub use store::TreeStore;
pub use writer::{MetaRangeWriter, WriterOptions};
