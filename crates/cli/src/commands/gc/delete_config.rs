//! `lakectl gc delete-config`.

use clap::Args;

use crate::commands::Context;
use crate::error::Result;

/// Remove the rules of a repository
///
/// Without rules nothing is ever collected.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakectl gc delete-config lakefs://example")]
pub(crate) struct DeleteConfig {
    /// Address of the repository
    #[arg(value_name = "REPOSITORY_URI")]
    repository: String,
}

impl DeleteConfig {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let repository = context
            .uris
            .repository("repository URI", &self.repository)?;
        context.client.delete_gc_rules(&repository).await
    }
}
