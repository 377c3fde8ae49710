//! `lakectl fs rm`.
//!
//! A recursive removal lists and removes in batches, then lists again: what is still there although
//! nothing said so is removed in another round, and if it stays the command fails and says how much.

use std::sync::Arc;

use clap::Args;

use crate::client::{Client, ListObjects};
use crate::commands::Context;
use crate::error::{Error, Result};
use crate::transfer::Workers;
use crate::uri::PathUri;

/// Most paths the server takes at once.
const BATCH: usize = 1000;
/// How often what should be gone is removed again.
const ROUNDS: u32 = 3;

/// Remove objects
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl fs rm lakefs://example/dev/tables/data.csv\n  lakectl fs rm --recursive lakefs://example/dev/tables/"
)]
pub(crate) struct Rm {
    /// Address of an object, or with --recursive of a prefix
    #[arg(value_name = "PATH_URI")]
    path: String,
    /// Remove every object below the prefix
    #[arg(short, long)]
    recursive: bool,
    /// How many batches to remove at a time
    #[arg(short = 'C', long, value_name = "N", default_value_t = 50)]
    concurrency: usize,
}

/// Paths of a batch that were not removed, each with the reason.
type Failures = Vec<(String, String)>;

impl Rm {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        if !self.recursive {
            let uri = context.uris.object("path URI", &self.path)?;
            return context.client.delete_object(&uri).await;
        }
        let uri = context.uris.path("path URI", &self.path)?;
        for _ in 0..ROUNDS {
            let (found, failures) = self.round(context, &uri).await?;
            for (path, why) in &failures {
                context.ui.note(&format!("rm {path}: {why}"));
            }
            if !failures.is_empty() {
                return Err(Error::failed(format!(
                    "{} of {found} objects were not removed",
                    failures.len()
                )));
            }
            if found == 0 {
                return Ok(());
            }
        }
        let left = self.count(context, &uri).await?;
        if left == 0 {
            return Ok(());
        }
        Err(Error::failed(format!(
            "{left} objects are still there after {ROUNDS} rounds: others may be writing below {uri}"
        )))
    }

    /// Removes everything that is listed; answers how much that was and what failed.
    async fn round(&self, context: &Context, uri: &PathUri) -> Result<(usize, Failures)> {
        let mut listing = context.client.list_objects(uri, below(uri));
        let mut workers = Workers::new(self.concurrency);
        let mut found = 0;
        let mut failures = Failures::new();
        while let Some(page) = listing.page().await? {
            found += page.len();
            let mut paths = page.into_iter().map(|entry| entry.path).peekable();
            while paths.peek().is_some() {
                let batch: Vec<String> = paths.by_ref().take(BATCH).collect();
                let task = remove(Arc::clone(&context.client), uri.clone(), batch);
                failures.extend(workers.start(task).await.into_iter().flatten());
            }
        }
        while let Some(failed) = workers.next().await {
            failures.extend(failed);
        }
        Ok((found, failures))
    }

    async fn count(&self, context: &Context, uri: &PathUri) -> Result<usize> {
        let mut listing = context.client.list_objects(uri, below(uri));
        let mut left = 0;
        while let Some(page) = listing.page().await? {
            left += page.len();
        }
        Ok(left)
    }
}

fn below(uri: &PathUri) -> ListObjects<'_> {
    ListObjects {
        prefix: &uri.path,
        ..ListObjects::default()
    }
}

async fn remove(client: Arc<Client>, uri: PathUri, batch: Vec<String>) -> Failures {
    match client.delete_objects(&uri, batch.clone()).await {
        Ok(answer) => answer
            .errors
            .into_iter()
            .map(|error| {
                let why = format!("[{}] {}", error.status_code, error.message);
                (error.path.unwrap_or_default(), why)
            })
            .collect(),
        Err(error) => {
            let why = match error.status() {
                Some(status) => format!("[{}] {error}", status.as_u16()),
                None => error.to_string(),
            };
            batch.into_iter().map(|path| (path, why.clone())).collect()
        }
    }
}
