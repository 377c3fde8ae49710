//! `lakectl fs cat`.

use clap::{ArgAction, Args};

use crate::commands::Context;
use crate::error::Result;
use crate::transfer::{PresignSupport, copy_to_stdout};

/// Write an object to standard output
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl fs cat lakefs://example/main/tables/data.csv\n  lakectl fs cat lakefs://example/v1/model.bin > model.bin"
)]
pub(crate) struct Cat {
    /// Address of the object
    #[arg(value_name = "PATH_URI")]
    path: String,
    /// Read from the store directly where the server offers that
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true"
    )]
    pre_sign: bool,
}

impl Cat {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let uri = context.uris.object("path URI", &self.path)?;
        let support = PresignSupport::of(&context.client, self.pre_sign).await?;
        copy_to_stdout(&context.client, &uri, support.single, &context.ui).await
    }
}
