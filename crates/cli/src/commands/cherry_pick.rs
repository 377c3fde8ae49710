//! `lakectl cherry-pick`: repeat a commit on a branch.

use clap::Args;
use lakefs_wire::CherryPickCreation;

use super::{Context, commit_text};
use crate::error::{Error, Result};

/// Repeat a commit on a branch
///
/// The branch must have no uncommitted changes. A merge commit needs --parent-number: the changes
/// repeated are those between that parent and the merge.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl cherry-pick lakefs://example/dev lakefs://example/main\n  lakectl cherry-pick lakefs://example/a1b2c3d4 lakefs://example/main -m 1"
)]
pub(crate) struct CherryPick {
    /// Address of the commit
    #[arg(value_name = "COMMIT_URI")]
    commit: String,
    /// Address of the branch
    #[arg(value_name = "BRANCH_URI")]
    branch: String,
    /// Which parent of a merge commit to compare with, counted from 1
    #[arg(short = 'm', long, value_name = "N")]
    parent_number: Option<i64>,
}

impl CherryPick {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let commit = context.uris.reference("commit URI", &self.commit)?;
        let branch = context.uris.branch("branch URI", &self.branch)?;
        context.ui.echo("Branch", &branch)?;
        if commit.repository != branch.repository {
            return Err(Error::failed(
                "both addresses must be in the same repository",
            ));
        }
        if self.parent_number.is_some_and(|number| number < 1) {
            return Err(Error::failed(
                "parent number must be positive: parents are counted from 1",
            ));
        }
        let pick = CherryPickCreation {
            reference: commit.reference,
            parent_number: self.parent_number,
            ..CherryPickCreation::default()
        };
        let made = context.client.cherry_pick(&branch, &pick).await?;
        commit_text::write_made(&context.ui, &branch.reference, &made)
    }
}
