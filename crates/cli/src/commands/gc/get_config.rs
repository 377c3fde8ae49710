//! `lakectl gc get-config`.

use std::fmt::Write as _;

use clap::Args;

use crate::commands::Context;
use crate::error::Result;

/// Show the rules of a repository
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl gc get-config lakefs://example\n  lakectl gc get-config lakefs://example --json"
)]
pub(crate) struct GetConfig {
    /// Address of the repository
    #[arg(value_name = "REPOSITORY_URI")]
    repository: String,
    /// Print the rules as JSON
    #[arg(short = 'p', long)]
    json: bool,
}

impl GetConfig {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let repository = context
            .uris
            .repository("repository URI", &self.repository)?;
        let rules = context.client.gc_rules(&repository).await?;
        if self.json {
            return context.ui.json(&rules);
        }
        context.ui.result(&rules, |ui| {
            let mut text = format!("Default Retention Days: {}\n", rules.default_retention_days);
            text.push_str("Branch Rules:\n");
            for rule in &rules.branches {
                _ = writeln!(text, "{}: {}", rule.branch_id, rule.retention_days);
            }
            ui.text(&text)
        })
    }
}
