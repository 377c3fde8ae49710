//! `lakectl branch revert`.

use clap::Args;
use lakefs_wire::RevertCreation;

use crate::commands::Context;
use crate::error::{Error, Result};

/// Undo commits with new commits
///
/// Commits are undone one by one in the order given, each with a commit of its own; the history stays.
/// The first failure stops, what was undone before it stays undone. The branch must have no
/// uncommitted changes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl branch revert lakefs://example/main main~1\n  lakectl branch revert lakefs://example/main a1b2c3d4 0f9e8d7c --yes\n  lakectl branch revert lakefs://example/main a1b2c3d4 -m 1"
)]
pub(crate) struct Revert {
    /// Address of the branch
    #[arg(value_name = "BRANCH_URI")]
    branch: String,
    /// The commits to undo: ids, short ids or anything that names a commit
    #[arg(value_name = "COMMIT", required = true)]
    commits: Vec<String>,
    /// Which parent of a merge commit to go back to, counted from 1
    #[arg(short = 'm', long, value_name = "N", default_value_t = 0)]
    parent_number: i64,
    /// Commit even when there is nothing to undo
    #[arg(long)]
    allow_empty_commit: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Revert {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let Context {
            ui, uris, client, ..
        } = context;
        let branch = uris.branch("branch URI", &self.branch)?;
        ui.echo("Branch", &branch)?;
        if self.parent_number < 0 {
            return Err(Error::failed(
                "parent number must be positive: parents are counted from 1",
            ));
        }
        let question = "Are you sure you want to revert the commits?";
        ui.confirm(self.yes, question, "Revert aborted")?;
        for commit in &self.commits {
            let revert = RevertCreation {
                reference: commit.clone(),
                parent_number: self.parent_number,
                allow_empty: self.allow_empty_commit,
                ..RevertCreation::default()
            };
            client.revert(&branch, &revert).await?;
            if !ui.is_json() {
                ui.line(&format!("commit {commit} successfully reverted"))?;
                ui.flush()?;
            }
        }
        Ok(())
    }
}
