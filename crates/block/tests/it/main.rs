//! Behaviour of the stores from outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod faults;
mod local;
mod mem;
mod moto;
mod proxy;
mod s3;
mod s3_faults;
