//! Facts about an object.

use crate::{Caller, ObjectStats, Result, Service};

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
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }

    /// `GET /repositories/{repository}/refs/{ref}/objects/underlyingProperties`: the storage class.
    pub async fn get_underlying_properties(
        &self,
        caller: &Caller,
        repository: &str,
        reference: &str,
        path: &str,
    ) -> Result<Option<String>> {
        let _ = (caller, repository, reference, path);
        Err(crate::Error::not_implemented())
    }
}
