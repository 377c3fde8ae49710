//! Which branches refuse direct changes.

use crate::{Caller, Result, Service};

/// The rules and the tag that names this version of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchProtectionRules {
    /// Patterns of branch names, sorted.
    pub patterns: Vec<String>,
    /// For `If-Match`; empty when there are no rules yet.
    pub etag: String,
}

impl Service {
    /// `GET /repositories/{repository}/settings/branch_protection`.
    pub async fn get_branch_protection_rules(
        &self,
        caller: &Caller,
        repository: &str,
    ) -> Result<BranchProtectionRules> {
        let _ = (caller, repository);
        Err(crate::Error::not_implemented())
    }

    /// `PUT /repositories/{repository}/settings/branch_protection`: replaces all rules. `if_match`
    /// as in the header: absent = whatever is there, empty = only when there are none yet.
    pub async fn set_branch_protection_rules(
        &self,
        caller: &Caller,
        repository: &str,
        patterns: Vec<String>,
        if_match: Option<&str>,
    ) -> Result<()> {
        let _ = (caller, repository, patterns, if_match);
        Err(crate::Error::not_implemented())
    }
}
