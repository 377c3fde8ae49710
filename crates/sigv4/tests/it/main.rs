//! Signatures held against vectors of others.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod botocore;
mod published;
mod refusals;
