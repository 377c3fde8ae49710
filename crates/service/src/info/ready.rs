//! Readiness: whether the stores below answer.

use lakefs_block::{Address, BlockError};
use lakefs_versioning::ListRefs;

use crate::failure::{block_failure, engine_failure, kv_failure};
use crate::{ErrorKind, Result, Service};

/// An object that every repository but a read-only one has. Whether it is there does not matter.
const PROBED: &str = "_lakefs/dummy";

impl Service {
    /// Whether records and objects can be reached, for readiness probes.
    ///
    /// The object store is asked about the first repository's namespace, because a store has no
    /// other place that is known to be ours. Only that it answers counts: a bucket that somebody
    /// removed or closed, or a damaged record, is the trouble of its repository, and the others are to be
    /// served.
    pub async fn ready(&self) -> Result<()> {
        self.kv().ping().await.map_err(kv_failure)?;
        let first = ListRefs {
            amount: 1,
            ..ListRefs::default()
        };
        let listed = self.engine().list_repositories(&first, "").await;
        let page = match listed.map_err(engine_failure) {
            Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
            Err(_) => return Ok(()),
            Ok(page) => page,
        };
        let Some(repository) = page.sound().next() else {
            return Ok(());
        };
        let Ok(probed) = self.locate(repository, Address::Relative(PROBED)) else {
            return Ok(());
        };
        match self.blocks().head(&probed).await {
            Err(error @ BlockError::Unavailable { .. }) => Err(block_failure(error)),
            _ => Ok(()),
        }
    }
}
