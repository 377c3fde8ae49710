//! `lakectl gc`: how long deleted objects are kept.

mod delete_config;
mod get_config;
mod set_config;

use clap::Subcommand;

use super::Context;
use crate::error::Result;

/// The verbs.
#[derive(Debug, Subcommand)]
#[expect(clippy::enum_variant_names, reason = "the verbs are named so")]
pub(crate) enum Gc {
    /// Remove the rules of a repository
    DeleteConfig(delete_config::DeleteConfig),
    /// Show the rules of a repository
    GetConfig(get_config::GetConfig),
    /// Set the rules of a repository
    SetConfig(set_config::SetConfig),
}

impl Gc {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        match self {
            Self::DeleteConfig(command) => command.run(context).await,
            Self::GetConfig(command) => command.run(context).await,
            Self::SetConfig(command) => command.run(context).await,
        }
    }
}
