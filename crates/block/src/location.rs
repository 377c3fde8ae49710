//! Where an object is.

/// An address as an entry stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address<'a> {
    /// Below the repository's storage namespace.
    Relative(&'a str),
    /// A whole URL, such as `s3://bucket/key`.
    Full(&'a str),
}

/// A resolved place in a store: the bucket (for a local store the first directory below its root; empty
/// for an absolute file outside of it) and the key inside it. Keys are literal: `a//b`, a
/// trailing `/`, `..` and unicode are all just characters of a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// Bucket or container.
    pub bucket: String,
    /// Key inside it, without a leading `/`.
    pub key: String,
}
