//! Signatures held against vectors of others.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod botocore;
mod published;
mod refusals;
