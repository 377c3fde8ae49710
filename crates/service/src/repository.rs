//! Repositories and their settings.

pub(crate) mod branch_protection;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod gc_rules;
pub(crate) mod known;
pub(crate) mod metadata;
pub(crate) mod model;
pub(crate) mod read;
pub(crate) mod sample;
