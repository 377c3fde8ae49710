//! Uploads in parts through the server: records of our own over whatever parts the object store has
//! (docs/design/0011-multipart.md).
//!
//! Checksums, headers and documents are the protocol's. It hands in texts to be kept and functions that
//! judge; what is here knows numbers, entity tags and sizes. Every step may be dropped at any await point:
//! a completion is then done again by its retry.

use std::sync::Arc;

use bytes::Bytes;
use lakefs_block::{Address, Location, MultipartStore};
use lakefs_kv::{Pace, Predicate, SetIfOutcome, set_if_resolved};
use lakefs_types::{BranchId, ObjectPath};
use lakefs_versioning::Repository;
use lakefs_versioning::uploads::{
    COMPLETIONS, Completion, TRACKING, UPLOADS, Upload, UploadPart, UploadState, is_upload_id,
    parts_partition, upload_key,
};

use crate::failure::{block_failure, engine_failure, kv_failure};
use crate::{Error, ErrorKind, Reason, Result, Service, names};

pub(crate) mod abort;
pub(crate) mod complete;
pub(crate) mod copy_part;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod part;
pub(crate) mod parts;
pub(crate) mod sweep;

/// Which upload a request is about.
#[derive(Debug, Clone, Copy)]
pub struct UploadTarget<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch.
    pub branch: &'a str,
    /// Path.
    pub path: &'a str,
    /// Id of the upload.
    pub id: &'a str,
}

/// What a protocol wants to know of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadInfo {
    /// Its id.
    pub id: String,
    /// When it began, Unix seconds.
    pub created: i64,
    /// Name of the user who began it.
    pub initiator: String,
    /// Storage class; empty for the default.
    pub storage_class: String,
    /// What the protocol said of checksums when it began.
    pub checksum: String,
}

impl UploadInfo {
    fn of(upload: &Upload) -> Self {
        Self {
            id: upload.id.clone(),
            created: upload.created.seconds,
            initiator: upload.initiator.clone(),
            storage_class: upload.storage_class.clone(),
            checksum: upload.checksum.clone(),
        }
    }
}

/// A name of a branch that an upload is for.
#[derive(Debug)]
struct Place {
    repository: Arc<Repository>,
    branch: BranchId,
    path: ObjectPath,
}

impl Place {
    fn name(&self) -> String {
        format!("{}/{}", self.branch.as_str(), self.path.as_str())
    }
}

/// An upload as its record is now.
#[derive(Debug)]
struct Found {
    key: Vec<u8>,
    raw: Bytes,
    upload: Upload,
}

fn no_such_upload() -> Error {
    Error::not_found("upload not found").because(Reason::UploadNotFound)
}

impl Service {
    fn part_store(&self) -> Result<&dyn MultipartStore> {
        self.blocks().multipart().ok_or_else(|| {
            Error::new(
                ErrorKind::NotImplemented,
                "this object store takes no uploads in parts",
            )
        })
    }

    async fn upload_place(&self, target: UploadTarget<'_>) -> Result<Place> {
        Ok(Place {
            repository: self.repository(target.repository).await?,
            branch: names::branch(target.branch)?,
            path: names::path(target.path)?,
        })
    }

    /// The record of an upload, whatever its state.
    async fn find_upload(&self, place: &Place, id: &str) -> Result<Option<Found>> {
        if !is_upload_id(id) {
            return Ok(None);
        }
        let key = upload_key(&place.repository, &place.name(), id);
        self.read_upload(key).await
    }

    async fn read_upload(&self, key: Vec<u8>) -> Result<Option<Found>> {
        let raw = self.kv().get(UPLOADS, &key).await.map_err(kv_failure)?;
        let Some(raw) = raw else {
            return Ok(None);
        };
        let upload = Upload::decode(&raw).map_err(engine_failure)?;
        Ok(Some(Found { key, raw, upload }))
    }

