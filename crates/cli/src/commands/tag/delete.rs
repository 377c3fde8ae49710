//! `lakectl tag delete`.

use clap::Args;

use crate::commands::Context;
use crate::error::Result;

/// Delete a tag
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl tag delete lakefs://example/v1.0\n  lakectl tag delete lakefs://example/v1.0 --yes"
)]
pub(crate) struct Delete {
    /// Address of the tag
    #[arg(value_name = "TAG_URI")]
    tag: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Delete {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let tag = context.uris.reference("tag URI", &self.tag)?;
        let question = "Are you sure you want to delete the tag?";
        context
            .ui
            .confirm(self.yes, question, "Delete tag aborted")?;
        context.client.delete_tag(&tag).await
    }
}
