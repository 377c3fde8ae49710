//! `lakectl branch-protect delete`.

use clap::Args;

use crate::commands::Context;
use crate::error::{Error, Result};

/// Remove a pattern
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakectl branch-protect delete lakefs://example 'release-*'")]
pub(crate) struct Delete {
    /// Address of the repository
    #[arg(value_name = "REPOSITORY_URI")]
    repository: String,
    /// The pattern
    #[arg(value_name = "PATTERN")]
    pattern: String,
}

impl Delete {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let repository = context
            .uris
            .repository("repository URI", &self.repository)?;
        let (mut rules, mark) = context.client.protection_rules(&repository).await?;
        let before = rules.len();
        rules.retain(|rule| rule.pattern != self.pattern);
        if rules.len() == before {
            return Err(Error::failed(format!(
                "pattern {:?} is not there",
                self.pattern
            )));
        }
        context
            .client
            .set_protection_rules(&repository, &rules, mark)
            .await
    }
}
