//! `lakectl tag show`.

use clap::Args;

use crate::commands::Context;
use crate::error::Result;

/// Show the commit of a tag
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakectl tag show lakefs://example/v1.0")]
pub(crate) struct Show {
    /// Address of the tag
    #[arg(value_name = "TAG_URI")]
    tag: String,
}

impl Show {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let uri = context.uris.reference("tag URI", &self.tag)?;
        let tag = context.client.tag(&uri).await?;
        context
            .ui
            .result(&tag, |ui| ui.line(&format!("{} {}", tag.id, tag.commit_id)))
    }
}
