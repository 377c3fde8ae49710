//! Listing objects: uncommitted changes merged over a commit, page by page.
//!
//! A page is one buffer of paths and raw entry bytes; items borrow from it.

use std::cmp::Ordering;
use std::sync::Arc;

use lakefs_tree::MetaRangeIter;
use lakefs_types::{MetaRangeId, RefExpr};

use crate::committed::Committed;
use crate::entry::{EntryArena, EntrySlot};
use crate::page::Placement;
use crate::staged::{Staged, StagedCursor, end_of_prefix_in};
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

/// An item: where its path ends in the page, and for an object its entry.
#[derive(Debug, Clone, Copy)]
struct Slot {
    start: u32,
    path: u32,
    entry: Option<EntrySlot>,
}

/// A page of a listing. Entries are read once, when they come in.
#[derive(Debug, Clone, Default)]
pub struct ObjectPage {
    bytes: Vec<u8>,
    entries: EntryArena,
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
        let end = slot.start.checked_add(slot.path)?;
        let path = self.bytes.get(slot.start as usize..end as usize)?;
        Some(match slot.entry {
            None => ListItem::CommonPrefix { path },
            Some(entry) => ListItem::Object {
                path,
                entry: self.entries.view(entry)?,
            },
        })
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

impl ObjectPage {
    fn push_object(&mut self, path: &[u8], data: &[u8]) -> Result<()> {
        let entry = EntryView::parse(data).map_err(|error| {
            Error::corrupt(format!("entry {}", String::from_utf8_lossy(path)), error)
        })?;
        let entry = self.entries.push(&entry);
        self.push(path, Some(entry));
        Ok(())
    }

    /// Lists what an overlay holds from where it stands.
    async fn fill(&mut self, list: &ListObjects, overlay: &mut Overlay<'_>) -> Result<()> {
        let mut end = Vec::new();
        while let Some(from) = overlay.load().await? {
            let (path, data) = match from {
                From::Committed => {
                    let key = overlay.committed.as_ref().and_then(Committed::key);
                    (key.unwrap_or_default(), Data::Committed)
                }
                From::Staged | From::Both => match overlay.staged.current() {
                    Ok(Some((path, Staged::Entry { data, .. }))) => (path, Data::Staged(data)),
                    Ok(Some((path, Staged::Tombstone))) => (path, Data::Deleted),
                    Ok(None) => break,
                    Err(error) => {
                        let path = overlay.staged.key().unwrap_or_default();
                        if list.place(path, self.len()) == Placement::Outside {
                            break;
                        }
                        self.end_before(error)?;
                        break;
                    }
                },
            };
            match (list.place(path, self.len()), data) {
                (Placement::Outside, _) => break,
                (_, Data::Deleted) => {}
                (Placement::Full, _) => {
                    self.has_more = true;
                    break;
                }
                (Placement::Item, data) => {
                    let pushed = match data {
                        Data::Deleted => Ok(()),
                        Data::Staged(data) => self.push_object(path, data),
                        Data::Committed => {
                            let Some(committed) = &mut overlay.committed else {
                                break;
                            };
                            if !committed.is_read() {
                                committed.read().await?;
                            }
                            match committed.record() {
                                Ok(Some(record)) => self.push_object(record.key, record.data),
                                Ok(None) => break,
                                Err(error) => Err(error),
                            }
                        }
                    };
                    if let Err(error) = pushed {
                        self.end_before(error)?;
                        break;
                    }
                }
                (Placement::Prefix(prefix), _) => {
                    self.push(prefix, None);
                    if !end_of_prefix_in(&mut end, prefix) {
                        break;
                    }
                    overlay
                        .skip(self.last_path().unwrap_or_default(), &end)
                        .await?;
                    continue;
                }
            }
            overlay.advance(from).await?;
        }
        Ok(())
    }

