//! A repository as clients see one.

use lakefs_versioning::Damaged;

use crate::branch::model::report;
use crate::{Error, ErrorKind, Result};

/// A repository. In a list, one whose record is damaged has only its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Name.
    pub id: String,
    /// Where its objects live.
    pub storage_namespace: String,
    /// Default branch.
    pub default_branch: String,
    /// When it was created, Unix seconds.
    pub creation_date: i64,
    /// Whether it refuses writes.
    pub read_only: bool,
    /// Identifier of its block store; always empty, as there is one.
    pub storage_id: String,
}

impl Repository {
    pub(crate) fn of(repository: &lakefs_versioning::Repository) -> Self {
        Self {
            id: repository.id.to_string(),
            storage_namespace: repository.namespace.to_string(),
            default_branch: repository.default_branch.to_string(),
            creation_date: repository.created.seconds,
            read_only: repository.read_only,
            storage_id: repository.storage_id.clone(),
        }
    }
}

impl Repository {
    /// A repository of which only the name is known.
    pub(crate) fn damaged(damaged: &Damaged) -> Self {
        report(damaged);
        Self {
            id: damaged.name.clone(),
            storage_namespace: String::new(),
            default_branch: String::new(),
            creation_date: 0,
            read_only: false,
            storage_id: String::new(),
        }
    }
}

/// Refuses what no force allows in a read-only repository.
pub(crate) fn refuse_read_only(repository: &lakefs_versioning::Repository) -> Result<()> {
    if repository.read_only {
        return Err(Error::new(ErrorKind::Forbidden, "read-only repository"));
    }
    Ok(())
}
