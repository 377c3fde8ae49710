//! `lakectl fs download`.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use clap::{ArgAction, Args};

use super::summary;
use crate::commands::Context;
use crate::error::{Error, Result, status_line};
use crate::transfer::{DownloadOptions, DownloadTree, PresignSupport, Source, download_tree};
use crate::ui::{JsonArray, Progress};
use crate::uri::PathUri;

const MIN_PART_BYTES: u64 = 64 << 10;
const DEFAULT_PART_BYTES: u64 = 8 << 20;

/// Download objects to files
///
/// A file appears under its name when all of it has arrived and its size and checksum are right. A
/// directory is downloaded object by object; if any fails, the others arrive and the exit code is 1.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lakectl fs download lakefs://example/main/tables/data.csv\n  lakectl fs download lakefs://example/main/tables/data.csv /tmp/\n  lakectl fs download --recursive lakefs://example/main/tables/ tables"
)]
pub(crate) struct Download {
    /// Address of an object, or with --recursive of a prefix
    #[arg(value_name = "PATH_URI")]
    path: String,
    /// File or directory to write
    #[arg(value_name = "DESTINATION")]
    destination: Option<PathBuf>,
    /// Download every object below the prefix
    #[arg(short, long)]
    recursive: bool,
    /// How many objects to download at a time (default: options.parallelism, else 25)
    #[arg(short, long, value_name = "N")]
    parallelism: Option<usize>,
    /// Size of the parts that large objects are read in, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_PART_BYTES)]
    part_size: u64,
    /// Read from the store directly where the server offers that
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

impl Download {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let uri = if self.recursive {
            context.uris.path("path URI", &self.path)?
        } else {
            context.uris.object("path URI", &self.path)?
        };
        if self.part_size < MIN_PART_BYTES {
            return Err(Error::failed(format!(
                "part size must be at least {MIN_PART_BYTES} bytes"
            )));
        }
        let support = PresignSupport::of(&context.client, self.pre_sign).await?;
        let options = DownloadOptions {
            presign: support.single,
            part_size: self.part_size,
        };
        if self.recursive {
            self.all(context, uri, options).await
        } else {
            self.one(context, &uri, options).await
        }
    }

    async fn one(&self, context: &Context, uri: &PathUri, options: DownloadOptions) -> Result<()> {
        let ui = &context.ui;
        let destination = file_destination(self.destination.as_deref(), &uri.path)?;
        let progress = Progress::new(ui, self.no_progress);
        let bar = progress.bar(&uri.path, None);
        let source = Source {
            client: &context.client,
            from: uri,
            options,
            bar: &bar,
        };
        let outcome = source.download(None, &destination, None).await;
        let stats = outcome.map_err(|error| {
            let why = match &error {
                Error::Api { status, .. } if status.as_u16() == 404 => {
                    format!("request failed: {}", status_line(*status))
                }
                Error::Api { status, message } => {
                    format!("request failed: {}: {message}", status_line(*status))
                }
                other => other.to_string(),
            };
            Error::failed(format!(
                "download failed: failed to download '{}' object: {why}",
                destination.display()
            ))
        })?;
        ui.result(&stats, |ui| {
            ui.line(&format!("download: {uri} to {}", destination.display()))
        })
    }

    async fn all(&self, context: &Context, uri: PathUri, options: DownloadOptions) -> Result<()> {
        let ui = &context.ui;
        super::warn_of_posix_mode(context);
        let from = super::as_prefix(uri);
        let to = absolute(self.destination.as_deref().unwrap_or(Path::new(".")))?;
        let progress = Progress::new(ui, self.no_progress);
        let tree = DownloadTree {
            from: &from,
            to: &to,
            options,
            parallelism: context.parallelism(self.parallelism),
            symlinks: context.settings.symlink_support,
        };
        let mut array = if ui.is_json() {
            Some(JsonArray::begin(ui)?)
        } else {
            None
        };
        let outcome = download_tree(&context.client, ui, &progress, &tree, |stats| {
            array.as_mut().map_or(Ok(()), |array| array.push(stats))
        })
        .await?;
        if outcome.transferred + outcome.failed == 0 {
            ui.warn(&format!("there is nothing below {from}"));
        }
        match array {
            Some(array) => array.finish()?,
            None => ui.text(&summary("Download", outcome.transferred, 0))?,
        }
        super::complete(&outcome, "downloaded")
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| Error::file("find", path, &error))
}

/// The file one object becomes: an existing directory, or a name that ends like one, gets the last
/// segment of the key.
fn file_destination(named: Option<&Path>, key: &str) -> Result<PathBuf> {
    let named = named.unwrap_or(Path::new("."));
    let text = named.to_string_lossy();
    let is_directory = text.ends_with('/') || text.ends_with(MAIN_SEPARATOR) || named.is_dir();
    let path = absolute(named)?;
    if !is_directory {
        return Ok(path);
    }
    let name = key
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    if matches!(name, "" | "." | "..") || name.contains(['\0', MAIN_SEPARATOR]) {
        return Err(Error::failed(format!(
            "{key:?} is no file name: name the destination file"
        )));
    }
    std::fs::create_dir_all(&path).map_err(|error| Error::file("create", &path, &error))?;
    Ok(path.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_gets_the_name_of_the_object() {
        let dir = tempfile::tempdir().unwrap();
        let place =
            |named: &str| file_destination(Some(&dir.path().join(named)), "a/b.txt").unwrap();
        assert_eq!(place("."), dir.path().join("b.txt"));
        assert_eq!(place("new/"), dir.path().join("new/b.txt"));
        assert_eq!(place("file"), dir.path().join("file"));
        assert!(file_destination(Some(dir.path()), "a/..").is_err());
    }
}
