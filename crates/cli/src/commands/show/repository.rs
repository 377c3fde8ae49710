//! `lakectl show repository`.

use clap::Args;

use crate::commands::Context;
use crate::error::Result;
use crate::ui::date;

/// Show a repository
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakectl show repository lakefs://example")]
pub(crate) struct Repository {
    /// Address of the repository
    #[arg(value_name = "REPOSITORY_URI")]
    repository: String,
}

impl Repository {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let name = context
            .uris
            .repository("repository URI", &self.repository)?;
        let shown = context.client.repository(&name).await?;
        context.ui.result(&shown, |ui| {
            ui.text(&format!(
                "Repository:        {}\nCreation Date:     {}\nDefault Branch:    {}\n\
                 Storage ID:        {}\nStorage Namespace: {}\nRead Only:         {}\n",
                shown.id,
                date(shown.creation_date),
                shown.default_branch,
                shown.storage_id,
                shown.storage_namespace,
                shown.read_only.unwrap_or(false)
            ))
        })
    }
}
