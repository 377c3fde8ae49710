//! `lakectl repo create-bare`.

use clap::Args;
use lakefs_wire::RepositoryCreation;

use crate::commands::Context;
use crate::error::Result;

/// Create a repository without branch and commit
///
/// Its refs are expected to be restored from a dump.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakectl repo create-bare lakefs://copy s3://bucket/copy")]
pub(crate) struct CreateBare {
    /// Address of the new repository
    #[arg(value_name = "REPOSITORY_URI")]
    repository: String,
    /// Where its objects live
    #[arg(value_name = "STORAGE_NAMESPACE")]
    storage_namespace: String,
    /// Name of its default branch
    #[arg(short, long, value_name = "BRANCH", default_value = "main")]
    default_branch: String,
}

impl CreateBare {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let creation = RepositoryCreation {
            name: context
                .uris
                .repository("repository URI", &self.repository)?,
            storage_namespace: self.storage_namespace.clone(),
            default_branch: Some(self.default_branch.clone()),
            ..RepositoryCreation::default()
        };
        super::create::create(context, &creation, true).await
    }
}
