//! `lakectl branch reset`.

use clap::Args;
use lakefs_wire::{ResetCreation, ResetType};

use crate::commands::Context;
use crate::error::{Error, Result};

/// Drop uncommitted changes of a branch
///
/// All of them, those under a prefix, or those of one object. Commits stay.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl branch reset lakefs://example/dev\n  lakectl branch reset lakefs://example/dev --prefix tables/ --yes\n  lakectl branch reset lakefs://example/dev --object tables/a.parquet"
)]
pub(crate) struct Reset {
    /// Address of the branch
    #[arg(value_name = "BRANCH_URI")]
    branch: String,
    /// Drop only changes of paths that begin with this
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
    /// Drop only the change of this object
    #[arg(long, value_name = "PATH", default_value = "")]
    object: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl Reset {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let branch = context.uris.branch("branch URI", &self.branch)?;
        context.ui.echo("Branch", &branch)?;
        let (reset_type, path, what) = match (self.prefix.as_str(), self.object.as_str()) {
            ("", "") => (ResetType::Reset, None, "all uncommitted changes".to_owned()),
            (prefix, "") => (
                ResetType::CommonPrefix,
                Some(prefix.to_owned()),
                format!("the uncommitted changes under {prefix}"),
            ),
            ("", object) => (
                ResetType::Object,
                Some(object.to_owned()),
                format!("the uncommitted change of {object}"),
            ),
            _ => return Err(Error::failed("use either --prefix or --object, not both")),
        };
        let question = format!("Are you sure you want to drop {what}?");
        context.ui.confirm(self.yes, &question, "Reset aborted")?;
        let reset = ResetCreation {
            force: false,
            path,
            reset_type,
        };
        context.client.reset_branch(&branch, &reset).await
    }
}
