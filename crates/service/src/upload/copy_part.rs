//! A part made of bytes of another object.

use lakefs_block::{ByteRange, ByteStream, PutBody, PutOptions, UploadedPart};
use lakefs_versioning::uploads::UploadPart;

use super::part::TellChecksum;
use super::{UploadInfo, UploadTarget};
use crate::audit::Call;
use crate::failure::block_failure;
use crate::object::get::facts_of;
use crate::{Caller, ContentRange, Error, ObjectFacts, Result, Service};

/// A part to be made of another object.
#[derive(Debug, Clone, Copy)]
pub struct CopyUploadPart<'a> {
    /// The upload.
    pub target: UploadTarget<'a>,
    /// Number of the part.
    pub number: u32,
    /// Repository of the object to copy from.
    pub repository: &'a str,
    /// Reference expression to read it from.
    pub reference: &'a str,
    /// Its path.
    pub path: &'a str,
}

/// How a part is copied, once its source is known.
#[derive(Default)]
pub struct CopyPlan {
    /// Which bytes; all of them when `None`.
    pub range: Option<ContentRange>,
    /// Wraps the bytes so that their checksum is known afterwards; where there is none, the bytes need not
    /// pass through this server.
    pub checksum: Option<Checksummer>,
}

/// Wraps bytes so that their checksum is known afterwards.
pub type Checksummer = Box<dyn FnOnce(ByteStream) -> (ByteStream, TellChecksum) + Send>;

impl std::fmt::Debug for CopyPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopyPlan")
            .field("range", &self.range)
            .field("checksum", &self.checksum.is_some())
            .finish()
    }
}

impl Service {
    /// Makes a part of (a range of) an object. `plan` judges the source and says which bytes are meant.
    pub async fn copy_upload_part(
        &self,
        caller: &Caller,
        request: CopyUploadPart<'_>,
        plan: impl FnOnce(&UploadInfo, &ObjectFacts) -> Result<CopyPlan> + Send,
    ) -> Result<UploadPart> {
        let target = request.target;
        let call = Call::at("UploadPartCopy", target.repository, target.branch);
        self.audited(caller, call, async {
            self.may_write_object(caller, target.repository, target.path)
                .await?;
            let found = self.upload_for_parts(target).await?;
            let (repository, stored) = self
                .read_entry(caller, request.repository, request.reference, request.path)
                .await?;
            let entry = stored.view();
            let facts = facts_of(request.path, &entry);
            let plan = plan(&UploadInfo::of(&found.upload), &facts)?;
            let whole = u64::try_from(entry.size).unwrap_or(0);
            let size = match plan.range {
                None => whole,
                Some(range) if range.start <= range.end && range.end < whole => {
                    range.end - range.start + 1
                }
                Some(_) => return Err(Error::invalid("the range is not inside the object")),
            };
            let from = self.locate(&repository, entry.location())?;
            let range = plan.range.map(ContentRange::to_bytes);
            let to = self.upload_location(&found.upload)?;
            let (store, token) = (self.part_store()?, &found.upload.token);
            let (part, checksum): (UploadedPart, String) = match plan.checksum {
                None => {
                    let part = store
                        .copy_part(&to, token, request.number, &from, range)
                        .await;
                    (part.map_err(block_failure)?, String::new())
                }
                Some(wrap) => {
                    let range = range.filter(|_| size < whole);
                    self.copy_through(&from, range, size, wrap, |body| async move {
                        let options = PutOptions::default();
                        store
                            .upload_part(&to, token, request.number, body, &options)
                            .await
                    })
                    .await?
                }
            };
            self.keep_part(&found, part, size, checksum).await
        })
        .await
    }

    /// Copies bytes through this server, so that their checksum becomes known.
    async fn copy_through<F>(
        &self,
        from: &lakefs_block::Location,
        range: Option<ByteRange>,
        size: u64,
        wrap: Checksummer,
        store: impl FnOnce(PutBody) -> F + Send,
    ) -> Result<(UploadedPart, String)>
    where
        F: Future<Output = std::result::Result<UploadedPart, lakefs_block::BlockError>> + Send,
    {
        let got = self.blocks().get(from, range).await;
        let got = got.map_err(block_failure)?;
        let (stream, tell) = wrap(got.stream);
        let body = PutBody {
            stream,
            length: Some(size),
        };
        let part = store(body).await.map_err(block_failure)?;
        Ok((part, tell()))
    }
}
