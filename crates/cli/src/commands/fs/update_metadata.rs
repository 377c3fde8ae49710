//! `lakectl fs update-metadata`.

use clap::Args;
use lakefs_wire::UpdateObjectUserMetadata;

use crate::commands::{Context, meta_flag};
use crate::error::Result;

/// Replace the metadata of an object
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl fs update-metadata lakefs://example/dev/data.csv --metadata owner=crm,quality=gold"
)]
pub(crate) struct UpdateMetadata {
    /// Address of the object
    #[arg(value_name = "PATH_URI")]
    path: String,
    /// The whole new metadata, as key=value pairs
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', required = true)]
    metadata: Vec<String>,
}

impl UpdateMetadata {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let uri = context.uris.object("path URI", &self.path)?;
        let update = UpdateObjectUserMetadata {
            set: meta_flag::parse(&self.metadata)?,
        };
        context.client.update_metadata(&uri, &update).await
    }
}
