//! `lakectl repo`: repositories.

mod create;
mod create_bare;
mod delete;
mod list;

use clap::Subcommand;

use super::Context;
use crate::error::Result;

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Repo {
    /// Create a repository
    Create(create::Create),
    /// Create a repository without branch and commit
    #[command(hide = true)]
    CreateBare(create_bare::CreateBare),
    /// Delete a repository; its data in the store stays
    Delete(delete::Delete),
    /// List the repositories
    List(list::List),
}

impl Repo {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        match self {
            Self::Create(command) => command.run(context).await,
            Self::CreateBare(command) => command.run(context).await,
            Self::Delete(command) => command.run(context).await,
            Self::List(command) => command.run(context).await,
        }
    }
}
