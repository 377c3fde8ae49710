//! The page description that every list carries.

use serde::{Deserialize, Serialize};

/// Where a page of a list stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pagination {
    /// Whether a later page exists.
    pub has_more: bool,
    /// The largest page the server gives.
    pub max_per_page: i64,
    /// What to pass as `after` for the next page; empty on the last one.
    pub next_offset: String,
    /// How many results this page holds.
    pub results: i64,
}
