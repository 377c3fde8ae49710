//! Uploads that go past the server: handing out an address, and linking what was put there.

use lakefs_block::{Address, Presign};

use crate::audit::Call;
use crate::failure::{block_failure, engine_failure};
use crate::object::store_entry::Target;
use crate::staging::stage::Sharing;
use crate::{Caller, ObjectStats, Result, Service, StageObject, WriteCondition, names};

/// An address to upload to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagingLocation {
    /// The address, with its signature.
    pub physical_address: String,
    /// URL to upload to, when asked for.
    pub presigned_url: Option<String>,
    /// When that URL stops working, Unix seconds.
    pub presigned_url_expiry: Option<i64>,
}

impl Service {
    /// `GET /repositories/{repository}/branches/{branch}/staging/backing`.
    pub async fn get_physical_address(
        &self,
        caller: &Caller,
        repository: &str,
        branch: &str,
        path: &str,
        presign: bool,
    ) -> Result<StagingLocation> {
        let call = Call::at("getPhysicalAddress", repository, branch);
        self.audited(caller, call, async {
            self.may_write_object(caller, repository, path).await?;
            let target = Target {
                repository: self.repository(repository).await?,
                branch: names::branch(branch)?,
                path: names::path(path)?,
                condition: WriteCondition::Always,
                force: false,
            };
            let found = self
                .engine()
                .branch(&target.repository, &target.branch)
                .await;
            found.map_err(engine_failure)?;
            if presign {
                self.require_presign()?;
            }
            let address = self.signed_address(&target);
            let location = self.locate(&target.repository, Address::Relative(&address))?;
            let url = if presign {
                let valid = self.options().presign_expiry;
                let url = self.blocks().presign(&location, &Presign::Put, valid).await;
                Some(url.map_err(block_failure)?)
            } else {
                None
            };
            Ok(StagingLocation {
                physical_address: self.blocks().physical_address(&location),
                presigned_url_expiry: url.as_ref().map(|url| url.expires.seconds),
                presigned_url: url.map(|url| url.url),
            })
        })
        .await
    }

    /// `PUT /repositories/{repository}/branches/{branch}/staging/backing`.
    pub async fn link_physical_address(
        &self,
        caller: &Caller,
        request: StageObject<'_>,
    ) -> Result<ObjectStats> {
        let call = Call::at("linkPhysicalAddress", request.repository, request.branch);
        self.audited(caller, call, self.stage(caller, request, Sharing::Never))
            .await
    }
}