    /// Ends the page before a damaged record. It shows what is sound; the next page, which begins with the
    /// record, is the error that names it, and the list goes on after that path.
    fn end_before(&mut self, error: Error) -> Result<()> {
        if self.is_empty() {
            return Err(error);
        }
        self.has_more = true;
        Ok(())
    }

    fn push(&mut self, path: &[u8], entry: Option<EntrySlot>) {
        let length = |length: usize| u32::try_from(length).expect("a page is far below 4 GiB");
        self.slots.push(Slot {
            start: length(self.bytes.len()),
            path: length(path.len()),
            entry,
        });
        self.bytes.extend_from_slice(path);
    }
}

/// Where the next item of a listing comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Staged,
    /// Staged, and the commit has the path, too.
    Both,
    Committed,
}

/// What is at a path.
enum Data<'a> {
    /// Nothing: it was deleted.
    Deleted,
    /// This entry.
    Staged(&'a [u8]),
    /// What the commit has; read when it is listed.
    Committed,
}

/// Uncommitted changes over a commit, walked together.
struct Overlay<'a> {
    staged: StagedCursor,
    committed: Option<Committed<'a>>,
}

impl Overlay<'_> {
    /// Stands on the next path; `None` at the end.
    async fn load(&mut self) -> Result<Option<From>> {
        self.staged.load().await?;
        let committed = self.committed.as_ref().and_then(Committed::key);
        Ok(match (self.staged.key(), committed) {
            (None, None) => None,
            (Some(_), None) => Some(From::Staged),
            (None, Some(_)) => Some(From::Committed),
            (Some(staged), Some(committed)) => Some(match staged.cmp(committed) {
                Ordering::Less => From::Staged,
                Ordering::Equal => From::Both,
                Ordering::Greater => From::Committed,
            }),
        })
    }

    async fn advance(&mut self, from: From) -> Result<()> {
        if from != From::Committed {
            self.staged.advance();
        }
        if from != From::Staged
            && let Some(committed) = &mut self.committed
        {
            if !committed.is_read() {
                committed.read().await?;
            }
            committed.advance().await.map_err(Error::Tree)?;
        }
        Ok(())
    }

    /// Goes past a common prefix, to the first key at or after `end`.
    async fn skip(&mut self, prefix: &[u8], end: &[u8]) -> Result<()> {
        self.staged.seek(end);
        if let Some(committed) = &mut self.committed {
            committed.skip(prefix, end).await?;
        }
        Ok(())
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
        let _reading = self.0.readers.begin();
        let resolved = self.resolve(repository, reference).await?;
        let commit = self.commit_by_id(repository, &resolved.commit_id).await?;
        let mut page = ObjectPage::default();
        let Some(start) = list.start() else {
            return Ok(page);
        };
        let kv = Arc::clone(&self.0.parts.kv);
        let staged = match resolved.staged_branch() {
            Some(branch) => StagedCursor::of_branch(kv, branch, &start, list.expected()),
            None => StagedCursor::empty(kv),
        };
        let walk = self.walk(repository, &commit.metarange, &start).await?;
        let (tree, namespace) = (&self.0.parts.tree, &repository.namespace);
        let mut overlay = Overlay {
            staged,
            committed: walk
                .map(|walk| Committed::new(tree, namespace, &commit.metarange, list, walk)),
        };
        page.fill(list, &mut overlay).await?;
        if let Some(committed) = &mut overlay.committed {
            committed.remember();
        }
        Ok(page)
    }

    /// A walk over a commit's content that stands on the first record at or after `start`.
    pub(crate) async fn walk(
        &self,
        repository: &Repository,
        metarange: &MetaRangeId,
        start: &[u8],
    ) -> Result<Option<MetaRangeIter>> {
        if metarange.is_empty() {
            return Ok(None);
        }
        let tree = &self.0.parts.tree;
        let mut iter = tree
            .iter(&repository.namespace, metarange)
            .await
            .map_err(Error::Tree)?;
        iter.seek(start).await.map_err(Error::Tree)?;
        iter.step().await.map_err(Error::Tree)?;
        Ok(Some(iter))
    }
}
