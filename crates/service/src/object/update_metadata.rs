//! Replacing the user metadata of an object.

use std::collections::BTreeMap;

use crate::{Caller, Result, Service};

impl Service {
    /// `PUT /repositories/{repository}/branches/{branch}/objects/stat/user_metadata`. A concurrent
    /// change of the object is not lost.
    pub async fn update_object_user_metadata(
        &self,
        caller: &Caller,
        repository: &str,
        branch: &str,
        path: &str,
        metadata: BTreeMap<String, String>,
    ) -> Result<()> {
        let _ = (caller, repository, branch, path, metadata);
        Err(crate::Error::not_implemented())
    }
}
