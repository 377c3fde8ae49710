//! `lakectl branch list`.

use clap::Args;

use crate::commands::Context;
use crate::commands::list_flags::{self, ListFlags};
use crate::error::Result;
use crate::ui::Table;

/// List the branches of a repository
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl branch list lakefs://example\n  lakectl branch list lakefs://example --prefix ingest --amount 1000"
)]
pub(crate) struct List {
    /// Address of the repository
    #[arg(value_name = "REPOSITORY_URI")]
    repository: String,
    #[command(flatten)]
    list: ListFlags,
}

impl List {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let repository = context
            .uris
            .repository("repository URI", &self.repository)?;
        let amount = self.list.amount();
        let ListFlags { prefix, after, .. } = &self.list;
        let listing = context
            .client
            .list_branches(&repository, prefix, after, Some(amount));
        let table = Table::new(&["Branch", "Commit ID"]);
        let row = |branch: &lakefs_wire::Ref| vec![branch.id.clone(), branch.commit_id.clone()];
        list_flags::show(context, listing, amount, table, row).await
    }
}
