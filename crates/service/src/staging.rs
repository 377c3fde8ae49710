//! Objects that reach the store without passing through the server.

pub(crate) mod address;
pub(crate) mod link;
pub(crate) mod multipart;
pub(crate) mod stage;
