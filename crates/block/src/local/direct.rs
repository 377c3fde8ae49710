//! Large objects go past the page cache: copying a body into it costs about as much as hashing it, and
//! would push out what is read often. The first long read of such an object passes it by as well; one
//! that is read again is worth keeping in memory.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::io;

use bytes::Bytes;
use memmap2::MmapMut;
use parking_lot::Mutex;

use super::fs::DIRECT_ALIGNMENT;

/// Bytes of a body, or of a read, from which on the page cache is passed by.
pub(super) const DIRECT_FROM: u64 = 16 << 20;
/// Objects remembered. One that is forgotten is read through the page cache.
const REMEMBERED: usize = 1024;

/// Objects that were written past the page cache and not read since, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Unread {
    hasher: RandomState,
    addresses: Mutex<VecDeque<u64>>,
}

impl Unread {
    /// Notes an object just written.
    pub(super) fn note(&self, address: &str) {
        let hash = self.hasher.hash_one(address);
        let mut addresses = self.addresses.lock();
        if addresses.len() == REMEMBERED {
            addresses.pop_front();
        }
        addresses.push_back(hash);
    }

    /// Whether this is the first long read of an object that is noted; it is no more from now on.
    pub(super) fn take(&self, address: &str) -> bool {
        let hash = self.hasher.hash_one(address);
        let mut addresses = self.addresses.lock();
        let at = addresses.iter().rposition(|noted| *noted == hash);
        at.is_some_and(|at| addresses.remove(at).is_some())
    }
}

/// Bytes at an address that is a multiple of [`DIRECT_ALIGNMENT`]: pages of the kernel's, like the buffers
/// of reads.
#[derive(Debug, Default)]
pub(super) struct Aligned {
    memory: Option<MmapMut>,
}

impl Aligned {
    /// Holds these chunks, of so many bytes in all, and nothing else.
    pub(super) fn fill(&mut self, chunks: &[Bytes], size: usize) -> io::Result<&[u8]> {
        let memory = match self.memory.take() {
            Some(memory) if memory.len() >= size => memory,
            _ => MmapMut::map_anon(size.max(DIRECT_ALIGNMENT))?,
        };
        let memory = self.memory.insert(memory);
        let mut room = memory.get_mut(..size).unwrap_or_default();
        for chunk in chunks {
            let (place, rest) = room
                .split_at_mut_checked(chunk.len())
                .ok_or(io::ErrorKind::InvalidInput)?;
            place.copy_from_slice(chunk);
            room = rest;
        }
        Ok(memory.get(..size).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_taken_once() {
        let unread = Unread::default();
        unread.note("a");
        assert!(!unread.take("b"));
        assert!(unread.take("a"));
        assert!(!unread.take("a"));
    }

    #[test]
    fn the_oldest_of_too_many_is_forgotten() {
        let unread = Unread::default();
        for number in 0..=REMEMBERED {
            unread.note(&number.to_string());
        }
        assert!(!unread.take("0"));
        assert!(unread.take("1"));
        assert!(unread.take(&REMEMBERED.to_string()));
    }

    #[test]
    fn filled_bytes_are_aligned_every_time() {
        let mut aligned = Aligned::default();
        for size in [4096, 1 << 20, 8192] {
            let chunks = [Bytes::from(vec![1; size - 100]), Bytes::from(vec![2; 100])];
            let bytes = aligned.fill(&chunks, size).unwrap();
            assert_eq!(bytes.as_ptr().align_offset(DIRECT_ALIGNMENT), 0);
            assert_eq!(bytes, chunks.concat());
        }
    }
}
