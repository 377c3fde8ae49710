//! `lakectl show`: one thing in full.

mod commit;
mod repository;

use clap::Subcommand;

use super::Context;
use crate::error::Result;

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Show {
    /// Show a commit
    Commit(commit::Commit),
    /// Show a repository
    Repository(repository::Repository),
}

impl Show {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        match self {
            Self::Commit(command) => command.run(context).await,
            Self::Repository(command) => command.run(context).await,
        }
    }
}
