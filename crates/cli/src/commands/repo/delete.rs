//! `lakectl repo delete`.

use clap::Args;

use crate::commands::Context;
use crate::error::Result;

/// Delete a repository; its data in the store stays
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl repo delete lakefs://example\n  lakectl repo delete lakefs://example --yes"
)]
pub(crate) struct Delete {
    /// Address of the repository
    #[arg(value_name = "REPOSITORY_URI")]
    repository: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Delete {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let Context {
            ui, uris, client, ..
        } = context;
        let repository = uris.repository("repository URI", &self.repository)?;
        ui.echo("Repository", format!("lakefs://{repository}"))?;
        let question = format!("Are you sure you want to delete repository {repository}?");
        ui.confirm(self.yes, &question, "Delete repository aborted")?;
        client.delete_repository(&repository).await?;
        if ui.is_json() {
            return Ok(());
        }
        ui.line(&format!("Repository '{repository}' deleted"))
    }
}
