//! Fingerprints: what a range holds, in short, so that two large ranges that differ in little are
//! compared without reading them.
//!
//! The records of a range are cut into chunks of about 64 where a hash of a record says so: where the
//! cuts fall depends on the records alone, not on blocks, so chunks line up again right after a
//! difference. A chunk is known by a 128-bit hash over its keys and identities. Chunks with equal hashes
//! hold equal records; only what lies between them is read and compared.
//!
//! The hash is keyed with a secret of the process and never leaves it: nobody can construct records
//! that collide, and by chance two chunks do with a probability below 2^-100. Fingerprints are made for
//! free while a range is written and by one pass over it otherwise; they are kept in memory, bounded.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use crate::Result;
use crate::cursor::{Access, TableCursor};
use crate::shared::Shared;
use crate::table::Table;
use crate::walk::Pacer;

/// One record in this many ends a chunk (a power of two).
const CHUNK_RECORDS: u32 = 64;
/// A chunk has at most this many records, whatever their hashes say.
const MAX_CHUNK_RECORDS: u32 = 16 * CHUNK_RECORDS;

/// A record of a table: its data block, and which entry of that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) block: u32,
    pub(crate) entry: u32,
}

#[derive(Debug, Clone, Copy)]
struct Chunk {
    hash: (u64, u64),
    start: Spot,
}

/// The chunks of a table.
#[derive(Debug)]
pub(crate) struct Fingerprint {
    chunks: Vec<Chunk>,
    end: Spot,
}

impl Fingerprint {
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>() + self.chunks.capacity() * size_of::<Chunk>()
    }

    /// First record of a chunk; the end of the table for the one after the last.
    fn start(&self, chunk: usize) -> Spot {
        self.chunks.get(chunk).map_or(self.end, |chunk| chunk.start)
    }
}

/// Keys of the hash.
#[derive(Debug, Clone)]
pub(crate) struct Secret([u64; 8]);

impl Secret {
    /// A fresh secret.
    pub(crate) fn new() -> Self {
        let random = RandomState::new();
        // Odd, so that no key is zero.
        Self(std::array::from_fn(|at| random.hash_one(at) | 1))
    }

    #[inline]
    fn record(&self, key: &[u8], identity: &[u8]) -> (u64, u64) {
        let [s0, s1, s2, s3, s4, s5, ..] = self.0;
        let lengths = (key.len() as u64) << 32 | identity.len() as u64;
        let (mut a, mut b) = (s0 ^ lengths, s3 ^ lengths);
        for part in [key, identity] {
            let (words, tail) = part.as_chunks::<16>();
            for word in words {
                let (x, y) = halves(word);
                a = fold(x ^ s1 ^ a, y ^ s2);
                b = fold(x ^ s4 ^ b, y ^ s5);
            }
            if !tail.is_empty() {
                let mut word = [0; 16];
                for (to, from) in word.iter_mut().zip(tail) {
                    *to = *from;
                }
                let (x, y) = halves(&word);
                a = fold(x ^ s1 ^ a, y ^ s2);
                b = fold(x ^ s4 ^ b, y ^ s5);
            }
        }
        (a, b)
    }
}

#[inline]
fn halves(word: &[u8; 16]) -> (u64, u64) {
    let word = u128::from_le_bytes(*word);
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
    (word as u64, (word >> 64) as u64)
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
    {
        product as u64 ^ (product >> 64) as u64
    }
}

/// Makes a fingerprint from records in order.
#[derive(Debug)]
pub(crate) struct FingerprintBuilder {
    secret: Secret,
    chunks: Vec<Chunk>,
    hash: (u64, u64),
    start: Spot,
    records: u32,
}

