//! `lakectl branch-protect`: branches that refuse direct writes.

mod add;
mod delete;
mod list;

use clap::Subcommand;

use super::Context;
use crate::error::Result;

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum BranchProtect {
    /// Protect branches whose names match a pattern
    Add(add::Add),
    /// Remove a pattern
    Delete(delete::Delete),
    /// List the patterns
    List(list::List),
}

impl BranchProtect {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        match self {
            Self::Add(command) => command.run(context).await,
            Self::Delete(command) => command.run(context).await,
            Self::List(command) => command.run(context).await,
        }
    }
}
