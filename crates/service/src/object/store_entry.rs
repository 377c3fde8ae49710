//! The last step of everything that puts an object on a branch: the entry is staged, and only then
//! is there an object.

use std::sync::Arc;

use lakefs_block::{Address, Location};
use lakefs_types::{BranchId, ObjectPath, RefExpr};
use lakefs_versioning::{AddressType, Entry, Error as EngineError, PutOptions, Repository};

use crate::failure::engine_failure;
use crate::object::user_metadata;
use crate::{Error, ErrorKind, ObjectStats, Result, Service, WriteCondition};

/// A path of a branch that is about to be written.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) repository: Arc<Repository>,
    pub(crate) branch: BranchId,
    pub(crate) path: ObjectPath,
    pub(crate) condition: WriteCondition,
    pub(crate) force: bool,
}

impl Service {
    /// Fails early, before any byte is moved, where the entry could not be stored now.
    pub(crate) async fn check_target(&self, target: &Target) -> Result<()> {
        let Target {
            repository,
            branch,
            path,
            ..
        } = target;
        let writable = self
            .engine()
            .check_writable(repository, branch, target.force)
            .await;
        writable.map_err(engine_failure)?;
        if target.condition == WriteCondition::Always {
            return Ok(());
        }
        let reference = RefExpr::name(branch.as_str());
        let found = self.engine().get(repository, &reference, path).await;
        match (&target.condition, found) {
            (WriteCondition::IfAbsent, Ok(_)) => Err(path_exists()),
            (WriteCondition::IfMatch(etag), Ok(found)) if found.view().etag != etag => {
                Err(engine_failure(EngineError::PreconditionFailed))
            }
            (_, Ok(_)) | (WriteCondition::IfAbsent, Err(EngineError::ObjectNotFound { .. })) => {
                Ok(())
            }
            (_, Err(error)) => Err(engine_failure(error)),
        }
    }

    /// Stages the entry and answers its facts. `written` as in [`Service::stage_entry`].
    pub(crate) async fn store_entry(
        &self,
        target: &Target,
        entry: &Entry,
        written: Option<&Location>,
    ) -> Result<ObjectStats> {
        self.stage_entry(target, entry, written).await?;
        Ok(self.entry_stats(target, entry))
    }

    /// Stages the entry. `written` is the object behind it if this request made it: it is removed
    /// again when the entry is refused, and kept where the outcome is not known.
    pub(crate) async fn stage_entry(
        &self,
        target: &Target,
        entry: &Entry,
        written: Option<&Location>,
    ) -> Result<()> {
        let options = PutOptions {
            force: target.force,
            condition: target.condition.to_put_condition(),
        };
        let outcome = self
            .engine()
            .put(
                &target.repository,
                &target.branch,
                &target.path,
                entry,
                &options,
            )
            .await;
        let Err(error) = outcome else { return Ok(()) };
        if let Some(location) = written
            && is_refusal(&error)
            && let Err(error) = self.blocks().delete(location).await
        {
            tracing::warn!(%error, "an object nothing refers to stays in the store");
        }
        Err(match error {
            EngineError::PathExists { .. } => path_exists(),
            error => engine_failure(error),
        })
    }

    pub(crate) fn entry_stats(&self, target: &Target, entry: &Entry) -> ObjectStats {
        let address = match entry.address_type {
            AddressType::Relative => Address::Relative(&entry.address),
            AddressType::Full | AddressType::ByPrefix => Address::Full(&entry.address),
        };
        let pairs = entry
            .metadata
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        ObjectStats {
            path: target.path.as_str().to_owned(),
            physical_address: self.physical_address(&target.repository, address),
            physical_address_expiry: None,
            checksum: entry.etag.clone(),
            size_bytes: entry.size,
            mtime: entry.last_modified.seconds,
            content_type: entry.content_type.clone(),
            metadata: Some(user_metadata::shown(pairs)),
        }
    }
}

fn path_exists() -> Error {
    Error::new(ErrorKind::PreconditionFailed, "path already exists")
}

/// Whether the entry is certainly not stored. Removing the bytes of one that may be would lose data.
fn is_refusal(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::PreconditionFailed
            | EngineError::PathExists { .. }
            | EngineError::ObjectNotFound { .. }
            | EngineError::WriteConflict { .. }
            | EngineError::Protected { .. }
            | EngineError::ReadOnly { .. }
            | EngineError::BranchNotFound { .. }
            | EngineError::RepositoryNotFound { .. }
            | EngineError::RepositoryInDeletion { .. }
    )
}
