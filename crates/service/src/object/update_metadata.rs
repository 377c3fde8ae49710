//! Replacing the user metadata of an object.

use std::collections::BTreeMap;

use lakefs_types::RefExpr;
use lakefs_versioning::{Error as EngineError, PutCondition, PutOptions};

use crate::audit::Call;
use crate::failure::engine_failure;
use crate::object::user_metadata;
use crate::{Caller, Error, ErrorKind, Result, Service, names};

/// How often the change is tried again when somebody else changes the object.
const MAX_TRIES: usize = 10;

impl Service {
    /// `PUT /repositories/{repository}/branches/{branch}/objects/stat/user_metadata`. A concurrent
    /// change of the object is not lost; what the server keeps in the entry's metadata stays.
    pub async fn update_object_user_metadata(
        &self,
        caller: &Caller,
        repository: &str,
        branch: &str,
        path: &str,
        metadata: BTreeMap<String, String>,
    ) -> Result<()> {
        let call = Call::at("updateObjectUserMetadata", repository, branch);
        self.audited(caller, call, async {
            self.may_write_object(caller, repository, path).await?;
            user_metadata::check_given(&metadata)?;
            let stored = self.repository(repository).await?;
            let (id, object) = (names::branch(branch)?, names::path(path)?);
            let reference = RefExpr::name(branch);
            for _ in 0..MAX_TRIES {
                let found = self.engine().get(&stored, &reference, &object).await;
                let found = found.map_err(|error| {
                    if matches!(error, EngineError::ObjectNotFound { .. }) {
                        let message = format!(
                            "update user metadata on {repository}/{branch}/{path}: not found"
                        );
                        return Error::not_found(message).caused_by(error);
                    }
                    engine_failure(error)
                })?;
                let mut entry = found.to_entry();
                user_metadata::replace(&mut entry.metadata, &metadata);
                let options = PutOptions {
                    force: false,
                    condition: PutCondition::Identity(*found.identity()),
                };
                match self
                    .engine()
                    .put(&stored, &id, &object, &entry, &options)
                    .await
                {
                    Ok(()) => return Ok(()),
                    Err(EngineError::PreconditionFailed | EngineError::WriteConflict { .. }) => {}
                    Err(error) => return Err(engine_failure(error)),
                }
            }
            Err(Error::new(
                ErrorKind::TooManyRequests,
                "Too many attempts, try again later",
            ))
        })
        .await
    }
}
