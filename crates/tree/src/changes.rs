//! Changes on their way into a commit: pages of (key, new record or deletion) in ascending key order.
//!
//! A page is an arena that the source fills and the commit walks, so that an entry costs a copy of its
//! bytes and no allocation.

use async_trait::async_trait;
use lakefs_block::Cause;

/// A source of changes, strictly ascending by key across all its pages.
#[async_trait]
pub trait ChangeSource: Send {
    /// Appends the next changes to `page`, which is empty. Answers whether there may be more: a page
    /// may be left empty while there are, and nothing is asked for after `false`.
    async fn next_page(&mut self, page: &mut ChangePage) -> Result<bool, Cause>;
}

/// A page of changes.
#[derive(Debug, Default, Clone)]
pub struct ChangePage {
    bytes: Vec<u8>,
    changes: Vec<Slot>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    start: usize,
    key: u32,
    identity: u32,
    data: u32,
    deletion: bool,
}

/// One change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The new identity and data; `None` removes the key.
    pub record: Option<(&'a [u8], &'a [u8])>,
}

impl ChangePage {
    /// An empty page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a new or changed record.
    pub fn set(&mut self, key: &[u8], identity: &[u8], data: &[u8]) {
        self.push(key, identity, data, false);
    }

    /// Appends a deletion.
    pub fn delete(&mut self, key: &[u8]) {
        self.push(key, &[], &[], true);
    }

    fn push(&mut self, key: &[u8], identity: &[u8], data: &[u8], deletion: bool) {
        let length =
            |part: &[u8]| u32::try_from(part.len()).expect("parts of a record are below 4 GiB");
        self.changes.push(Slot {
            start: self.bytes.len(),
            key: length(key),
            identity: length(identity),
            data: length(data),
            deletion,
        });
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(identity);
        self.bytes.extend_from_slice(data);
    }

    /// How many changes it holds.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Bytes of keys, identities and data it holds: sources stop filling at a bound of theirs.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The change at a position.
    pub fn get(&self, position: usize) -> Option<Change<'_>> {
        let slot = self.changes.get(position)?;
        let rest = self.bytes.get(slot.start..)?;
        let (key, rest) = rest.split_at_checked(slot.key as usize)?;
        let (identity, rest) = rest.split_at_checked(slot.identity as usize)?;
        let data = rest.get(..slot.data as usize)?;
        Some(Change {
            key,
            record: (!slot.deletion).then_some((identity, data)),
        })
    }

    /// All changes in order.
    pub fn iter(&self) -> impl Iterator<Item = Change<'_>> {
        (0..self.len()).filter_map(|position| self.get(position))
    }

    /// Empties the page, keeping its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.changes.clear();
    }
}

/// A page is a source of itself, once.
#[async_trait]
impl ChangeSource for ChangePage {
    async fn next_page(&mut self, page: &mut ChangePage) -> Result<bool, Cause> {
        std::mem::swap(self, page);
        self.clear();
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gives_back_what_was_put_in() {
        let mut page = ChangePage::new();
        page.set(b"a", b"id", b"data");
        page.delete(b"b");
        page.set(b"c", b"", b"");
        let all: Vec<_> = page.iter().map(|c| (c.key, c.record)).collect();
        assert_eq!(
            all,
            [
                (&b"a"[..], Some((&b"id"[..], &b"data"[..]))),
                (&b"b"[..], None),
                (&b"c"[..], Some((&b""[..], &b""[..]))),
            ]
        );
        assert_eq!(page.get(3), None);
    }
}
