//! Buffers of long reads. They are the kernel's pages, taken and given back whole: memory from the
//! allocator that one thread of the pool fills and another frees stays with the first until that one
//! happens to allocate again, for each of hundreds of threads.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use memmap2::MmapMut;
use parking_lot::Mutex;

use super::fs::DIRECT_ALIGNMENT;

/// Bytes of a long read that are read, held and sent at once.
pub(super) const CHUNK: usize = 512 << 10;
/// Room for a chunk that begins within a page.
const MEMORY: usize = CHUNK + DIRECT_ALIGNMENT;
/// Unused buffers kept: making one anew costs as much as filling it.
const KEPT: usize = 16;

/// Where buffers come from and go to.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    unused: Mutex<Vec<MmapMut>>,
}

/// One buffer, at an address that is a multiple of [`DIRECT_ALIGNMENT`]. Holds what it held before.
#[derive(Debug)]
pub(super) struct Chunk {
    /// There until it is dropped.
    memory: Option<MmapMut>,
    origin: Arc<Chunks>,
}

impl Chunks {
    pub(super) fn take(self: &Arc<Self>) -> io::Result<Chunk> {
        let unused = self.unused.lock().pop();
        let memory = match unused {
            Some(memory) => memory,
            None => MmapMut::map_anon(MEMORY)?,
        };
        Ok(Chunk {
            memory: Some(memory),
            origin: Arc::clone(self),
        })
    }
}

impl Chunk {
    pub(super) fn memory(&mut self) -> &mut [u8] {
        self.memory.as_deref_mut().unwrap_or_default()
    }

    /// What it holds now, without copying; the buffer goes back when the last of it is dropped.
    pub(super) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        self.memory.as_deref().unwrap_or_default()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let mut unused = self.origin.unused.lock();
        if unused.len() < KEPT {
            unused.extend(self.memory.take());
        }
        // One too many is unmapped after the lock is gone: fields are dropped last.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_goes_back_with_the_last_of_its_bytes() {
        let chunks = Arc::new(Chunks::default());
        let mut chunk = chunks.take().unwrap();
        assert_eq!(chunk.memory().as_ptr().align_offset(DIRECT_ALIGNMENT), 0);
        chunk.memory()[..2].copy_from_slice(b"ab");
        let bytes = chunk.freeze();
        assert_eq!(bytes.len(), MEMORY);
        let part = bytes.slice(1..2);
        drop(bytes);
        assert_eq!(part, "b");
        assert!(chunks.unused.lock().is_empty());
        drop(part);
        assert_eq!(chunks.unused.lock().len(), 1);
        assert_eq!(chunks.take().unwrap().memory()[..2], *b"ab");
    }

    #[test]
    fn only_some_unused_buffers_are_kept() {
        let chunks = Arc::new(Chunks::default());
        let taken: Vec<_> = (0..=KEPT).map(|_| chunks.take().unwrap()).collect();
        assert!(chunks.unused.lock().is_empty());
        drop(taken);
        assert_eq!(chunks.unused.lock().len(), KEPT);
    }
}
