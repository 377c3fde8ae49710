//! Listing objects. A page keeps the engine's arena: results borrow from it, so that a page of a
//! thousand objects costs few allocations.

use std::fmt;

use crate::{Caller, PageRequest, Result, Service};

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
    _private: (),
}

impl ObjectsPage {
    /// Number of results.
    pub fn len(&self) -> usize {
        0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the list goes on.
    pub fn has_more(&self) -> bool {
        false
    }

    /// Where the next page starts; empty when there is none.
    pub fn next_offset(&self) -> &str {
        ""
    }

    /// The results, in order.
    pub fn iter(&self) -> impl Iterator<Item = Result<Listed<'_>>> {
        std::iter::empty()
    }
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

/// An address in two pieces, to be written one after the other.
#[derive(Debug, Clone)]
pub struct PhysicalAddress<'a> {
    /// The first piece.
    pub base: std::borrow::Cow<'a, str>,
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
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }
}
