//! `lakectl branch-protect list`.

use clap::Args;

use crate::commands::Context;
use crate::error::Result;
use crate::ui::Table;

/// List the patterns
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakectl branch-protect list lakefs://example")]
pub(crate) struct List {
    /// Address of the repository
    #[arg(value_name = "REPOSITORY_URI")]
    repository: String,
}

impl List {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let repository = context
            .uris
            .repository("repository URI", &self.repository)?;
        let (rules, _mark) = context.client.protection_rules(&repository).await?;
        context.ui.result(&rules, |ui| {
            let mut table = Table::new(&["Branch Name Pattern"]);
            for rule in &rules {
                table.row(vec![rule.pattern.clone()]);
            }
            table.write(ui)
        })
    }
}
