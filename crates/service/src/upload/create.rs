//! Beginning an upload.

use std::collections::BTreeMap;

use lakefs_block::PutOptions;
use lakefs_kv::{Predicate, SetIfOutcome, set_if_resolved};
use lakefs_versioning::uploads::{TRACKING, UPLOADS, Upload, UploadState, upload_id, upload_key};

use super::{Found, Place};
use crate::audit::Call;
use crate::failure::{block_failure, kv_failure};
use crate::object::model::DEFAULT_CONTENT_TYPE;
use crate::object::store_entry::Target;
use crate::{Caller, Error, ErrorKind, Result, Service, WriteCondition, names};

/// An object to be uploaded in parts.
#[derive(Debug, Clone)]
pub struct CreateUpload<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch.
    pub branch: &'a str,
    /// Path.
    pub path: &'a str,
    /// Content type; `application/octet-stream` when absent.
    pub content_type: Option<String>,
    /// Metadata.
    pub metadata: BTreeMap<String, String>,
    /// Storage class, for stores that have them.
    pub storage_class: Option<String>,
    /// What the protocol keeps of checksums.
    pub checksum: String,
}

impl Service {
    /// Begins an upload in parts of an object that could be written now; answers its id.
    pub async fn create_multipart_upload(
        &self,
        caller: &Caller,
        request: CreateUpload<'_>,
    ) -> Result<String> {
        let call = Call::at("CreateMultipartUpload", request.repository, request.branch);
        self.audited(caller, call, async {
            self.may_write_object(caller, request.repository, request.path)
                .await?;
            let store = self.part_store()?;
            let target = Target {
                repository: self.repository(request.repository).await?,
                branch: names::branch(request.branch)?,
                path: names::path(request.path)?,
                condition: WriteCondition::Always,
                force: false,
            };
            names::metadata(&request.metadata)?;
            self.check_target(&target).await?;
            let (address, location) = self.new_place(&target.repository)?;
            let content_type = request.content_type.filter(|text| !text.is_empty());
            let content_type = content_type.unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned());
            let options = PutOptions {
                content_type: Some(content_type.clone()),
                storage_class: request.storage_class.clone(),
                ..PutOptions::default()
            };
            let now = self.now();
            let upload = Upload {
                id: upload_id(now, self.ids().random()),
                repository: target.repository.id.to_string(),
                instance: target.repository.instance_uid.clone(),
                branch: target.branch.as_str().to_owned(),
                path: target.path.as_str().to_owned(),
                namespace: target.repository.namespace.clone(),
                address,
                token: String::new(),
                created: now,
                initiator: caller.user_name().to_owned(),
                content_type,
                metadata: request.metadata,
                storage_class: request.storage_class.unwrap_or_default(),
                checksum: request.checksum,
                state: UploadState::Beginning,
            };
            let place = Place {
                repository: target.repository,
                branch: target.branch,
                path: target.path,
            };
            // Before the store is asked: whatever happens from here on, the sweeper finds what it made.
            let begun = self.record_beginning(&place, upload).await?;
            let token = store.create(&location, &options).await;
            let token = token.map_err(block_failure)?;
            match self.record_upload(&begun, &token).await {
                Ok(Some(found)) => Ok(found.upload.id),
                lost => {
                    if let Err(error) = store.abort(&location, &token).await {
                        tracing::warn!(%error, "an upload nobody uses is left to the sweeper");
                    }
                    lost?;
                    Err(Error::new(
                        ErrorKind::Unavailable,
                        "the store took too long to begin the upload",
                    ))
                }
            }
        })
        .await
    }

    async fn record_beginning(&self, place: &Place, upload: Upload) -> Result<Found> {
        let key = upload_key(&place.repository, &place.name(), &upload.id);
        let value = upload.encode();
        let stored = set_if_resolved(self.kv(), UPLOADS, &key, &value, Predicate::Absent).await;
        match stored.map_err(kv_failure)? {
            SetIfOutcome::Stored => Ok(Found {
                key,
                raw: value.into(),
                upload,
            }),
            SetIfOutcome::Mismatch => Err(Error::internal("an upload of this id exists")),
        }
    }

    /// Ours last: only then can the upload be used. `None` where the sweeper gave it up meanwhile.
    async fn record_upload(&self, begun: &Found, token: &str) -> Result<Option<Found>> {
        let upload = Upload {
            token: token.to_owned(),
            state: UploadState::Open,
            ..begun.upload.clone()
        };
        let tracking = upload.encode_tracking();
        let stored = self.kv().set(TRACKING, token.as_bytes(), &tracking).await;
        stored.map_err(kv_failure)?;
        let opened = self.swap_upload(begun, upload).await?;
        if opened.is_none() {
            self.forget_tracking(token).await?;
        }
        Ok(opened)
    }
}
