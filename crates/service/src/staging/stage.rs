//! Making an object that is already in the store part of a branch.

use std::collections::BTreeMap;

use lakefs_runtime::Timestamp;
use lakefs_versioning::{AddressType, Entry};

use crate::audit::Call;
use crate::object::model::DEFAULT_CONTENT_TYPE;
use crate::object::store_entry::Target;
use crate::object::user_metadata;
use crate::{Caller, Error, ObjectStats, Result, Service, WriteCondition, names};

/// Longest checksum a client may bring.
const MAX_CHECKSUM_BYTES: usize = 1024;

/// Who may read this may read whatever a policy can name.
const EVERY_OBJECT: &str = "*";

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

/// Whether an entry may refer to bytes that others refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Only a fresh address that was handed out for it will do.
    Never,
    /// Any address of the repository, for callers who may read all of it.
    WhoReadsAll,
}

impl Service {
    /// `PUT /repositories/{repository}/branches/{branch}/objects`. Anything below the repository's
    /// own `data/` needs a valid address, as in [`Service::link_physical_address`], unless the caller
    /// may read every object of the repository: older lakeFS file systems for Hadoop rename by staging
    /// an object's address under its new path.
    pub async fn stage_object(
        &self,
        caller: &Caller,
        request: StageObject<'_>,
    ) -> Result<ObjectStats> {
        let call = Call::at("stageObject", request.repository, request.branch);
        self.audited(caller, call, async {
            let asked_metadata = request.metadata.is_some();
            let mut stats = self.stage(caller, request, Sharing::WhoReadsAll).await?;
            if !asked_metadata {
                stats.metadata = None;
            }
            Ok(stats)
        })
        .await
    }

    /// Stages an object that a client put in the store.
    pub(crate) async fn stage(
        &self,
        caller: &Caller,
        request: StageObject<'_>,
        sharing: Sharing,
    ) -> Result<ObjectStats> {
        self.may_write_object(caller, request.repository, request.path)
            .await?;
        let target = Target {
            repository: self.repository(request.repository).await?,
            branch: names::branch(request.branch)?,
            path: names::path(request.path)?,
            condition: WriteCondition::parse(request.if_none_match, request.if_match)?,
            force: request.force,
        };
        let metadata = request.metadata.unwrap_or_default();
        user_metadata::check_given(&metadata)?;
        if request.size_bytes < 0 {
            return Err(Error::invalid("size_bytes cannot be negative"));
        }
        if request.checksum.len() > MAX_CHECKSUM_BYTES {
            return Err(Error::invalid(format!(
                "checksum is longer than {MAX_CHECKSUM_BYTES} bytes"
            )));
        }
        let reads_all = sharing == Sharing::WhoReadsAll
            && self
                .may_read_object(caller, request.repository, EVERY_OBJECT)
                .await
                .is_ok();
        let (address, address_type) =
            self.accept_address(&target, request.physical_address, reads_all)?;
        if address_type == AddressType::Relative {
            self.check_size(&target, &address, request.size_bytes)
                .await?;
        }
        let content_type = request.content_type.filter(|text| !text.is_empty());
        let entry = Entry {
            address,
            address_type,
            last_modified: request
                .mtime
                .map_or_else(|| self.now(), Timestamp::from_seconds),
            size: request.size_bytes,
            etag: request.checksum.to_owned(),
            metadata,
            content_type: content_type.unwrap_or(DEFAULT_CONTENT_TYPE).to_owned(),
        };
        self.store_entry(&target, &entry, None).await
    }
}
