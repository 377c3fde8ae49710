//! Behaviour of the stores from outside.

mod local;
mod mem;
