//! Behaviour of the stores from outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says when it is skipped"
)]

mod crash;
mod faults;
mod local;
mod mem;
mod moto;
mod proxy;
mod s3;
mod s3_faults;
