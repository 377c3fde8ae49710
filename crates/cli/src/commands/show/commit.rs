//! `lakectl show commit`.

use clap::Args;

use crate::commands::{Context, commit_text};
use crate::error::Result;

/// Show a commit
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl show commit lakefs://example/main\n  lakectl show commit lakefs://example/a1b2c3d4 --show-meta-range-id"
)]
pub(crate) struct Commit {
    /// Address of the commit, or of anything that names one
    #[arg(value_name = "COMMIT_URI")]
    commit: String,
    /// Show the id of its content
    #[arg(long)]
    show_meta_range_id: bool,
}

impl Commit {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let uri = context.uris.reference("commit URI", &self.commit)?;
        let commit = context.client.commit_by_ref(&uri).await?;
        context.ui.result(&commit, |ui| {
            ui.text(&commit_text::log_entry(
                ui,
                &commit,
                self.show_meta_range_id,
            ))
        })
    }
}
