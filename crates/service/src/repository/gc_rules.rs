//! How long a repository keeps what its branches no longer hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakefs_block::{Address, BlockError, Location, PutBody, PutOptions};
use lakefs_versioning::{GarbageCollectionRules, Repository};

use crate::audit::Call;
use crate::failure::{block_failure, engine_failure};
use crate::repository::model::refuse_read_only;
use crate::{Caller, Error, Result, Service};

/// Where the rules are, below the namespace. Not JSON, whatever its name says: lakeFS and its
/// collector read a protobuf message here.
const RULES: &str = "_lakefs/retention/gc/rules/config.json";
/// Longest stored rules that are read.
const MAX_RULES_BYTES: u64 = 16 << 20;

/// Retention rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GcRules {
    /// Days for branches without a rule of their own.
    pub default_retention_days: i32,
    /// Days by branch name.
    pub branches: BTreeMap<String, i32>,
}

impl Service {
    /// `GET /repositories/{repository}/settings/gc_rules`.
    pub async fn get_gc_rules(&self, caller: &Caller, repository: &str) -> Result<GcRules> {
        let call = Call::on("getGCRules", repository);
        self.audited(caller, call, async {
            self.may_get_gc_rules(caller, repository).await?;
            let location = self.gc_rules_location(repository).await?.0;
            let stored = match self.blocks().get(&location, None).await {
                Ok(found) => found
                    .collect(MAX_RULES_BYTES)
                    .await
                    .map_err(block_failure)?,
                Err(BlockError::NotFound { .. }) => return Err(Error::not_found("not found")),
                Err(error) => return Err(block_failure(error)),
            };
            // Rules that were removed are an empty object.
            if stored.is_empty() {
                return Err(Error::not_found("not found"));
            }
            let rules = GarbageCollectionRules::decode(&stored).map_err(engine_failure)?;
            Ok(GcRules {
                default_retention_days: rules.default_retention_days,
                branches: rules.branch_retention_days,
            })
        })
        .await
    }

    /// `PUT /repositories/{repository}/settings/gc_rules`.
    pub async fn set_gc_rules(
        &self,
        caller: &Caller,
        repository: &str,
        rules: GcRules,
    ) -> Result<()> {
        let call = Call::on("setGCRules", repository);
        self.audited(caller, call, async {
            self.may_set_gc_rules(caller, repository).await?;
            let mut days = rules
                .branches
                .values()
                .chain([&rules.default_retention_days]);
            if days.any(|days| *days < 0) {
                return Err(Error::invalid("retention days cannot be negative"));
            }
            let stored = GarbageCollectionRules {
                default_retention_days: rules.default_retention_days,
                branch_retention_days: rules.branches.clone(),
            };
            self.put_gc_rules(repository, stored.encode()).await
        })
        .await
    }

    /// `DELETE /repositories/{repository}/settings/gc_rules`.
    pub async fn delete_gc_rules(&self, caller: &Caller, repository: &str) -> Result<()> {
        let call = Call::on("deleteGCRules", repository);
        self.audited(caller, call, async {
            self.may_set_gc_rules(caller, repository).await?;
            self.put_gc_rules(repository, Vec::new()).await
        })
        .await
    }

    async fn gc_rules_location(&self, repository: &str) -> Result<(Location, Arc<Repository>)> {
        let repository = self.repository(repository).await?;
        let location = self
            .blocks()
            .locate(&repository.namespace, Address::Relative(RULES))
            .map_err(block_failure)?;
        Ok((location, repository))
    }

    async fn put_gc_rules(&self, repository: &str, stored: Vec<u8>) -> Result<()> {
        let (location, repository) = self.gc_rules_location(repository).await?;
        refuse_read_only(&repository)?;
        let outcome = self
            .blocks()
            .put(
                &location,
                PutBody::from_bytes(stored),
                &PutOptions::default(),
            )
            .await;
        outcome.map(|_| ()).map_err(block_failure)
    }
}
