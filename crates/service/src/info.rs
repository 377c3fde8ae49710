//! What the server says about itself.

pub(crate) mod config;
pub(crate) mod ready;
pub(crate) mod usage;
