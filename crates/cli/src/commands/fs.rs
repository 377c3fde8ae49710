//! `lakectl fs`: objects.

mod cat;
mod download;
mod ls;
mod object_text;
mod presign;
mod rm;
mod stage;
mod stat;
mod update_metadata;
mod upload;

use clap::Subcommand;

use super::Context;
use crate::error::{Error, Result};
use crate::transfer::TreeOutcome;
use crate::uri::PathUri;

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Fs {
    /// Write an object to standard output
    Cat(cat::Cat),
    /// Download objects to files
    Download(download::Download),
    /// List objects
    Ls(ls::Ls),
    /// Print a URL that reads an object for a while
    Presign(presign::Presign),
    /// Remove objects
    Rm(rm::Rm),
    /// Make bytes that are already in the store an object
    #[command(hide = true)]
    Stage(stage::Stage),
    /// Show the properties of an object
    Stat(stat::Stat),
    /// Replace the metadata of an object
    #[command(hide = true)]
    UpdateMetadata(update_metadata::UpdateMetadata),
    /// Upload files
    Upload(upload::Upload),
}

impl Fs {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        match self {
            Self::Cat(command) => command.run(context).await,
            Self::Download(command) => command.run(context).await,
            Self::Ls(command) => command.run(context).await,
            Self::Presign(command) => command.run(context).await,
            Self::Rm(command) => command.run(context).await,
            Self::Stage(command) => command.run(context).await,
            Self::Stat(command) => command.run(context).await,
            Self::UpdateMetadata(command) => command.run(context).await,
            Self::Upload(command) => command.run(context).await,
        }
    }
}

/// What is said after a recursive transfer.
fn summary(title: &str, downloaded: u64, uploaded: u64) -> String {
    format!("\n{title} Summary:\n\nDownloaded: {downloaded}\nUploaded: {uploaded}\nRemoved: 0\n\n")
}

/// A recursive transfer succeeded when every file did. What failed was reported as it happened.
fn complete(outcome: &TreeOutcome, what: &str) -> Result<()> {
    if outcome.failed == 0 {
        return Ok(());
    }
    let all = outcome.transferred + outcome.failed;
    Err(Error::failed(format!(
        "{} of {all} files were not {what}",
        outcome.failed
    )))
}

/// The address of a directory: its path ends with a slash.
fn as_prefix(mut uri: PathUri) -> PathUri {
    if !uri.path.is_empty() && !uri.path.ends_with('/') {
        uri.path.push('/');
    }
    uri
}

/// The experimental POSIX mode is not here: owners and permissions do not travel.
fn warn_of_posix_mode(context: &Context) {
    if context.settings.posix_permissions {
        context.ui.warn(
            "experimental.local.posix_permissions is not supported: owners and permissions are not kept",
        );
    }
}
