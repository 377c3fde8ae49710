//! `lakectl fs stage`.

use clap::Args;
use lakefs_wire::ObjectStageCreation;

use super::object_text;
use crate::commands::{Context, meta_flag};
use crate::error::Result;

/// Make bytes that are already in the store an object
///
/// Nothing is copied and nothing is checked: the object is what the flags say.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl fs stage lakefs://example/dev/data.csv --location s3://bucket/data.csv --size 42 --checksum d41d8cd98f00b204e9800998ecf8427e"
)]
pub(crate) struct Stage {
    /// Address of the object
    #[arg(value_name = "PATH_URI")]
    path: String,
    /// Where the bytes are, such as `s3://bucket/key`
    #[arg(long, value_name = "URL")]
    location: String,
    /// Size in bytes
    #[arg(long, value_name = "BYTES")]
    size: i64,
    /// Checksum
    #[arg(long, value_name = "TEXT")]
    checksum: String,
    /// Modification time in Unix seconds (default: now)
    #[arg(long, value_name = "SECONDS")]
    mtime: Option<i64>,
    /// Content type
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Metadata, as key=value pairs
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',')]
    meta: Vec<String>,
}

impl Stage {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let uri = context.uris.object("path URI", &self.path)?;
        let metadata = meta_flag::parse(&self.meta)?;
        let creation = ObjectStageCreation {
            physical_address: self.location.clone(),
            size_bytes: self.size,
            checksum: self.checksum.clone(),
            mtime: self.mtime,
            content_type: self.content_type.clone(),
            metadata: (!metadata.is_empty()).then_some(metadata),
            force: false,
        };
        let stats = context.client.stage_object(&uri, &creation).await?;
        object_text::write(&context.ui, &stats)
    }
}
