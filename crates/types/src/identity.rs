//! The hash primitive under every identity: a SHA-256 stream of typed, length-prefixed items, so
//! that no two different sequences of items feed the same bytes (docs/format/identity.md).

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

const BYTES: u8 = 0x00;
const STRING: u8 = 0x01;
const INT64: u8 = 0x02;
const STRING_SLICE: u8 = 0x03;
const STRING_MAP: u8 = 0x04;
const EMBEDDED: u8 = 0x05;

/// Feeds typed items to SHA-256.
#[derive(Debug, Clone, Default)]
pub struct IdentityHasher(Sha256);

impl IdentityHasher {
    /// An empty stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Continues a stream to which other bytes were already fed.
    pub fn resume(state: Sha256) -> Self {
        Self(state)
    }

    /// A signed integer.
    pub fn int64(&mut self, value: i64) -> &mut Self {
        self.0.update([INT64, 8]);
        self.0.update(value.to_be_bytes());
        self
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.0.update([BYTES]);
        self.length(value.len());
        self.0.update(value);
        self
    }

    /// A text.
    pub fn string(&mut self, value: &str) -> &mut Self {
        self.0.update([STRING]);
        self.length(value.len());
        self.0.update(value);
        self
    }

    /// A list of texts, in the given order.
    pub fn strings<S: AsRef<str>>(&mut self, values: &[S]) -> &mut Self {
        self.0.update([STRING_SLICE]);
        self.length(values.len());
        for value in values {
            self.string(value.as_ref());
        }
        self
    }

    /// A map of texts, in the byte order of its keys.
    pub fn map(&mut self, values: &BTreeMap<String, String>) -> &mut Self {
        self.0.update([STRING_MAP]);
        self.length(values.len());
        for (key, value) in values {
            self.string(key).string(value);
        }
        self
    }

    /// The identity of another value.
    pub fn embed(&mut self, identity: &[u8; 32]) -> &mut Self {
        self.0.update([EMBEDDED]);
        self.bytes(identity)
    }

    /// The identity of all that was fed.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    fn length(&mut self, length: usize) {
        self.int64(i64::try_from(length).expect("a length in memory fits a signed 64-bit integer"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of format.md §18.4 and §18.7.
    #[test]
    fn published_vectors_hold() {
        let mut parents = IdentityHasher::new();
        parents.strings::<&str>(&[]);
        assert_eq!(
            hex::encode(parents.finish()),
            "c05d0ae027f29a4a5776bafad29a3b776473f1da64ad40219803783b75286a6d"
        );
        let mut entry = IdentityHasher::new();
        entry.int64(99).string("123456789").map(&BTreeMap::new());
        assert_eq!(
            hex::encode(entry.clone().finish()),
            "305dc3bcf6786199a71d11568a84fcd424de995ff01268dcffe3739576f9127b"
        );
        entry.string("application/octet-stream");
        assert_eq!(
            hex::encode(entry.finish()),
            "10a13541c7d73feb0dc5c469e5921d04866ff9192ea40cef9106b1072c1db6d1"
        );
    }
}
