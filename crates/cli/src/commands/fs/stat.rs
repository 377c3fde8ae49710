//! `lakectl fs stat`.

use clap::Args;

use super::object_text;
use crate::commands::Context;
use crate::error::Result;
use crate::transfer::PresignSupport;

/// Show the properties of an object
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakectl fs stat lakefs://example/main/tables/data.csv")]
pub(crate) struct Stat {
    /// Address of the object
    #[arg(value_name = "PATH_URI")]
    path: String,
    /// Show a URL that reads the object, where the server offers that
    #[arg(long)]
    pre_sign: bool,
}

impl Stat {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let uri = context.uris.object("path URI", &self.path)?;
        let support = PresignSupport::of(&context.client, self.pre_sign).await?;
        let stats = context.client.stat(&uri, support.single).await?;
        object_text::write(&context.ui, &stats)
    }
}
