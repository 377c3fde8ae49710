//! Deleting objects.

use lakefs_versioning::DeleteOptions;

use crate::audit::Call;
use crate::authorize::require_user;
use crate::failure::engine_failure;
use crate::{Caller, Error, ErrorKind, Result, Service, names};

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

impl DeleteObjects<'_> {
    fn options(&self) -> DeleteOptions {
        DeleteOptions {
            force: self.force,
            no_tombstone: self.no_tombstone,
        }
    }
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
        let call = Call::at("deleteObject", request.repository, request.branch);
        self.audited(caller, call, async {
            self.may_delete_object(caller, request.repository, path)
                .await?;
            let repository = self.repository(request.repository).await?;
            let branch = names::branch(request.branch)?;
            let path = names::path(path)?;
            let outcome = self
                .engine()
                .delete(&repository, &branch, &path, request.options())
                .await;
            outcome.map_err(engine_failure)
        })
        .await
    }

    /// `POST /repositories/{repository}/branches/{branch}/objects/delete`: answers the paths that
    /// could not be deleted.
    pub async fn delete_objects(
        &self,
        caller: &Caller,
        request: DeleteObjects<'_>,
        paths: &[String],
    ) -> Result<Vec<DeleteFailure>> {
        let call = Call::at("deleteObjects", request.repository, request.branch);
        self.audited(caller, call, async {
            require_user(caller)?;
            if paths.len() > MAX_DELETE_PATHS {
                return Err(Error::invalid(format!(
                    "request size exceeded, max paths is set to {MAX_DELETE_PATHS}"
                )));
            }
            let repository = self.repository(request.repository).await?;
            let branch = names::branch(request.branch)?;
            let mut failures = Vec::new();
            let mut allowed = Vec::with_capacity(paths.len());
            for path in paths {
                let permission = self
                    .may_delete_object(caller, request.repository, path)
                    .await;
                match permission.and_then(|_| names::path(path)) {
                    Ok(path) => allowed.push(path),
                    Err(error) => failures.push(DeleteFailure {
                        path: path.clone(),
                        kind: error.kind(),
                        message: error.message().to_owned(),
                    }),
                }
            }
            let outcome = self
                .engine()
                .delete_many(&repository, &branch, &allowed, request.options())
                .await;
            outcome.map_err(engine_failure)?;
            Ok(failures)
        })
        .await
    }
}
