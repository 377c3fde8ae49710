//! Storage namespaces: a repository has its own, and none lies where another keeps its objects.
//!
//! A mark in the store says that a namespace was given to a repository; it outlives the repository, as the
//! objects do. That one does not lie among another's objects is asked of the records, so it holds among the
//! repositories of one installation, and only for new ones. Beside them it may lie: a repository at a
//! bucket's root and others below it are common.

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use lakefs_block::{Address, BlockError, Location, PutBody};
use lakefs_types::StorageNamespace;

use crate::engine::Inner;
use crate::records::{REPOSITORIES, REPOSITORY_PREFIX, StoredRepository, decode};
use crate::{Error, ListRefs, Repository, Result};

/// Says that a namespace belongs to a repository, relative to the namespace.
const MARKER: &str = "_lakefs/dummy";
/// Where old servers put it.
const OLD_MARKER: &str = "dummy";
/// Its content, which is part of the stored format.
const MARKER_TEXT: &str = "this is dummy data - created by lakeFS to check accessibility";

/// Whether a namespace lies where one around it keeps its objects. Both as keys that end with a slash, or
/// are empty.
fn among_objects(outer: &str, inner: &str) -> bool {
    let within = inner.strip_prefix(outer);
    within.is_some_and(|rest| rest.starts_with("data/") || rest.starts_with("_lakefs/"))
}

impl Inner {
    /// Refuses a namespace among the objects of another repository, or the other way round: what one takes
    /// for its garbage, or writes over, could be the data of the other.
    pub(crate) async fn ensure_apart(&self, namespace: &StorageNamespace) -> Result<()> {
        let blocks = &self.parts.blocks;
        let root = |namespace: &StorageNamespace| blocks.locate(namespace, Address::Relative(""));
        let new = root(namespace).map_err(Error::Block)?;
        let all = ListRefs {
            amount: usize::MAX,
            ..ListRefs::default()
        };
        let mut overlaps = None;
        let look = |name: &str, value: &[u8]| {
            let stored: StoredRepository = decode(|| format!("repository {name}"), value)?;
            let (repository, _) = Repository::from_stored(stored)?;
            // One that this store cannot hold is elsewhere.
            if let Ok(taken) = root(&repository.namespace)
                && taken.bucket == new.bucket
                && (among_objects(&taken.key, &new.key) || among_objects(&new.key, &taken.key))
            {
                overlaps = Some(repository.id);
            }
            Ok(None::<()>)
        };
        self.list_names(REPOSITORIES, REPOSITORY_PREFIX, &all, look)
            .await?;
        let Some(other) = overlaps else {
            return Ok(());
        };
        tracing::info!(%namespace, repository = %other, "refused a namespace that overlaps another");
        Err(Error::NamespaceOverlaps {
            namespace: namespace.clone(),
        })
    }

    fn marker(&self, namespace: &StorageNamespace, key: &str) -> Result<Location> {
        self.parts
            .blocks
            .locate(namespace, Address::Relative(key))
            .map_err(Error::Block)
    }

    /// Marks a namespace as taken, unless it is, and sees that what is written there can be read.
    pub(crate) async fn claim_namespace(&self, namespace: &StorageNamespace) -> Result<()> {
        let blocks = &self.parts.blocks;
        let old = self
            .options
            .ensure_readable_root_namespace
            .then_some(OLD_MARKER);
        for key in old.into_iter().chain([MARKER]) {
            let location = self.marker(namespace, key)?;
            if blocks
                .head(&location)
                .await
                .map_err(Error::Block)?
                .is_some()
            {
                return Err(Error::NamespaceInUse {
                    namespace: namespace.clone(),
                    key,
                });
            }
        }
        let location = self.marker(namespace, MARKER)?;
        let body = PutBody::from_bytes(MARKER_TEXT);
        blocks
            .put(&location, body, &lakefs_block::PutOptions::default())
            .await
            .map_err(Error::Block)?;
        let found = blocks.get(&location, None).await.map_err(Error::Block)?;
        let found: Vec<Bytes> = found.stream.try_collect().await.map_err(Error::Block)?;
        if found.concat() != MARKER_TEXT.as_bytes() {
            return Err(Error::Block(BlockError::InvalidAddress {
                address: blocks.physical_address(&location),
                reason: "what was written there does not read back".to_owned(),
            }));
        }
        Ok(())
    }

    /// Takes back the mark of a repository that did not come to be.
    pub(crate) async fn release_namespace(&self, namespace: &StorageNamespace) -> Result<()> {
        let location = self.marker(namespace, MARKER)?;
        self.parts
            .blocks
            .delete(&location)
            .await
            .map_err(Error::Block)
    }
}
