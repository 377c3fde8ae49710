//! Uploading a part.

use lakefs_block::{PutBody, PutOptions, UploadedPart};
use lakefs_versioning::uploads::{UPLOADS, UploadPart, part_key, parts_partition};

use super::{Found, UploadInfo, UploadTarget, no_such_upload};
use crate::audit::Call;
use crate::failure::{block_failure, engine_failure, kv_failure};
use crate::{Caller, Error, Result, Service};

/// Tells the checksum of bytes that have been read, as the protocol writes it; empty for none.
pub type TellChecksum = Box<dyn FnOnce() -> String + Send>;

/// The body of a part.
pub struct PartBody {
    /// The bytes; their length must be known.
    pub body: PutBody,
    /// The MD5 they must have.
    pub expected_md5: Option<[u8; 16]>,
    /// Their checksum; asked after they have been stored.
    pub checksum: TellChecksum,
}

impl std::fmt::Debug for PartBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartBody")
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// Stores a part of an upload; a second one of the same number replaces the first. `open` is called
    /// once it is known that the upload takes parts; nothing of the body is read before.
    pub async fn upload_part_of(
        &self,
        caller: &Caller,
        target: UploadTarget<'_>,
        number: u32,
        open: impl FnOnce(&UploadInfo) -> Result<PartBody> + Send,
    ) -> Result<UploadPart> {
        let call = Call::at("UploadPart", target.repository, target.branch);
        self.audited(caller, call, async {
            self.may_write_object(caller, target.repository, target.path)
                .await?;
            let found = self.upload_for_parts(target).await?;
            let location = self.upload_location(&found.upload)?;
            let body = open(&UploadInfo::of(&found.upload))?;
            let options = PutOptions {
                expected_md5: body.expected_md5,
                ..PutOptions::default()
            };
            let size = body.body.length;
            let size = size.ok_or_else(|| Error::invalid("the length of a part must be known"))?;
            let stored = self
                .part_store()?
                .upload_part(&location, &found.upload.token, number, body.body, &options)
                .await;
            let stored = stored.map_err(block_failure)?;
            self.keep_part(&found, stored, size, (body.checksum)())
                .await
        })
        .await
    }

    /// The upload, if parts may be uploaded to it now.
    pub(super) async fn upload_for_parts(&self, target: UploadTarget<'_>) -> Result<Found> {
        let place = self.upload_place(target).await?;
        let writable = self
            .engine()
            .check_writable(&place.repository, &place.branch, false)
            .await;
        writable.map_err(engine_failure)?;
        self.open_upload(&place, target.id).await
    }

    /// Records a part the store has.
    pub(super) async fn keep_part(
        &self,
        found: &Found,
        stored: UploadedPart,
        size: u64,
        checksum: String,
    ) -> Result<UploadPart> {
        let part = UploadPart {
            number: stored.number,
            etag: stored.etag,
            size,
            modified: self.now(),
            checksum,
        };
        let (kv, id) = (self.kv(), &found.upload.id);
        let (partition, key) = (parts_partition(id), part_key(part.number));
        kv.set(&partition, &key, &part.encode())
            .await
            .map_err(kv_failure)?;
        // The upload may have ended meanwhile, and what belonged to it been removed before this part
        // came.
        let there = kv.get(UPLOADS, &found.key).await.map_err(kv_failure)?;
        if there.is_some() {
            return Ok(part);
        }
        kv.delete(&partition, &key).await.map_err(kv_failure)?;
        let location = self.upload_location(&found.upload)?;
        self.part_store()?
            .abort(&location, &found.upload.token)
            .await
            .map_err(block_failure)?;
        Err(no_such_upload())
    }
}
