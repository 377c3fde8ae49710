//! How long a repository keeps what its branches no longer hold.

use std::collections::BTreeMap;

use crate::{Caller, Result, Service};

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
        let _ = (caller, repository);
        Err(crate::Error::not_implemented())
    }

    /// `PUT /repositories/{repository}/settings/gc_rules`.
    pub async fn set_gc_rules(
        &self,
        caller: &Caller,
        repository: &str,
        rules: GcRules,
    ) -> Result<()> {
        let _ = (caller, repository, rules);
        Err(crate::Error::not_implemented())
    }

    /// `DELETE /repositories/{repository}/settings/gc_rules`.
    pub async fn delete_gc_rules(&self, caller: &Caller, repository: &str) -> Result<()> {
        let _ = (caller, repository);
        Err(crate::Error::not_implemented())
    }
}
