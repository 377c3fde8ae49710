//! Listing objects. A page keeps the engine's arena: results borrow from it, so that a page of a
//! thousand objects costs few allocations.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use lakefs_block::Address;
use lakefs_versioning::{EntryView, ListItem, ObjectPage, Repository};

use crate::audit::Call;
use crate::object::get::missing_is_not_found;
use crate::object::model::content_type_or_default;
use crate::object::user_metadata::is_users;
use crate::{Caller, Error, PageRequest, Result, Service, names};

/// Where the objects that servers write are, below the namespace.
const DATA: &str = "data/";

/// What to list.
#[derive(Debug, Clone, Copy)]
pub struct ListObjects<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Reference expression.
    pub reference: &'a str,
    /// Page; `prefix` is of paths.
    pub page: PageRequest<'a>,
    /// Where to fold paths into prefixes; empty for nowhere.
    pub delimiter: &'a str,
    /// Whether to tell user metadata.
    pub user_metadata: bool,
    /// Whether to answer presigned URLs as addresses.
    pub presign: bool,
}

/// One page of a listing.
#[derive(Debug)]
pub struct ObjectsPage {
    service: Service,
    repository: Arc<Repository>,
    page: ObjectPage,
    /// What stands before `data/…` in the addresses of this repository.
    base: String,
    next_offset: String,
    user_metadata: bool,
    /// By index of the result; empty when no URLs were asked for.
    presigned: Vec<Option<(String, i64)>>,
}

impl ObjectsPage {
    /// Number of results.
    pub fn len(&self) -> usize {
        self.page.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.page.is_empty()
    }

    /// Whether the list goes on.
    pub fn has_more(&self) -> bool {
        self.page.has_more()
    }

    /// Where the next page starts; empty when there is none.
    pub fn next_offset(&self) -> &str {
        &self.next_offset
    }

    /// The results, in order.
    pub fn iter(&self) -> impl Iterator<Item = Result<Listed<'_>>> {
        (0..self.len()).map(|index| match self.page.get(index) {
            Some(item) => self.result(index, item),
            None => Err(corrupt()),
        })
    }

    /// The results, in order, with what S3 tells of them: nothing is copied or looked up.
    pub fn rows(&self) -> impl Iterator<Item = Result<Row<'_>>> {
        (0..self.len()).map(|index| match self.page.get(index) {
            Some(ListItem::CommonPrefix { path }) => Ok(Row::Prefix(text(path)?)),
            Some(ListItem::Object { path, entry }) => Ok(Row::Object(ObjectRow {
                path: text(path)?,
                entry,
            })),
            None => Err(corrupt()),
        })
    }

    fn result<'a>(&'a self, index: usize, item: ListItem<'a>) -> Result<Listed<'a>> {
        let (path, entry) = match item {
            ListItem::CommonPrefix { path } => return Ok(Listed::Prefix(text(path)?)),
            ListItem::Object { path, entry } => (text(path)?, entry),
        };
        let presigned = self.presigned.get(index).and_then(Option::as_ref);
        let metadata = (self.user_metadata && entry.metadata_len() > 0).then(|| {
            let users = entry.metadata().filter(|(key, _)| is_users(key));
            sorted(users.collect())
        });
        Ok(Listed::Object(ListedObject {
            path,
            physical_address: match presigned {
                Some((url, _)) => PhysicalAddress {
                    base: Cow::Borrowed(url),
                    rest: "",
                },
                None => self.address(entry.location()),
            },
            physical_address_expiry: presigned.map(|(_, expiry)| *expiry),
            checksum: entry.etag,
            size_bytes: entry.size,
            mtime: entry.last_modified.seconds,
            content_type: content_type_or_default(entry.content_type),
            metadata,
        }))
    }

    /// Addresses below the namespace whose spelling cannot change are shown as they are; others are the
    /// store's to spell.
    fn address<'a>(&'a self, address: Address<'a>) -> PhysicalAddress<'a> {
        let own = !self.base.is_empty();
        match address {
            Address::Relative(rest) if own && rest.starts_with(DATA) => PhysicalAddress {
                base: Cow::Borrowed(&self.base),
                rest,
            },
            Address::Full(url) if own && url.strip_prefix(&self.base).is_some_and(is_plain) => {
                PhysicalAddress {
                    base: Cow::Borrowed(url),
                    rest: "",
                }
            }
            other => PhysicalAddress {
                base: Cow::Owned(self.service.physical_address(&self.repository, other)),
                rest: "",
            },
        }
    }
}

/// Whether every store spells a key below its namespace just so: nothing to escape, no empty or
/// dot-only segment, no segment longer than a file name.
fn is_plain(key: &str) -> bool {
    let mut length = 0usize;
    let mut named = false;
    for byte in key.bytes() {
        match byte {
            b'/' if named && length <= 255 => (length, named) = (0, false),
            b'.' => length += 1,
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'=' => {
                length += 1;
                named = true;
            }
            _ => return false,
        }
    }
    named && length <= 255
}

fn corrupt() -> Error {
    Error::internal("a listed entry is corrupt")
}

fn text(path: &[u8]) -> Result<&str> {
    std::str::from_utf8(path).map_err(|error| {
        let path = String::from_utf8_lossy(path);
        Error::internal(format!("stored path {path:?} is not text")).caused_by(error)
    })
}

