//! Branches and the commits that are made on them from other commits.

pub(crate) mod cherry_pick;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod model;
pub(crate) mod read;
pub(crate) mod reset;
pub(crate) mod revert;
pub(crate) mod roots;
