//! Listing the parts of an upload.

use lakefs_versioning::uploads::UploadPart;

use super::{UploadInfo, UploadTarget};
use crate::audit::Call;
use crate::{Caller, Result, Service};

/// A page of the parts of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartsPage {
    /// The upload.
    pub upload: UploadInfo,
    /// Parts by number.
    pub parts: Vec<UploadPart>,
    /// Whether there are more.
    pub has_more: bool,
}

impl Service {
    /// Parts of an upload whose number is above `after`, at most `limit` of them.
    pub async fn list_upload_parts(
        &self,
        caller: &Caller,
        target: UploadTarget<'_>,
        after: u32,
        limit: usize,
    ) -> Result<PartsPage> {
        let call = Call::at("ListParts", target.repository, target.branch);
        self.audited(caller, call, async {
            self.may_read_object(caller, target.repository, target.path)
                .await?;
            let place = self.upload_place(target).await?;
            let found = self.open_upload(&place, target.id).await?;
            let (parts, has_more) = self.stored_parts(target.id, after, limit).await?;
            Ok(PartsPage {
                upload: UploadInfo::of(&found.upload),
                parts,
                has_more,
            })
        })
        .await
    }
}
