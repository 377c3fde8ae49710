//! A repository's own metadata: a small map, changed by compare-and-swap.

use std::collections::BTreeMap;

use bytes::Bytes;
use lakefs_kv::Predicate;
use prost::Message as _;

use crate::cas::Cas;
use crate::records::{METADATA_KEY, StoredMetadata, decode, map_of, pairs_of};
use crate::{Engine, Error, Repository, Result};

/// How often a change is tried again when others come first.
const MAX_TRIES: u32 = 10;

type Metadata = BTreeMap<String, String>;

impl Engine {
    /// A repository's metadata.
    pub async fn repository_metadata(&self, repository: &Repository) -> Result<Metadata> {
        Ok(self.metadata_record(repository).await?.1)
    }

    /// Sets keys of a repository's metadata, leaving others.
    pub async fn set_repository_metadata(
        &self,
        repository: &Repository,
        set: &Metadata,
        force: bool,
    ) -> Result<()> {
        let add = |metadata: &mut Metadata| metadata.extend(set.clone());
        self.change_metadata(repository, force, add).await
    }

    /// Removes keys of a repository's metadata; absent ones are fine.
    pub async fn delete_repository_metadata(
        &self,
        repository: &Repository,
        keys: &[String],
        force: bool,
    ) -> Result<()> {
        let remove = |metadata: &mut Metadata| metadata.retain(|key, _| !keys.contains(key));
        self.change_metadata(repository, force, remove).await
    }

    async fn change_metadata(
        &self,
        repository: &Repository,
        force: bool,
        change: impl Fn(&mut Metadata),
    ) -> Result<()> {
        repository.ensure_writable(force)?;
        let partition = repository.partition.as_bytes();
        for _ in 0..MAX_TRIES {
            let (raw, mut metadata) = self.metadata_record(repository).await?;
            let before = metadata.clone();
            change(&mut metadata);
            if metadata == before {
                return Ok(());
            }
            let record = StoredMetadata {
                metadata: pairs_of(&metadata),
            }
            .encode_to_vec();
            let predicate = raw.as_deref().map_or(Predicate::Absent, Predicate::Value);
            match self
                .0
                .cas(partition, METADATA_KEY, &record, predicate)
                .await?
            {
                Cas::Stored => return Ok(()),
                // Both kinds of change can be made twice: whoever was in between stays.
                Cas::Mismatch | Cas::Unclear => {}
            }
        }
        Err(Error::PreconditionFailed)
    }

    async fn metadata_record(&self, repository: &Repository) -> Result<(Option<Bytes>, Metadata)> {
        let Some(raw) = self.0.kv_get(&repository.partition, METADATA_KEY).await? else {
            return Ok((None, Metadata::new()));
        };
        let name = || format!("metadata of repository {}", repository.id);
        let stored: StoredMetadata = decode(name, &raw)?;
        Ok((Some(raw), map_of(stored.metadata)))
    }
}
