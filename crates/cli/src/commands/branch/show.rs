//! `lakectl branch show`.

use clap::Args;

use crate::commands::Context;
use crate::error::Result;

/// Show where a branch is
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakectl branch show lakefs://example/main")]
pub(crate) struct Show {
    /// Address of the branch
    #[arg(value_name = "BRANCH_URI")]
    branch: String,
}

impl Show {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let branch = context.uris.branch("branch URI", &self.branch)?;
        context.ui.echo("Branch", &branch)?;
        let shown = context.client.branch(&branch).await?;
        context.ui.result(&shown, |ui| {
            ui.line(&format!("Commit ID: {}", shown.commit_id))
        })
    }
}
