//! `lakectl fs upload`.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};

use super::{object_text, summary};
use crate::commands::Context;
use crate::error::Result;
use crate::transfer::{
    PresignSupport, UploadOptions, UploadTree, upload_file, upload_stdin, upload_tree,
};
use crate::ui::{JsonArray, Progress};
use crate::uri::PathUri;

/// Upload files
///
/// With --recursive a directory: what is new or differs in size or time is uploaded, nothing is
/// removed. If any file fails, the others arrive and the exit code is 1.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl fs upload --source data.csv lakefs://example/dev/tables/data.csv\n  lakectl fs upload --source tables --recursive lakefs://example/dev/tables/\n  pg_dump shop | lakectl fs upload --source - lakefs://example/dev/shop.sql"
)]
pub(crate) struct Upload {
    /// Address of the object, or with --recursive of a prefix
    #[arg(value_name = "PATH_URI")]
    path: String,
    /// File or directory to upload; - is standard input
    #[arg(short, long, value_name = "FILE")]
    source: PathBuf,
    /// Upload a directory
    #[arg(short, long)]
    recursive: bool,
    /// How many files to upload at a time (default: options.parallelism, else 25)
    #[arg(short, long, value_name = "N")]
    parallelism: Option<usize>,
    /// Content type of the objects
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Write to the store directly where the server offers that
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true"
    )]
    pre_sign: bool,
    /// Show no progress bars
    #[arg(long)]
    no_progress: bool,
}

impl Upload {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let Context {
            ui, uris, client, ..
        } = context;
        let uri = if self.recursive {
            uris.path("path URI", &self.path)?
        } else {
            uris.object("path URI", &self.path)?
        };
        let options = UploadOptions {
            direct: PresignSupport::of(client, self.pre_sign).await?,
            content_type: self.content_type.clone().filter(|text| !text.is_empty()),
            ..UploadOptions::default()
        };
        if self.recursive {
            return self.all(context, uri, options).await;
        }
        let progress = Progress::new(ui, self.no_progress);
        let stats = if self.source == Path::new("-") {
            let bar = progress.bar(&uri.path, None);
            let outcome = upload_stdin(client, &uri, &options, &bar).await;
            bar.clear();
            outcome?
        } else {
            let size = std::fs::metadata(&self.source)
                .map(|metadata| metadata.len())
                .ok();
            let bar = progress.bar(&uri.path, size);
            let outcome = upload_file(client, &self.source, &uri, &options, &bar).await;
            bar.clear();
            outcome?
        };
        object_text::write(ui, &stats)
    }

    async fn all(&self, context: &Context, uri: PathUri, options: UploadOptions) -> Result<()> {
        let ui = &context.ui;
        super::warn_of_posix_mode(context);
        let to = super::as_prefix(uri);
        let slash = if self.source.to_string_lossy().ends_with('/') {
            ""
        } else {
            "/"
        };
        if !ui.is_json() {
            ui.text(&format!(
                "\ndiff 'local://{}{slash}' <--> '{to}'...\n",
                self.source.display()
            ))?;
        }
        let progress = Progress::new(ui, self.no_progress);
        let tree = UploadTree {
            from: &self.source,
            to: &to,
            options,
            parallelism: context.parallelism(self.parallelism),
            skip_non_regular_files: context.settings.skip_non_regular_files,
            symlinks: context.settings.symlink_support,
        };
        let mut array = if ui.is_json() {
            Some(JsonArray::begin(ui)?)
        } else {
            None
        };
        let outcome = upload_tree(&context.client, ui, &progress, &tree, |stats| {
            array.as_mut().map_or(Ok(()), |array| array.push(stats))
        })
        .await?;
        match array {
            Some(array) => array.finish()?,
            None => ui.text(&summary("Upload", 0, outcome.transferred))?,
        }
        super::complete(&outcome, "uploaded")
    }
}