    /// The upload, if it still takes parts.
    async fn open_upload(&self, place: &Place, id: &str) -> Result<Found> {
        let found = self.find_upload(place, id).await?;
        let found = found.ok_or_else(no_such_upload)?;
        match found.upload.state {
            UploadState::Open => Ok(found),
            UploadState::Completing(_) if !self.is_completed(&found.upload).await? => Ok(found),
            UploadState::Completing(_) => {
                // Whoever completed it died before it tidied up. The sweeper does it if this does not.
                if let Err(error) = self.forget_upload(&found).await {
                    tracing::warn!(%error, upload = id, "records of a completed upload stay for now");
                }
                Err(no_such_upload())
            }
            UploadState::Beginning | UploadState::Aborted => Err(no_such_upload()),
        }
    }

    /// Whether an upload is over although its record is there.
    async fn is_completed(&self, upload: &Upload) -> Result<bool> {
        Ok(matches!(upload.state, UploadState::Completing(_))
            && self.completion(&upload.id).await?.is_some())
    }

    /// How an upload was completed.
    async fn completion(&self, id: &str) -> Result<Option<Completion>> {
        let raw = self.kv().get(COMPLETIONS, id.as_bytes()).await;
        let raw = raw.map_err(kv_failure)?;
        raw.map(|raw| Completion::decode(&raw).map_err(engine_failure))
            .transpose()
    }

    /// Gives an upload another state if nobody else did since it was read. Answers its record as stored,
    /// or `None` if somebody did.
    async fn change_upload(&self, found: &Found, state: UploadState) -> Result<Option<Found>> {
        let upload = Upload {
            state,
            ..found.upload.clone()
        };
        self.swap_upload(found, upload).await
    }

    /// The same with a whole record.
    async fn swap_upload(&self, found: &Found, upload: Upload) -> Result<Option<Found>> {
        let value = upload.encode();
        let predicate = Predicate::Value(&found.raw);
        let outcome = set_if_resolved(self.kv(), UPLOADS, &found.key, &value, predicate).await;
        Ok(match outcome.map_err(kv_failure)? {
            SetIfOutcome::Stored => Some(Found {
                key: found.key.clone(),
                raw: value.into(),
                upload,
            }),
            SetIfOutcome::Mismatch => None,
        })
    }

    /// Where the object of an upload will be.
    fn upload_location(&self, upload: &Upload) -> Result<Location> {
        self.blocks()
            .locate(&upload.namespace, Address::Relative(&upload.address))
            .map_err(block_failure)
    }

    /// The parts of an upload after a number, at most `limit`, and whether there are more.
    async fn stored_parts(
        &self,
        id: &str,
        after: u32,
        limit: usize,
    ) -> Result<(Vec<UploadPart>, bool)> {
        let partition = parts_partition(id);
        let mut parts: Vec<UploadPart> = Vec::new();
        let mut last = after;
        loop {
            let start = lakefs_versioning::uploads::part_key(last.saturating_add(1));
            let wanted = limit.saturating_add(1) - parts.len();
            let page = self.kv().scan(&partition, &start, wanted).await;
            let page = page.map_err(kv_failure)?;
            for (key, value) in page.iter() {
                parts.push(UploadPart::decode(key, value).map_err(engine_failure)?);
            }
            if !page.has_more() || parts.len() > limit {
                break;
            }
            last = parts.last().map_or(last, |part| part.number);
        }
        let more = parts.len() > limit;
        parts.truncate(limit);
        Ok((parts, more))
    }

    /// Removes lakeFS's record of an upload of the store.
    async fn forget_tracking(&self, token: &str) -> Result<()> {
        if token.is_empty() {
            return Ok(());
        }
        let removed = self.kv().delete(TRACKING, token.as_bytes()).await;
        removed.map_err(kv_failure)
    }

    /// Removes the records of an upload that has ended; its own goes last, so that whoever finds it can
    /// do this again.
    async fn forget_upload(&self, found: &Found) -> Result<()> {
        let kv = self.kv();
        let partition = parts_partition(&found.upload.id);
        tokio::try_join!(
            async {
                kv.clear_partition(&partition, Pace::Brisk)
                    .await
                    .map_err(kv_failure)
            },
            self.forget_tracking(&found.upload.token),
        )?;
        kv.delete(UPLOADS, &found.key).await.map_err(kv_failure)
    }
}
