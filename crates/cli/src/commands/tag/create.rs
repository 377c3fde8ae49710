//! `lakectl tag create`.

use clap::Args;
use http::StatusCode;
use lakefs_wire::TagCreation;

use crate::commands::Context;
use crate::error::{Error, Result};

/// Create a tag
///
/// With --force a tag of that name is deleted first; for a moment there is none.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl tag create lakefs://example/v1.0 lakefs://example/main\n  lakectl tag create lakefs://example/latest lakefs://example/main --force"
)]
pub(crate) struct Create {
    /// Address of the new tag
    #[arg(value_name = "TAG_URI")]
    tag: String,
    /// Address of the branch, tag or commit it names
    #[arg(value_name = "COMMIT_URI")]
    commit: String,
    /// Replace a tag of that name
    #[arg(short, long)]
    force: bool,
}

impl Create {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let Context {
            ui, uris, client, ..
        } = context;
        let tag = uris.reference("tag URI", &self.tag)?;
        let commit = uris.reference("commit URI", &self.commit)?;
        if tag.repository != commit.repository {
            return Err(Error::failed(
                "both addresses must be in the same repository",
            ));
        }
        if self.force {
            // What the tag is to name must exist before the old one goes.
            client.commit_by_ref(&commit).await?;
            match client.delete_tag(&tag).await {
                Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {}
                outcome => outcome?,
            }
        }
        let creation = TagCreation {
            id: tag.reference.clone(),
            reference: commit.reference,
            force: false,
        };
        let made = client.create_tag(&tag.repository, &creation).await?;
        ui.result(&made, |ui| {
            ui.line(&format!(
                "Created tag '{}' ({{{} {}}})",
                made.id, made.commit_id, made.id
            ))
        })
    }
}
