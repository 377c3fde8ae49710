//! `lakectl branch delete`.

use clap::Args;

use crate::commands::Context;
use crate::error::Result;

/// Delete a branch and its uncommitted changes
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl branch delete lakefs://example/dev\n  lakectl branch delete lakefs://example/dev --yes"
)]
pub(crate) struct Delete {
    /// Address of the branch
    #[arg(value_name = "BRANCH_URI")]
    branch: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Delete {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let branch = context.uris.branch("branch URI", &self.branch)?;
        context.ui.echo("Branch", &branch)?;
        let question = "Are you sure you want to delete the branch?";
        context
            .ui
            .confirm(self.yes, question, "Delete branch aborted")?;
        context.client.delete_branch(&branch).await
    }
}
