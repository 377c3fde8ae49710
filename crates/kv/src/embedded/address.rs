//! Keys as the engine sees them: one flat, ordered space.
//!
//! ```text
//! +------------------+-----------+-----+
//! | length of        | partition | key |
//! | partition: u16 BE|           |     |
//! +------------------+-----------+-----+
//! ```
//!
//! The length in front makes the encoding of a partition a prefix of no other partition's, so two
//! partitions never share or interleave keys whatever bytes they contain, and keys keep their order
//! inside a partition. Described in `docs/design/0002-key-value-store.md`.

use std::ops::Range;

use crate::KvError;
use crate::error::{check_address, check_partition};

/// Bytes of the length field.
const LENGTH_BYTES: usize = 2;

/// A partition as a prefix of engine keys.
#[derive(Debug, Clone)]
pub(super) struct PartitionPrefix(Vec<u8>);

impl PartitionPrefix {
    /// Encodes a partition, with room for a key of `key_len` bytes behind it.
    fn with_room(partition: &[u8], key_len: usize) -> Result<Self, KvError> {
        let length = u16::try_from(partition.len()).map_err(|_| KvError::TooLong {
            length: partition.len(),
        })?;
        let mut bytes = Vec::with_capacity(LENGTH_BYTES + partition.len() + key_len);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(partition);
        Ok(Self(bytes))
    }

    /// Encodes a partition.
    pub(super) fn of(partition: &[u8]) -> Result<Self, KvError> {
        check_partition(partition)?;
        Self::with_room(partition, 0)
    }

    /// Length of the prefix: where the key begins in an engine key.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Engine keys of the partition from `start` on.
    pub(super) fn range_from(&self, start: &[u8]) -> Range<Vec<u8>> {
        let mut end = self.0.clone();
        // The first byte is the high half of a length below 0xff00, so the carry stops in time.
        while let Some(last) = end.pop() {
            if last < u8::MAX {
                end.push(last + 1);
                break;
            }
        }
        let mut lower = Vec::with_capacity(self.0.len() + start.len());
        lower.extend_from_slice(&self.0);
        lower.extend_from_slice(start);
        lower..end
    }
}

/// The engine key of an entry.
pub(super) fn engine_key(partition: &[u8], key: &[u8]) -> Result<Vec<u8>, KvError> {
    check_address(partition, key)?;
    let mut bytes = PartitionPrefix::with_room(partition, key.len())?.0;
    bytes.extend_from_slice(key);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn engine_keys_keep_order_and_never_cross_partitions(
            p in proptest::collection::vec(prop_oneof![Just(0_u8), Just(255), any::<u8>()], 1..6),
            q in proptest::collection::vec(prop_oneof![Just(0_u8), Just(255), any::<u8>()], 1..6),
            a in proptest::collection::vec(any::<u8>(), 1..6),
            b in proptest::collection::vec(any::<u8>(), 1..6),
        ) {
            let own = PartitionPrefix::of(&p).unwrap().range_from(b"");
            let inside = engine_key(&p, &a).unwrap();
            prop_assert!(own.contains(&inside));
            prop_assert_eq!(&inside[PartitionPrefix::of(&p).unwrap().len()..], &a[..]);
            prop_assert_eq!(inside.cmp(&engine_key(&p, &b).unwrap()), a.cmp(&b));
            prop_assert_eq!(own.contains(&engine_key(&q, &b).unwrap()), p == q);
        }
    }
}
