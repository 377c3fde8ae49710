//! Uploads that go past the server: handing out an address, and linking what was put there.

use crate::{Caller, ObjectStats, Result, Service, StageObject};

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
        let _ = (caller, repository, branch, path, presign);
        Err(crate::Error::not_implemented())
    }

    /// `PUT /repositories/{repository}/branches/{branch}/staging/backing`.
    pub async fn link_physical_address(
        &self,
        caller: &Caller,
        request: StageObject<'_>,
    ) -> Result<ObjectStats> {
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }
}
