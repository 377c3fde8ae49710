//! Uncommitted changes as stored: one record a path in the partition of a staging token, and the merge
//! of several tokens in which the newest wins.
//!
//! Stored form (`StagedEntryData`): 1 key · 2 identity · 3 data. A record without identity is a
//! tombstone: the path is deleted.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lakefs_kv::{KvStore, ScanPage};
use lakefs_tree::{ChangePage, ChangeSource};
use lakefs_types::StagingToken;

use crate::proto::{DecodeError, Fields, put_scalar_bytes};
use crate::{Branch, Error, Result};

/// Largest scan of a staging partition.
pub(crate) const MAX_SCAN: usize = 2000;
/// Bytes of changes handed to the tables at a time.
const CHANGE_PAGE_BYTES: usize = 1 << 20;
/// Changes handed to the tables at a time.
const CHANGE_PAGE: usize = 4096;

/// What a staging partition says about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Staged<'a> {
    /// It is deleted.
    Tombstone,
    /// It holds this.
    Entry {
        /// Identity of the content.
        identity: &'a [u8],
        /// The stored entry.
        data: &'a [u8],
    },
}

impl<'a> Staged<'a> {
    /// Reads a record.
    pub(crate) fn decode(raw: &'a [u8]) -> Result<Self, DecodeError> {
        let (mut identity, mut data): (&[u8], &[u8]) = (&[], &[]);
        let mut fields = Fields::new(raw);
        while let Some((number, value)) = fields.next()? {
            match number {
                2 => identity = value.bytes()?,
                3 => data = value.bytes()?,
                _ => {}
            }
        }
        Ok(if identity.is_empty() {
            Self::Tombstone
        } else {
            Self::Entry { identity, data }
        })
    }

    /// The identity, `None` for a tombstone.
    pub(crate) fn identity(&self) -> Option<&'a [u8]> {
        match self {
            Self::Tombstone => None,
            Self::Entry { identity, .. } => Some(identity),
        }
    }
}

/// The record that stores an entry under a path.
pub(crate) fn encode_staged(path: &[u8], identity: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len() + identity.len() + data.len() + 16);
    put_scalar_bytes(&mut out, 1, path);
    put_scalar_bytes(&mut out, 2, identity);
    put_scalar_bytes(&mut out, 3, data);
    out
}

/// The record that deletes a path.
pub(crate) fn encode_tombstone(path: &[u8]) -> Vec<u8> {
    encode_staged(path, &[], &[])
}

/// Names a staging record in an error.
pub(crate) fn staged_name(token: &StagingToken, path: &[u8]) -> String {
    format!(
        "uncommitted change {token} {}",
        String::from_utf8_lossy(path)
    )
}

/// The first key after all keys that begin with `prefix`; `None` when there is no such key.
pub(crate) fn end_of_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = Vec::new();
    end_of_prefix_in(&mut end, prefix).then_some(end)
}

/// The same in a buffer, whose content goes; false when there is no such key.
pub(crate) fn end_of_prefix_in(end: &mut Vec<u8>, prefix: &[u8]) -> bool {
    end.clear();
    end.extend_from_slice(prefix);
    while let Some(last) = end.last_mut() {
        if *last < 0xff {
            *last += 1;
            return true;
        }
        end.pop();
    }
    false
}

/// Walks one token in key order, a page at a time.
#[derive(Debug)]
struct TokenCursor {
    token: StagingToken,
    page: ScanPage,
    position: usize,
    /// First key not in `page`, to be read when the page is used up; `None` when nothing follows.
    next_start: Option<Vec<u8>>,
    /// How many entries the next scan asks for.
    scan: usize,
    /// How many the first one asked for, and the first one after a jump.
    first_scan: usize,
}

impl TokenCursor {
    fn current(&self) -> Option<(&[u8], &[u8])> {
        self.page.get(self.position)
    }

    async fn fill(&mut self, kv: &dyn KvStore) -> Result<()> {
        while self.current().is_none() {
            let Some(start) = self.next_start.take() else {
                return Ok(());
            };
            let partition = self.token.as_str().as_bytes();
            self.page = kv
                .scan(partition, &start, self.scan)
                .await
                .map_err(Error::Kv)?;
            self.position = 0;
            // Whoever wants more than the first page probably wants much more.
            self.scan = (self.scan * 4).min(MAX_SCAN);
            if self.page.has_more() {
                self.next_start = self.page.last_key().map(|last| [last, &[0]].concat());
            }
        }
        Ok(())
    }

