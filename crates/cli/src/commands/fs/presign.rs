//! `lakectl fs presign`.

use clap::Args;

use crate::commands::Context;
use crate::error::{Error, Result};
use crate::transfer::PresignSupport;

/// Print a URL that reads an object for a while
///
/// Whoever has the URL can read the object, without credentials, until it ends.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl fs presign lakefs://example/main/report.pdf\n  curl \"$(lakectl fs presign lakefs://example/main/report.pdf)\""
)]
pub(crate) struct Presign {
    /// Address of the object
    #[arg(value_name = "PATH_URI")]
    path: String,
}

impl Presign {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let uri = context.uris.object("path URI", &self.path)?;
        if !PresignSupport::of(&context.client, true).await?.single {
            return Err(Error::failed(
                "Pre-signed URL support is currently disabled for this lakeFS server",
            ));
        }
        let stats = context.client.stat(&uri, true).await?;
        context
            .ui
            .result(&stats, |ui| ui.line(&stats.physical_address))
    }
}