fn sorted<'a>(mut pairs: Vec<(&'a str, &'a str)>) -> Vec<(&'a str, &'a str)> {
    pairs.sort_unstable();
    pairs
}

/// One result.
#[derive(Debug)]
pub enum Listed<'a> {
    /// Paths folded at a delimiter.
    Prefix(&'a str),
    /// An object.
    Object(ListedObject<'a>),
}

/// An object of a listing.
#[derive(Debug)]
pub struct ListedObject<'a> {
    /// Path.
    pub path: &'a str,
    /// Where its bytes are; a presigned URL when asked for.
    pub physical_address: PhysicalAddress<'a>,
    /// When the presigned URL stops working, Unix seconds.
    pub physical_address_expiry: Option<i64>,
    /// Checksum.
    pub checksum: &'a str,
    /// Size in bytes.
    pub size_bytes: i64,
    /// When it was written, Unix seconds.
    pub mtime: i64,
    /// Content type.
    pub content_type: &'a str,
    /// User metadata in the order of keys; `None` when it was not asked for.
    pub metadata: Option<Vec<(&'a str, &'a str)>>,
}

/// One result, without what only REST tells.
#[derive(Debug, Clone, Copy)]
pub enum Row<'a> {
    /// Paths folded at a delimiter.
    Prefix(&'a str),
    /// An object.
    Object(ObjectRow<'a>),
}

/// An object of a listing, without what only REST tells.
#[derive(Debug, Clone, Copy)]
pub struct ObjectRow<'a> {
    /// Path.
    pub path: &'a str,
    entry: EntryView<'a>,
}

impl<'a> ObjectRow<'a> {
    /// Entity tag, without quotes.
    pub fn etag(&self) -> &'a str {
        self.entry.etag
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        u64::try_from(self.entry.size).unwrap_or(0)
    }

    /// When it was written, Unix seconds.
    pub fn modified(&self) -> i64 {
        self.entry.last_modified.seconds
    }

    /// All metadata, in stored order.
    pub fn metadata(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.entry.metadata()
    }

    /// Whether there is any metadata.
    pub fn has_metadata(&self) -> bool {
        self.entry.metadata_len() > 0
    }
}

/// An address in two pieces, to be written one after the other.
#[derive(Debug, Clone)]
pub struct PhysicalAddress<'a> {
    /// The first piece.
    pub base: Cow<'a, str>,
    /// The second piece.
    pub rest: &'a str,
}

impl fmt::Display for PhysicalAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)?;
        f.write_str(self.rest)
    }
}

impl Service {
    /// `GET /repositories/{repository}/refs/{ref}/objects/ls`.
    pub async fn list_objects(
        &self,
        caller: &Caller,
        request: ListObjects<'_>,
    ) -> Result<ObjectsPage> {
        let call = Call::at("listObjects", request.repository, request.reference);
        self.audited(caller, call, async {
            self.may_list_objects(caller, request.repository).await?;
            let repository = self.repository(request.repository).await?;
            let reference = names::reference(request.reference)?;
            if request.presign {
                self.require_presign()?;
            }
            let list = request.page.list_paths(request.delimiter);
            let page = self.engine().list(&repository, &reference, &list).await;
            let page = page.map_err(missing_is_not_found)?;
            let presigned = if request.presign {
                self.presign_page(caller, &repository, &page).await?
            } else {
                Vec::new()
            };
            let next_offset = match page.last_path().filter(|_| page.has_more()) {
                Some(path) => text(path)?.to_owned(),
                None => String::new(),
            };
            let mut base = self.physical_address(&repository, Address::Relative(DATA));
            // The address of a directory ends as it was asked for, in every store there is; were
            // there one where it does not, each address is spelled by the store.
            if base.ends_with(DATA) {
                base.truncate(base.len() - DATA.len());
            } else {
                base.clear();
            }
            Ok(ObjectsPage {
                service: self.clone(),
                repository,
                page,
                base,
                next_offset,
                user_metadata: request.user_metadata,
                presigned,
            })
        })
        .await
    }

    /// A URL for every object of a page; each needs the permission to read it.
    async fn presign_page(
        &self,
        caller: &Caller,
        repository: &Repository,
        page: &ObjectPage,
    ) -> Result<Vec<Option<(String, i64)>>> {
        let mut urls = Vec::with_capacity(page.len());
        for item in page.iter() {
            urls.push(match item {
                ListItem::CommonPrefix { .. } => None,
                ListItem::Object { path, entry } => {
                    let path = text(path)?;
                    self.may_read_object(caller, repository.id.as_str(), path)
                        .await?;
                    let address = entry.location();
                    Some(self.presign_read(repository, path, address).await?)
                }
            });
        }
        Ok(urls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_every_store_spells_alike_are_plain() {
        for plain in [
            "a",
            "a/b.c",
            "ext/00000001",
            "date=2024-01-01/part-0.parquet",
            "..a",
        ] {
            assert!(is_plain(plain), "{plain}");
        }
        let long = "a".repeat(256);
        for other in [
            "", "/", "a/", "/a", "a//b", ".", "a/../b", "a/.", "a b", "a%2Fb", "ż", &long,
        ] {
            assert!(!is_plain(other), "{other}");
        }
    }
}
