//! `lakectl gc set-config`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use lakefs_wire::GarbageCollectionRules;

use crate::commands::Context;
use crate::error::{Error, Result};

/// Set the rules of a repository
///
/// The file holds JSON:
/// `{"default_retention_days": 21, "branches": [{"branch_id": "main", "retention_days": 28}]}`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl gc set-config lakefs://example --filename rules.json\n  lakectl gc set-config lakefs://example --filename - < rules.json"
)]
pub(crate) struct SetConfig {
    /// Address of the repository
    #[arg(value_name = "REPOSITORY_URI")]
    repository: String,
    /// File with the rules; - is standard input
    #[arg(short, long, value_name = "FILE")]
    filename: PathBuf,
}

impl SetConfig {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let repository = context
            .uris
            .repository("repository URI", &self.repository)?;
        let mut text = Vec::new();
        let read = if self.filename == Path::new("-") {
            std::io::stdin().read_to_end(&mut text)
        } else {
            std::fs::File::open(&self.filename).and_then(|mut file| file.read_to_end(&mut text))
        };
        read.map_err(|error| Error::file("open", &self.filename, &error))?;
        let rules: GarbageCollectionRules = serde_json::from_slice(&text)
            .map_err(|error| Error::failed(format!("{}: {error}", self.filename.display())))?;
        context.client.set_gc_rules(&repository, &rules).await
    }
}
