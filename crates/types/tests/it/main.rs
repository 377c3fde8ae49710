//! What reads text from outside, as functions of any bytes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fuzz;