    /// Moves to the first key at or after `key`, which is after where the cursor stands.
    fn seek(&mut self, key: &[u8]) {
        if self.page.last_key().is_some_and(|last| key <= last) {
            let (mut low, mut high) = (self.position, self.page.len());
            while low < high {
                let middle = usize::midpoint(low, high);
                if self.page.get(middle).is_some_and(|(at, _)| at < key) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            self.position = low;
        } else {
            self.position = self.page.len();
            self.scan = self.first_scan;
            if let Some(start) = &mut self.next_start
                && start.as_slice() < key
            {
                *start = key.to_vec();
            }
        }
    }
}

/// Walks the uncommitted changes of several tokens in key order. Of changes of one key only the newest
/// is seen.
#[derive(Debug)]
pub(crate) struct StagedCursor {
    kv: Arc<dyn KvStore>,
    tokens: Vec<TokenCursor>,
    /// Index in `tokens` of what the cursor stands on.
    at: Option<usize>,
    ready: bool,
}

impl StagedCursor {
    /// A cursor over tokens, newest first, standing before the first key at or after `start`. The
    /// first scan asks for `expected` entries.
    pub(crate) fn new<'a>(
        kv: Arc<dyn KvStore>,
        tokens: impl Iterator<Item = &'a StagingToken>,
        start: &[u8],
        expected: usize,
    ) -> Self {
        let scan = expected.clamp(1, MAX_SCAN);
        let tokens = tokens
            .map(|token| TokenCursor {
                token: token.clone(),
                page: ScanPage::default(),
                position: 0,
                next_start: Some(start.to_vec()),
                scan,
                first_scan: scan,
            })
            .collect();
        Self {
            kv,
            tokens,
            at: None,
            ready: false,
        }
    }

    /// A cursor over nothing.
    pub(crate) fn empty(kv: Arc<dyn KvStore>) -> Self {
        Self::new(kv, std::iter::empty(), b"", 1)
    }

    /// A cursor over all uncommitted changes of a branch.
    pub(crate) fn of_branch(
        kv: Arc<dyn KvStore>,
        branch: &Branch,
        start: &[u8],
        expected: usize,
    ) -> Self {
        Self::new(kv, branch.tokens(), start, expected)
    }

    /// Makes [`StagedCursor::current`] right, reading pages as needed.
    pub(crate) async fn load(&mut self) -> Result<()> {
        if self.ready {
            return Ok(());
        }
        for cursor in &mut self.tokens {
            cursor.fill(&*self.kv).await?;
        }
        // The first of equal keys is the newest.
        let keys = self.tokens.iter().enumerate();
        let keys = keys.filter_map(|(index, cursor)| Some((cursor.current()?.0, index)));
        self.at = keys.min().map(|(_, index)| index);
        self.ready = true;
        Ok(())
    }

    /// The change the cursor stands on after [`StagedCursor::load`]; `None` at the end.
    pub(crate) fn current(&self) -> Result<Option<(&[u8], Staged<'_>)>> {
        let Some(cursor) = self.at.and_then(|at| self.tokens.get(at)) else {
            return Ok(None);
        };
        let Some((key, raw)) = cursor.current() else {
            return Ok(None);
        };
        match Staged::decode(raw) {
            Ok(staged) => Ok(Some((key, staged))),
            Err(error) => Err(Error::corrupt(staged_name(&cursor.token, key), error)),
        }
    }

    /// The key the cursor stands on after [`StagedCursor::load`].
    pub(crate) fn key(&self) -> Option<&[u8]> {
        self.at
            .and_then(|at| self.tokens.get(at))
            .and_then(TokenCursor::current)
            .map(|(key, _)| key)
    }

    /// Moves past the current key in all tokens. Needs [`StagedCursor::load`] before the next look.
    pub(crate) fn advance(&mut self) {
        let Some(at) = self.at else { return };
        if self.tokens.len() > 1 {
            let Some(key) = self.key().map(<[u8]>::to_vec) else {
                return;
            };
            for (index, cursor) in self.tokens.iter_mut().enumerate() {
                if index != at && cursor.current().is_some_and(|(other, _)| other == key) {
                    cursor.position += 1;
                }
            }
        }
        if let Some(cursor) = self.tokens.get_mut(at) {
            cursor.position += 1;
        }
        self.ready = false;
    }

    /// Moves to the first key at or after `key`, which is not before where the cursor stands.
    pub(crate) fn seek(&mut self, key: &[u8]) {
        for cursor in &mut self.tokens {
            if cursor.current().is_none_or(|(at, _)| at < key) {
                cursor.seek(key);
                self.ready = false;
            }
        }
    }
}

/// Uncommitted changes as what is to be applied to a commit's content.
#[async_trait]
impl ChangeSource for StagedCursor {
    async fn next_page(&mut self, page: &mut ChangePage) -> Result<bool, lakefs_block::Cause> {
        while page.len() < CHANGE_PAGE && page.size_bytes() < CHANGE_PAGE_BYTES {
            self.load().await?;
            match self.current()? {
                None => return Ok(false),
                Some((key, Staged::Tombstone)) => page.delete(key),
                Some((key, Staged::Entry { identity, data })) => page.set(key, identity, data),
            }
            self.advance();
        }
        Ok(true)
    }
}

/// A part of `whole` as shared bytes.
pub(crate) fn share(whole: &Bytes, part: &[u8]) -> Bytes {
    if part.is_empty() {
        Bytes::new()
    } else {
        whole.slice_ref(part)
    }
}
