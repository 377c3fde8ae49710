//! `lakectl find-merge-base`: the commit a merge would start from.

use clap::Args;

use super::Context;
use crate::error::{Error, Result};

/// Find the commit that a merge would start from
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl find-merge-base lakefs://example/dev lakefs://example/main"
)]
pub(crate) struct FindMergeBase {
    /// Address of the ref that would be merged
    #[arg(value_name = "SOURCE_REF_URI")]
    source: String,
    /// Address of the ref it would be merged into
    #[arg(value_name = "DESTINATION_REF_URI")]
    destination: String,
}

impl FindMergeBase {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let Context {
            ui, uris, client, ..
        } = context;
        let source = uris.reference("source ref URI", &self.source)?;
        let destination = uris.reference("destination ref URI", &self.destination)?;
        ui.echo("Source", &source)?;
        ui.echo("Destination", &destination)?;
        if source.repository != destination.repository {
            return Err(Error::failed(
                "both references must belong to the same repository",
            ));
        }
        let found = client.merge_base(&source, &destination).await?;
        ui.result(&found, |ui| {
            ui.line(&format!(
                "Found base \"{}\" when merging \"{}\" into \"{}\".",
                found.base_commit_id, found.source_commit_id, found.destination_commit_id
            ))
        })
    }
}
