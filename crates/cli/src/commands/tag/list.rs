//! `lakectl tag list`.

use clap::Args;

use crate::commands::Context;
use crate::commands::list_flags::{self, ListFlags};
use crate::error::Result;
use crate::ui::Table;

/// List the tags of a repository
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakectl tag list lakefs://example")]
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
            .list_tags(&repository, prefix, after, Some(amount));
        let table = Table::new(&["Tag", "Commit ID"]);
        let row = |tag: &lakefs_wire::Ref| vec![tag.id.clone(), tag.commit_id.clone()];
        list_flags::show(context, listing, amount, table, row).await
    }
}
