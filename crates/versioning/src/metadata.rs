//! A repository's own metadata: a small map, changed by compare-and-swap.

use std::collections::BTreeMap;

use crate::{Engine, Repository, Result};

impl Engine {
    /// A repository's metadata.
    pub async fn repository_metadata(
        &self,
        repository: &Repository,
    ) -> Result<BTreeMap<String, String>> {
        let _ = repository;
        Ok(BTreeMap::new())
    }

    /// Sets keys of a repository's metadata, leaving others.
    pub async fn set_repository_metadata(
        &self,
        repository: &Repository,
        set: &BTreeMap<String, String>,
        force: bool,
    ) -> Result<()> {
        let _ = (repository, set, force);
        Ok(())
    }

    /// Removes keys of a repository's metadata; absent ones are fine.
    pub async fn delete_repository_metadata(
        &self,
        repository: &Repository,
        keys: &[String],
        force: bool,
    ) -> Result<()> {
        let _ = (repository, keys, force);
        Ok(())
    }
}
