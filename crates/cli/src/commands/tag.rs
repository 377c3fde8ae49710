//! `lakectl tag`: names for commits.

mod create;
mod delete;
mod list;
mod show;

use clap::Subcommand;

use super::Context;
use crate::error::Result;

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Tag {
    /// Create a tag
    Create(create::Create),
    /// Delete a tag
    Delete(delete::Delete),
    /// List the tags of a repository
    List(list::List),
    /// Show the commit of a tag
    Show(show::Show),
}

impl Tag {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        match self {
            Self::Create(command) => command.run(context).await,
            Self::Delete(command) => command.run(context).await,
            Self::List(command) => command.run(context).await,
            Self::Show(command) => command.run(context).await,
        }
    }
}
