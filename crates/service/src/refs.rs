//! Comparing and merging references.

pub(crate) mod diff;
pub(crate) mod merge;
