//! Integration tests of the key-value stores: what needs another process.

#[cfg(test)]
mod child;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod postgres;
