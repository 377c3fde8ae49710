//! Which branches refuse direct changes.

use lakefs_versioning::{ProtectedAction, ProtectionRule};

use crate::audit::Call;
use crate::failure::engine_failure;
use crate::repository::model::refuse_read_only;
use crate::{Caller, Error, Result, Service};

/// The rules and the tag that names this version of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchProtectionRules {
    /// Patterns of branch names, sorted.
    pub patterns: Vec<String>,
    /// For `If-Match`; empty when there are no rules yet.
    pub etag: String,
}

/// A rule blocks all that a rule can block.
pub(crate) fn protect(pattern: String) -> ProtectionRule {
    ProtectionRule {
        pattern,
        blocked: vec![ProtectedAction::StagingWrite, ProtectedAction::Commit],
    }
}

impl Service {
    /// `GET /repositories/{repository}/settings/branch_protection`.
    pub async fn get_branch_protection_rules(
        &self,
        caller: &Caller,
        repository: &str,
    ) -> Result<BranchProtectionRules> {
        let call = Call::on("getBranchProtectionRules", repository);
        self.audited(caller, call, async {
            self.may_get_branch_protection_rules(caller, repository)
                .await?;
            let repository = self.repository(repository).await?;
            let found = self.engine().protection_rules(&repository).await;
            let found = found.map_err(engine_failure)?;
            let mut patterns: Vec<_> = found.rules.into_iter().map(|rule| rule.pattern).collect();
            patterns.sort_unstable();
            Ok(BranchProtectionRules {
                patterns,
                etag: found.checksum,
            })
        })
        .await
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
        let call = Call::on("setBranchProtectionRules", repository);
        self.audited(caller, call, async {
            self.may_set_branch_protection_rules(caller, repository)
                .await?;
            let repository = self.repository(repository).await?;
            refuse_read_only(&repository)?;
            if patterns.iter().any(String::is_empty) {
                return Err(Error::invalid(
                    "a branch protection pattern cannot be empty",
                ));
            }
            let rules: Vec<_> = patterns.into_iter().map(protect).collect();
            let checksum = if_match.map(|etag| etag.trim_matches('"'));
            let outcome = self
                .engine()
                .set_protection_rules(&repository, &rules, checksum)
                .await;
            outcome.map_err(engine_failure)
        })
        .await
    }
}
