//! `lakectl repo list`.

use clap::Args;
use lakefs_wire::Repository;

use crate::commands::Context;
use crate::commands::list_flags::{self, ListFlags};
use crate::error::Result;
use crate::ui::{Table, date};

/// List the repositories
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl repo list\n  lakectl repo list --prefix team- --amount 1000"
)]
pub(crate) struct List {
    #[command(flatten)]
    list: ListFlags,
}

impl List {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let amount = self.list.amount();
        let ListFlags { prefix, after, .. } = &self.list;
        let listing = context
            .client
            .list_repositories(prefix, after, Some(amount));
        let table = Table::new(&[
            "Repository",
            "Creation Date",
            "Default Ref Name",
            "Storage ID",
            "Storage Namespace",
        ]);
        let interactive = context.ui.is_interactive();
        let row = |repository: &Repository| {
            // Scripts know the fourth column of rows as the repository's name, which is what the
            // original puts there by mistake; people get what the header says.
            let storage_id = if interactive {
                &repository.storage_id
            } else {
                &repository.id
            };
            vec![
                repository.id.clone(),
                date(repository.creation_date),
                repository.default_branch.clone(),
                storage_id.clone(),
                repository.storage_namespace.clone(),
            ]
        };
        list_flags::show(context, listing, amount, table, row).await
    }
}
