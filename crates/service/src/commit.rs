//! Commits and history.

pub(crate) mod create;
pub(crate) mod model;
pub(crate) mod read;
