//! The tables of committed content.

pub(crate) mod read;
