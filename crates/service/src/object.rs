//! Objects of a branch.

pub(crate) mod begin_copy;
pub(crate) mod begin_upload;
pub(crate) mod condition;
pub(crate) mod copy;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod model;
pub(crate) mod open;
pub(crate) mod place;
pub(crate) mod range;
pub(crate) mod stat;
pub(crate) mod store_entry;
pub(crate) mod update_metadata;
pub(crate) mod upload;
pub(crate) mod user_metadata;
