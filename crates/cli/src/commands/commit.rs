//! `lakectl commit`: commit what is staged on a branch.

use clap::Args;
use lakefs_wire::CommitCreation;

use super::{Context, commit_text, meta_flag};
use crate::error::{Error, Result};

/// Commit the uncommitted changes of a branch
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl commit lakefs://example/dev -m \"Load May\"\n  lakectl commit lakefs://example/dev -m \"Load May\" --meta source=crm,run=17"
)]
pub(crate) struct Commit {
    /// Address of the branch
    #[arg(value_name = "BRANCH_URI")]
    branch: String,
    /// What changed and why
    #[arg(short, long, value_name = "TEXT", default_value = "")]
    message: String,
    /// Commit without a message
    #[arg(long)]
    allow_empty_message: bool,
    /// Commit even when nothing changed
    #[arg(long = "allow-empty-commit")]
    allow_empty: bool,
    /// Metadata of the commit, as key=value pairs
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',')]
    meta: Vec<String>,
    /// Date of the commit in Unix seconds, instead of now
    #[arg(long, value_name = "SECONDS", hide = true)]
    epoch_time_seconds: Option<i64>,
}

impl Commit {
    #[cfg(test)]
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let metadata = meta_flag::parse(&self.meta)?;
        if self.message.trim().is_empty() && !self.allow_empty_message {
            return Err(Error::failed(
                "commit with no message without specifying the \"--allow-empty-message\" flag",
            ));
        }
        let branch = context.uris.branch("branch URI", &self.branch)?;
        context.ui.echo("Branch", &branch)?;
        let creation = CommitCreation {
            message: self.message.clone(),
            metadata,
            allow_empty: self.allow_empty,
            date: self.epoch_time_seconds,
            force: false,
        };
        let made = context.client.commit(&branch, &creation).await?;
        commit_text::write_made(&context.ui, &branch.reference, &made)
    }
}
