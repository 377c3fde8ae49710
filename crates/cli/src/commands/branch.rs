//! `lakectl branch`: lines of work in a repository.

mod create;
mod delete;
mod list;
mod reset;
mod revert;
mod show;

use clap::Subcommand;

use super::Context;
use crate::error::Result;

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Branch {
    /// Create a branch
    Create(create::Create),
    /// Delete a branch and its uncommitted changes
    Delete(delete::Delete),
    /// List the branches of a repository
    List(list::List),
    /// Drop uncommitted changes of a branch
    Reset(reset::Reset),
    /// Undo commits with new commits
    Revert(revert::Revert),
    /// Show where a branch is
    Show(show::Show),
}

impl Branch {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        match self {
            Self::Create(command) => command.run(context).await,
            Self::Delete(command) => command.run(context).await,
            Self::List(command) => command.run(context).await,
            Self::Reset(command) => command.run(context).await,
            Self::Revert(command) => command.run(context).await,
            Self::Show(command) => command.run(context).await,
        }
    }
}
