//! `lakectl repo create`.

use clap::Args;
use lakefs_wire::{Repository, RepositoryCreation};

use crate::commands::Context;
use crate::error::Result;
use crate::ui::Ui;

/// Create a repository
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl repo create lakefs://example s3://bucket/example\n  lakectl repo create lakefs://example local://example --default-branch trunk --sample-data"
)]
pub(crate) struct Create {
    /// Address of the new repository
    #[arg(value_name = "REPOSITORY_URI")]
    repository: String,
    /// Where its objects will live, such as `s3://bucket/prefix`; nothing else may be there
    #[arg(value_name = "STORAGE_NAMESPACE")]
    storage_namespace: String,
    /// Name of its first branch
    #[arg(short, long, value_name = "BRANCH", default_value = "main")]
    default_branch: String,
    /// Put sample objects into it
    #[arg(long)]
    sample_data: bool,
}

impl Create {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let repository = context
            .uris
            .repository("repository URI", &self.repository)?;
        let Self {
            storage_namespace,
            default_branch,
            sample_data,
            ..
        } = self;
        let creation = RepositoryCreation {
            name: repository,
            storage_namespace: storage_namespace.clone(),
            default_branch: Some(default_branch.clone()),
            sample_data: *sample_data,
            ..RepositoryCreation::default()
        };
        create(context, &creation, false).await
    }
}

/// Creates a repository and says so.
pub(super) async fn create(
    context: &Context,
    creation: &RepositoryCreation,
    bare: bool,
) -> Result<()> {
    context
        .ui
        .echo("Repository", format!("lakefs://{}", creation.name))?;
    let made = context.client.create_repository(creation, bare).await?;
    context.ui.result(&made, |ui| write(ui, &made))
}

fn write(ui: &Ui, made: &Repository) -> Result<()> {
    ui.text(&format!(
        "Repository '{}' created:\nstorage namespace: {}\ndefault branch: {}\ntimestamp: {}\n",
        made.id, made.storage_namespace, made.default_branch, made.creation_date
    ))
}
