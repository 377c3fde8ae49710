//! Making an object that is already in the store part of a branch.

use std::collections::BTreeMap;

use crate::{Caller, ObjectStats, Result, Service};

/// An object in the store.
#[derive(Debug, Clone)]
pub struct StageObject<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch.
    pub branch: &'a str,
    /// Path.
    pub path: &'a str,
    /// Where its bytes are.
    pub physical_address: &'a str,
    /// Checksum.
    pub checksum: &'a str,
    /// Size in bytes.
    pub size_bytes: i64,
    /// When it was written, Unix seconds; now when absent.
    pub mtime: Option<i64>,
    /// User metadata.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Content type; `application/octet-stream` when absent.
    pub content_type: Option<&'a str>,
    /// Header `If-None-Match` as it came (linking only).
    pub if_none_match: Option<&'a str>,
    /// Header `If-Match` as it came (linking only).
    pub if_match: Option<&'a str>,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

impl Service {
    /// `PUT /repositories/{repository}/branches/{branch}/objects`. Anything below the repository's
    /// own `data/` needs a valid address, as in [`Service::link_physical_address`].
    pub async fn stage_object(
        &self,
        caller: &Caller,
        request: StageObject<'_>,
    ) -> Result<ObjectStats> {
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }
}