impl FingerprintBuilder {
    pub(crate) fn new(secret: Secret) -> Self {
        Self {
            secret,
            chunks: Vec::new(),
            hash: (0, 0),
            start: Spot { block: 0, entry: 0 },
            records: 0,
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, key: &[u8], identity: &[u8], spot: Spot) {
        let (a, b) = self.secret.record(key, identity);
        if self.records == 0 {
            self.start = spot;
        }
        self.records += 1;
        let [.., s6, s7] = self.secret.0;
        self.hash = (fold(self.hash.0 ^ a, s6), fold(self.hash.1 ^ b, s7));
        if a >> (64 - CHUNK_RECORDS.ilog2()) == 0 || self.records == MAX_CHUNK_RECORDS {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.chunks.push(Chunk {
            hash: self.hash,
            start: self.start,
        });
        self.hash = (0, 0);
        self.records = 0;
    }

    /// Ends the table, which has this many data blocks, and begins another.
    pub(crate) fn finish(&mut self, blocks: u32) -> Fingerprint {
        if self.records > 0 {
            self.cut();
        }
        let mut chunks = std::mem::take(&mut self.chunks);
        chunks.shrink_to_fit();
        Fingerprint {
            chunks,
            end: Spot {
                block: blocks,
                entry: 0,
            },
        }
    }
}

/// Makes the fingerprint of an open table by reading it.
pub(crate) async fn read(shared: &Arc<Shared>, table: &Arc<Table>) -> Result<Fingerprint> {
    let mut builder = FingerprintBuilder::new(shared.secret.clone());
    let mut cursor = TableCursor::new(Arc::clone(shared), Arc::clone(table), Access::Bulk);
    let mut pacer = Pacer::default();
    while cursor.advance()? {
        builder.add(cursor.key(), cursor.value()?.identity, cursor.spot());
        if pacer.due() {
            tokio::task::yield_now().await;
        }
    }
    Ok(builder.finish(u32::try_from(table.index.len()).unwrap_or(u32::MAX)))
}

/// Stretches of two tables that hold the same records, in order.
#[derive(Debug, Default)]
pub(crate) struct Agreement {
    stretches: Vec<Stretch>,
    next: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    left: (Spot, Spot),
    right: (Spot, Spot),
}

impl Agreement {
    /// Finds the chunks that two tables share.
    pub(crate) fn find(left: &Fingerprint, right: &Fingerprint) -> Self {
        let same = |(a, b): &(&Chunk, &Chunk)| a.hash == b.hash;
        let prefix = left
            .chunks
            .iter()
            .zip(&right.chunks)
            .take_while(same)
            .count();
        let suffix = left
            .chunks
            .iter()
            .skip(prefix)
            .rev()
            .zip(right.chunks.iter().skip(prefix).rev())
            .take_while(same)
            .count();
        let (left_middle, right_middle) = (left.chunks.len() - suffix, right.chunks.len() - suffix);
        let mut pairs: Vec<(usize, usize)> = (0..prefix).map(|at| (at, at)).collect();
        let mut by_hash: HashMap<(u64, u64), usize> = HashMap::new();
        for at in prefix..right_middle {
            if let Some(chunk) = right.chunks.get(at) {
                by_hash.insert(chunk.hash, at);
            }
        }
        let mut floor = prefix;
        for at in prefix..left_middle {
            if let Some(chunk) = left.chunks.get(at)
                && let Some(&other) = by_hash.get(&chunk.hash)
                && other >= floor
            {
                pairs.push((at, other));
                floor = other + 1;
            }
        }
        pairs.extend((0..suffix).map(|at| (left_middle + at, right_middle + at)));
        let stretches = pairs
            .into_iter()
            .map(|(l, r)| Stretch {
                left: (left.start(l), left.start(l + 1)),
                right: (right.start(r), right.start(r + 1)),
            })
            .collect();
        Self { stretches, next: 0 }
    }

    /// If both sides stand where an equal stretch begins, where it ends on each side; adjoining
    /// stretches are taken together.
    #[inline]
    pub(crate) fn skip(&mut self, left: Spot, right: Spot) -> Option<(Spot, Spot)> {
        while self.stretches.get(self.next)?.left.0 < left {
            self.next += 1;
        }
        let mut end = None;
        let mut at = (left, right);
        while let Some(stretch) = self.stretches.get(self.next)
            && (stretch.left.0, stretch.right.0) == at
        {
            at = (stretch.left.1, stretch.right.1);
            end = Some(at);
            self.next += 1;
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(secret: &Secret, keys: impl IntoIterator<Item = u32>) -> (Fingerprint, u32) {
        let mut builder = FingerprintBuilder::new(secret.clone());
        let mut count = 0;
        for key in keys {
            builder.add(
                &key.to_be_bytes(),
                &[7; 32],
                Spot {
                    block: 0,
                    entry: count,
                },
            );
            count += 1;
        }
        (builder.finish(1), count)
    }

    #[test]
    fn a_small_difference_leaves_almost_all_equal() {
        let secret = Secret::new();
        let (left, count) = fingerprint(&secret, 0..10_000);
        let (right, _) = fingerprint(&secret, (0..10_000).filter(|key| *key != 5000));
        let mut agreement = Agreement::find(&left, &right);
        let spot = |entry| Spot { block: 0, entry };
        let (l, r) = agreement.skip(spot(0), spot(0)).unwrap();
        assert_eq!(l, r);
        assert!((5000 - 1024..=5000).contains(&l.entry), "{l:?}");
        let rest = agreement.stretches[agreement.next..].iter();
        let equal: u32 = rest
            .map(|s| {
                if s.left.1.block == 1 {
                    count - s.left.0.entry
                } else {
                    s.left.1.entry - s.left.0.entry
                }
            })
            .sum();
        assert!(equal > 5000 - 1024, "{equal}");
    }

    #[test]
    fn different_records_never_agree() {
        let secret = Secret::new();
        let (left, _) = fingerprint(&secret, 0..1000);
        let (right, _) = fingerprint(&secret, 1000..2000);
        assert!(Agreement::find(&left, &right).stretches.is_empty());
        let (same, _) = fingerprint(&secret, 0..1000);
        assert_eq!(
            Agreement::find(&left, &same).stretches.len(),
            left.chunks.len()
        );
    }

    #[test]
    fn chunks_are_bounded_however_records_hash() {
        let secret = Secret::new();
        let mut builder = FingerprintBuilder::new(secret);
        for entry in 0..100_000 {
            builder.add(b"same", b"same", Spot { block: 0, entry });
        }
        let chunks = builder.finish(1).chunks;
        assert!(chunks.len() >= 100_000 / MAX_CHUNK_RECORDS as usize);
    }
}
