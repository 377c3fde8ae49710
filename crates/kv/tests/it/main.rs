//! Integration tests of the key-value stores: what needs another process.

mod crash;
mod kill;
mod postgres;
