//! `lakectl branch create`.

use clap::Args;
use lakefs_wire::{BranchCreation, Ref};

use crate::commands::Context;
use crate::error::{Error, Result};

/// Create a branch
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl branch create lakefs://example/dev --source lakefs://example/main\n  lakectl branch create lakefs://example/old --source lakefs://example/a1b2c3d4"
)]
pub(crate) struct Create {
    /// Address of the new branch
    #[arg(value_name = "BRANCH_URI")]
    branch: String,
    /// Address of the branch, tag or commit it starts at
    #[arg(short, long, value_name = "REF_URI")]
    source: String,
}

impl Create {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let Context {
            ui, uris, client, ..
        } = context;
        let branch = uris.branch("branch URI", &self.branch)?;
        let source = uris.reference("source URI", &self.source)?;
        ui.echo("Source ref", &source)?;
        if source.repository != branch.repository {
            return Err(Error::failed(
                "source branch must be in the same repository",
            ));
        }
        let creation = BranchCreation {
            name: branch.reference.clone(),
            source: source.reference,
            ..BranchCreation::default()
        };
        let commit_id = client.create_branch(&branch.repository, &creation).await?;
        let made = Ref {
            id: branch.reference,
            commit_id,
        };
        ui.result(&made, |ui| {
            ui.line(&format!("created branch '{}' {}", made.id, made.commit_id))
        })
    }
}
