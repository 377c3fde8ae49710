//! What a listing with a delimiter found while it skipped from one common prefix to the next. The content of
//! a metarange never changes, so the next listing of the same directory need not look for it in the
//! tables.

use lakefs_types::{MetaRangeId, StorageNamespace};

/// Where a run of skips begins.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SkipKey {
    /// The namespace of the metarange.
    pub namespace: StorageNamespace,
    /// What is listed.
    pub metarange: MetaRangeId,
    /// The common prefix that the first skip passed.
    pub prefix: Box<[u8]>,
    /// How many bytes of it were asked for; the delimiter is looked for after those.
    pub from: usize,
    /// What common prefixes end with.
    pub delimiter: Box<str>,
}

/// A run of skips: the first key after all that begin with the common prefix the run begins at, the first
/// key after all that share *that* key's common prefix, and so on.
#[derive(Debug, Clone, Default)]
pub struct Skips {
    keys: Vec<u8>,
    ends: Vec<u32>,
    ended: bool,
}

impl Skips {
    /// Bytes of keys that one run holds at most, and a key; the next run goes on there.
    const MAX_BYTES: usize = 64 << 10;

    /// Adds where a skip led to; `None` is the end of the metarange.
    pub fn push(&mut self, key: Option<&[u8]>) {
        match key {
            Some(key) => {
                self.keys.extend_from_slice(key);
                let end = u32::try_from(self.keys.len()).expect("a run is far below 4 GiB");
                self.ends.push(end);
            }
            None => self.ended = true,
        }
    }

    /// Whether another run is to go on.
    pub fn is_full(&self) -> bool {
        self.keys.len() >= Self::MAX_BYTES
    }

    /// Whether nothing follows the last key.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The key that the skip of this number led to.
    #[inline]
    pub fn get(&self, at: usize) -> Option<&[u8]> {
        let end = *self.ends.get(at)? as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before));
        self.keys.get(start.map_or(0, |start| *start as usize)..end)
    }

    /// Gives back memory that was taken for more keys.
    pub(crate) fn shrink(&mut self) {
        self.keys.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// Bytes of memory it takes.
    pub(crate) fn memory(&self) -> usize {
        self.keys.capacity() + self.ends.capacity() * 4
    }
}
