//! `lakectl branch-protect add`.

use clap::Args;
use lakefs_wire::BranchProtectionRule;

use crate::commands::Context;
use crate::error::{Error, Result};

/// Protect branches whose names match a pattern
///
/// Nothing can be written to or committed on a protected branch directly; it changes by merges.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl branch-protect add lakefs://example main\n  lakectl branch-protect add lakefs://example 'release-*'"
)]
pub(crate) struct Add {
    /// Address of the repository
    #[arg(value_name = "REPOSITORY_URI")]
    repository: String,
    /// Pattern of branch names; * and ? stand for others
    #[arg(value_name = "PATTERN")]
    pattern: String,
}

impl Add {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let repository = context
            .uris
            .repository("repository URI", &self.repository)?;
        let (mut rules, mark) = context.client.protection_rules(&repository).await?;
        if rules.iter().any(|rule| rule.pattern == self.pattern) {
            return Err(Error::failed(format!(
                "pattern {:?} is already there",
                self.pattern
            )));
        }
        rules.push(BranchProtectionRule {
            pattern: self.pattern.clone(),
        });
        context
            .client
            .set_protection_rules(&repository, &rules, mark)
            .await
    }
}
