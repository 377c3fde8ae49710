//! Facts about an object.

use std::collections::BTreeMap;

use crate::audit::Call;
use crate::failure::block_failure;
use crate::{Caller, Error, ErrorKind, ObjectStats, Result, Service, names};

/// Which object.
#[derive(Debug, Clone, Copy)]
pub struct StatObject<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Reference expression.
    pub reference: &'a str,
    /// Path.
    pub path: &'a str,
    /// Whether to tell its user metadata.
    pub user_metadata: bool,
    /// Whether to answer a presigned URL as its address.
    pub presign: bool,
}

impl Service {
    /// `GET /repositories/{repository}/refs/{ref}/objects/stat`.
    pub async fn stat_object(
        &self,
        caller: &Caller,
        request: StatObject<'_>,
    ) -> Result<ObjectStats> {
        let call = Call::at("statObject", request.repository, request.reference);
        self.audited(caller, call, async {
            let (repository, stored) = self
                .read_entry(caller, request.repository, request.reference, request.path)
                .await?;
            let entry = stored.view();
            let path = names::path(request.path)?;
            let mut stats = self.stats(&repository, &path, &entry);
            if !request.user_metadata {
                stats.metadata = Some(BTreeMap::new());
            }
            if request.presign {
                let (url, expiry) = self
                    .presign_read(&repository, request.path, entry.location())
                    .await?;
                stats.physical_address = url;
                stats.physical_address_expiry = Some(expiry);
            }
            Ok(stats)
        })
        .await
    }

    /// `GET /repositories/{repository}/refs/{ref}/objects/underlyingProperties`: the storage class.
    pub async fn get_underlying_properties(
        &self,
        caller: &Caller,
        repository: &str,
        reference: &str,
        path: &str,
    ) -> Result<Option<String>> {
        let call = Call::at("getUnderlyingProperties", repository, reference);
        self.audited(caller, call, async {
            let (repository, stored) = self.read_entry(caller, repository, reference, path).await?;
            let location = self.locate(&repository, stored.view().location())?;
            let found = self.blocks().head(&location).await;
            match found.map_err(block_failure)? {
                Some(info) => Ok(info.storage_class),
                None => Err(Error::new(ErrorKind::Gone, "No data")),
            }
        })
        .await
    }
}
