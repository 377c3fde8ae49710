//! Giving an upload up.

use lakefs_versioning::uploads::UploadState;

use super::{Found, UploadTarget, no_such_upload};
use crate::audit::Call;
use crate::failure::block_failure;
use crate::{Caller, Error, ErrorKind, Reason, Result, Service};

/// How often the record is read anew when somebody else changed it.
const MAX_TRIES: u32 = 5;

impl Service {
    /// Removes an upload and its parts. An upload whose object was made is not there any more; neither
    /// is one that was aborted. `initiated` is when the caller believes it began, in Unix seconds; one that
    /// began at another time is left alone. A time to come says nothing.
    pub async fn abort_multipart_upload(
        &self,
        caller: &Caller,
        target: UploadTarget<'_>,
        initiated: Option<i64>,
    ) -> Result<()> {
        let call = Call::at("AbortMultipartUpload", target.repository, target.branch);
        self.audited(caller, call, async {
            self.may_delete_object(caller, target.repository, target.path)
                .await?;
            let place = self.upload_place(target).await?;
            for _ in 0..MAX_TRIES {
                let found = self.open_upload(&place, target.id).await?;
                let now = self.now().seconds;
                let believed = initiated.filter(|initiated| *initiated <= now);
                if believed.is_some_and(|believed| believed != found.upload.created.seconds) {
                    return Err(Error::new(
                        ErrorKind::PreconditionFailed,
                        "the upload began at another time",
                    ));
                }
                if matches!(found.upload.state, UploadState::Completing(_))
                    && self.object_of(&found).await?.is_some()
                {
                    return Err(no_such_upload());
                }
                if let Some(found) = self.change_upload(&found, UploadState::Aborted).await? {
                    return self.finish_abort(&found).await;
                }
            }
            Err(
                Error::new(ErrorKind::Conflict, "the upload is being completed")
                    .because(Reason::WriteConflict),
            )
        })
        .await
    }

    /// Removes what an aborted upload left.
    pub(super) async fn finish_abort(&self, found: &Found) -> Result<()> {
        let location = self.upload_location(&found.upload)?;
        let store = self.part_store()?;
        let token = found.upload.token.clone();
        let tokens = if token.is_empty() {
            // Nobody heard what the store made of it. The address is this upload's alone, so whatever
            // the store has there is.
            store.uploads_of(&location).await.map_err(block_failure)?
        } else {
            vec![token]
        };
        for token in tokens {
            let aborted = store.abort(&location, &token).await;
            aborted.map_err(block_failure)?;
            self.forget_tracking(&token).await?;
        }
        self.forget_upload(found).await
    }

    /// The object of an upload, if it was made. Its address is the upload's alone.
    pub(super) async fn object_of(
        &self,
        found: &Found,
    ) -> Result<Option<lakefs_block::ObjectInfo>> {
        let location = self.upload_location(&found.upload)?;
        self.blocks().head(&location).await.map_err(block_failure)
    }
}
