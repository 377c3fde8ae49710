//! `lakectl merge`: merge a ref into a branch.

use clap::Args;
use http::StatusCode;
use lakefs_wire::Merge as MergeRequest;

use super::{Context, meta_flag};
use crate::error::{Error, Result};

/// Merge a ref into a branch
///
/// The destination must have no uncommitted changes. When both sides changed the same object
/// differently nothing is merged, unless --strategy says which side wins.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl merge lakefs://example/dev lakefs://example/main\n  lakectl merge lakefs://example/dev lakefs://example/main --strategy source-wins -m \"Take it all\"\n  lakectl merge lakefs://example/dev lakefs://example/main --squash"
)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
pub(crate) struct Merge {
    /// Address of the ref to merge
    #[arg(value_name = "SOURCE_REF_URI")]
    source: String,
    /// Address of the branch to merge into
    #[arg(value_name = "DESTINATION_BRANCH_URI")]
    destination: String,
    /// Message of the merge commit
    #[arg(short, long, value_name = "TEXT", default_value = "")]
    message: String,
    /// Metadata of the merge commit, as key=value pairs
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',')]
    meta: Vec<String>,
    /// Who wins conflicts: dest-wins or source-wins
    #[arg(long, value_name = "STRATEGY", default_value = "")]
    strategy: String,
    /// Record the destination as the only parent
    #[arg(long)]
    squash: bool,
    /// Merge even into a read-only repository
    #[arg(long)]
    force: bool,
    /// Merge even when there is nothing to merge
    #[arg(long)]
    allow_empty: bool,
    /// Let the server write the message
    #[arg(
        long,
        value_name = "BOOL",
        action = clap::ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true"
    )]
    allow_empty_message: bool,
}

impl Merge {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let Context {
            ui, uris, client, ..
        } = context;
        let metadata = meta_flag::parse(&self.meta)?;
        if self.message.trim().is_empty() && !self.allow_empty_message {
            return Err(Error::failed(
                "merge with no message without specifying the \"--allow-empty-message\" flag",
            ));
        }
        let source = uris.reference("source ref URI", &self.source)?;
        let destination = uris.branch("destination branch URI", &self.destination)?;
        ui.echo("Source", &source)?;
        ui.echo("Destination", &destination)?;
        if source.repository != destination.repository {
            return Err(Error::failed(
                "both references must belong to the same repository",
            ));
        }
        if !matches!(self.strategy.as_str(), "" | "dest-wins" | "source-wins") {
            return Err(Error::failed(
                "Invalid strategy value. Expected \"dest-wins\" or \"source-wins\"",
            ));
        }
        let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let request = MergeRequest {
            message: filled(&self.message),
            metadata,
            strategy: filled(&self.strategy),
            force: self.force,
            allow_empty: self.allow_empty,
            squash_merge: self.squash,
        };
        let merged = match client.merge(&source, &destination, &request).await {
            Err(error) if error.status() == Some(StatusCode::CONFLICT) => {
                return Err(Error::failed("Conflict found."));
            }
            outcome => outcome?,
        };
        ui.result(&merged, |ui| {
            ui.line(&format!(
                "Merged \"{}\" into \"{}\" to get \"{}\".",
                source.reference, destination.reference, merged.reference
            ))
        })
    }
}
