//! Deleting objects.

use crate::{Caller, ErrorKind, Result, Service};

/// Most paths of one [`Service::delete_objects`].
pub const MAX_DELETE_PATHS: usize = 1000;

/// Which objects.
#[derive(Debug, Clone, Copy)]
pub struct DeleteObjects<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch.
    pub branch: &'a str,
    /// Whether to drop the entry outright where nothing committed is hidden by it.
    pub no_tombstone: bool,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

/// One path that could not be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteFailure {
    /// The path.
    pub path: String,
    /// What it means.
    pub kind: ErrorKind,
    /// What to tell.
    pub message: String,
}

impl Service {
    /// `DELETE /repositories/{repository}/branches/{branch}/objects`: an absent object is fine.
    pub async fn delete_object(
        &self,
        caller: &Caller,
        request: DeleteObjects<'_>,
        path: &str,
    ) -> Result<()> {
        let _ = (caller, request, path);
        Err(crate::Error::not_implemented())
    }

    /// `POST /repositories/{repository}/branches/{branch}/objects/delete`: answers the paths that
    /// could not be deleted.
    pub async fn delete_objects(
        &self,
        caller: &Caller,
        request: DeleteObjects<'_>,
        paths: &[String],
    ) -> Result<Vec<DeleteFailure>> {
        let _ = (caller, request, paths);
        Err(crate::Error::not_implemented())
    }
}
