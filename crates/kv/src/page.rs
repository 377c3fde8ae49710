//! One page of a scan: entries laid end to end in one buffer, so that a scan of a million entries
//! costs a few allocations a page rather than two an entry.

use crate::MAX_SCAN_PAGE_BYTES;

/// A staged entry's key and value are about this long.
const COMMON_ENTRY_BYTES: usize = 256;

/// Room is made in advance up to a page's limit and a large last entry.
const MAX_ROOM_BYTES: usize = MAX_SCAN_PAGE_BYTES + (64 << 10);
const MAX_ROOM_ENTRIES: usize = MAX_ROOM_BYTES / COMMON_ENTRY_BYTES;

/// Entries of one partition in key order.
#[derive(Debug, Clone, Default)]
pub struct ScanPage {
    buffer: Vec<u8>,
    entries: Vec<Span>,
    more: bool,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    key: u32,
    value: u32,
}

impl ScanPage {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries. An empty page is the last one.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the partition goes on after this page. May be true before an empty page, never false
    /// before an entry.
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// The `index`-th entry as (key, value).
    pub fn get(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let span = self.entries.get(index)?;
        let key = span.start as usize..(span.start + span.key) as usize;
        let value = key.end..key.end + span.value as usize;
        Some((self.buffer.get(key)?, self.buffer.get(value)?))
    }

    /// The entries as (key, value).
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The key of the last entry.
    pub fn last_key(&self) -> Option<&[u8]> {
        self.len()
            .checked_sub(1)
            .and_then(|last| self.get(last))
            .map(|(key, _)| key)
    }
}

/// Fills a [`ScanPage`].
#[derive(Debug, Default)]
pub struct ScanPageBuilder {
    page: ScanPage,
}

impl ScanPageBuilder {
    /// An empty page.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty page with room for `entries` of a common size, so that a long page does not grow by
    /// copying.
    pub fn with_room(entries: usize) -> Self {
        let bytes = entries.saturating_mul(COMMON_ENTRY_BYTES);
        let mut builder = Self::default();
        builder.page.entries.reserve(entries.min(MAX_ROOM_ENTRIES));
        builder.page.buffer.reserve(bytes.min(MAX_ROOM_BYTES));
        builder
    }

    /// Appends an entry; keys must ascend. Answers whether there was room: a page holds less than
    /// 4 GiB, and backends stop long before, at [`crate::MAX_SCAN_PAGE_BYTES`].
    pub fn push(&mut self, key: &[u8], value: &[u8]) -> bool {
        let (Ok(start), Ok(key_len), Ok(value_len)) = (
            u32::try_from(self.page.buffer.len()),
            u32::try_from(key.len()),
            u32::try_from(value.len()),
        ) else {
            return false;
        };
        self.page.buffer.extend_from_slice(key);
        self.page.buffer.extend_from_slice(value);
        self.page.entries.push(Span {
            start,
            key: key_len,
            value: value_len,
        });
        true
    }

    /// Number of entries so far.
    pub fn len(&self) -> usize {
        self.page.len()
    }

    /// Whether nothing was pushed yet.
    pub fn is_empty(&self) -> bool {
        self.page.is_empty()
    }

    /// The key pushed last.
    pub fn last_key(&self) -> Option<&[u8]> {
        self.page.last_key()
    }

    /// Bytes of keys and values so far.
    pub fn bytes(&self) -> usize {
        self.page.buffer.len()
    }

    /// The page; `more` says whether the partition may go on after it.
    pub fn finish(mut self, more: bool) -> ScanPage {
        self.page.more = more;
        self.page
    }
}
