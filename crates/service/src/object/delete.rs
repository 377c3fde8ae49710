//! Deleting objects.

use lakefs_versioning::{DeleteOptions, EntryView};

use crate::audit::Call;
use crate::authorize::require_user;
use crate::failure::engine_failure;
use crate::{Caller, Error, ErrorKind, Reason, Result, Service, names};

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
    /// What exactly it is about, where that is known.
    pub reason: Option<Reason>,
    /// What to tell.
    pub message: String,
}

impl DeleteFailure {
    /// The failure, as the deletion of this path alone would have ended.
    pub fn to_error(&self) -> Error {
        let error = Error::new(self.kind, self.message.clone());
        match self.reason {
            Some(reason) => error.because(reason),
            None => error,
        }
    }
}

/// What an object must be like to be deleted. Only what is given is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteCondition {
    /// Entity tags without quotes, one of which it must have; `*` for any. Of these `*` alone demands that
    /// there is an object: deleting what is gone is fine otherwise.
    pub etags: Option<Vec<String>>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// When it was written, Unix seconds.
    pub modified: Option<i64>,
}

impl DeleteCondition {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether what is at a path may be deleted.
    fn holds(&self, entry: Option<&EntryView<'_>>) -> bool {
        let Some(entry) = entry else {
            return !self
                .etags
                .as_ref()
                .is_some_and(|etags| etags.iter().any(|etag| etag == "*"));
        };
        let is_one =
            |etags: &Vec<String>| etags.iter().any(|etag| etag == "*" || etag == entry.etag);
        self.etags.as_ref().is_none_or(is_one)
            && self
                .size
                .is_none_or(|size| i64::try_from(size) == Ok(entry.size))
            && self
                .modified
                .is_none_or(|modified| modified == entry.last_modified.seconds)
    }
}

impl Service {
    /// Deletes an object that is as the condition wants it; looked at and deleted as one.
    pub async fn delete_object_if(
        &self,
        caller: &Caller,
        request: DeleteObjects<'_>,
        path: &str,
        condition: &DeleteCondition,
    ) -> Result<()> {
        let call = Call::at("deleteObject", request.repository, request.branch);
        self.audited(caller, call, async {
            self.may_delete_object(caller, request.repository, path)
                .await?;
            let repository = self.repository(request.repository).await?;
            let branch = names::branch(request.branch)?;
            let path = names::path(path)?;
            let holds = |entry: Option<&EntryView<'_>>| condition.holds(entry);
            let outcome = self
                .engine()
                .delete_if(&repository, &branch, &path, request.force, &holds)
                .await;
            outcome.map_err(engine_failure)
        })
        .await
    }

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
                        reason: error.reason(),
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
