//! Downloading everything below a prefix.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lakefs_wire::ObjectStats;

use super::target::{Target, create_directory, create_parents, resolve};
use super::{DownloadOptions, SYMLINK_TARGET, Source, TreeOutcome, Workers, client_mtime, size_of};
use crate::client::{Client, ListObjects};
use crate::error::{Error, Result};
use crate::ui::{Bar, Progress, Ui};
use crate::uri::PathUri;

/// What to download and how.
#[derive(Debug)]
pub(crate) struct DownloadTree<'a> {
    /// The prefix.
    pub(crate) from: &'a PathUri,
    /// The directory it becomes.
    pub(crate) to: &'a Path,
    /// How to download each object.
    pub(crate) options: DownloadOptions,
    /// How many at a time.
    pub(crate) parallelism: usize,
    /// Whether objects that are symbolic links become such.
    pub(crate) symlinks: bool,
}

struct Done {
    key: String,
    bar: Bar,
    outcome: Result<ObjectStats>,
}

/// Downloads every object below a prefix and reports each; objects that fail do not stop the others.
/// `on_done` sees each object that arrived.
pub(crate) async fn download_tree(
    client: &Arc<Client>,
    ui: &Ui,
    progress: &Progress,
    tree: &DownloadTree<'_>,
    mut on_done: impl FnMut(&ObjectStats) -> Result<()>,
) -> Result<TreeOutcome> {
    let list = ListObjects {
        prefix: &tree.from.path,
        metadata: true,
        ..ListObjects::default()
    };
    let mut listing = client.list_objects(tree.from, list);
    let mut workers = Workers::new(tree.parallelism);
    let mut outcome = TreeOutcome::default();
    let mut report = |done: Done| {
        match done.outcome {
            Ok(stats) => {
                outcome.transferred += 1;
                progress.done(ui, "download", &done.key, &done.bar)?;
                on_done(&stats)?;
            }
            Err(error) => {
                outcome.failed += 1;
                progress.failed(ui, "download", &done.key, &error.to_string(), &done.bar);
            }
        }
        Ok::<_, Error>(())
    };
    while let Some(page) = listing.page().await? {
        for stats in page {
            let key = stats
                .path
                .strip_prefix(&tree.from.path)
                .unwrap_or(&stats.path)
                .to_owned();
            let bar = progress.bar(&key, size_of(&stats));
            let task = Task {
                client: Arc::clone(client),
                from: tree.from.with_path(&stats.path),
                root: tree.to.to_path_buf(),
                options: tree.options,
                symlinks: tree.symlinks,
                key,
                stats,
                bar,
            };
            if let Some(done) = workers.start(task.run()).await {
                report(done)?;
            }
        }
    }
    while let Some(done) = workers.next().await {
        report(done)?;
    }
    Ok(outcome)
}

struct Task {
    client: Arc<Client>,
    from: PathUri,
    root: PathBuf,
    options: DownloadOptions,
    symlinks: bool,
    key: String,
    stats: ObjectStats,
    bar: Bar,
}

impl Task {
    async fn run(self) -> Done {
        let outcome = self.download().await;
        Done {
            key: self.key,
            bar: self.bar,
            outcome,
        }
    }

    async fn download(&self) -> Result<ObjectStats> {
        let path = match resolve(&self.root, &self.key)? {
            Target::File(path) => path,
            Target::Directory(path) if size_of(&self.stats).unwrap_or(0) == 0 => {
                create_directory(&self.root, &path)?;
                return Ok(self.stats.clone());
            }
            Target::Directory(_) => {
                return Err(Error::failed(
                    "the key ends with a slash but the object is not empty",
                ));
            }
        };
        create_parents(&self.root, &path)?;
        let metadata = self.stats.metadata.as_ref();
        let link = metadata.and_then(|metadata| metadata.get(SYMLINK_TARGET));
        if let Some(link) = link.filter(|_| self.symlinks) {
            symlink(link, &path)?;
            return Ok(self.stats.clone());
        }
        let source = Source {
            client: &self.client,
            from: &self.from,
            options: self.options,
            bar: &self.bar,
        };
        source
            .download(Some(&self.stats), &path, client_mtime(metadata))
            .await
    }
}

#[cfg(unix)]
fn symlink(target: &str, path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::file("replace", path, &error));
        }
        _ => {}
    }
    std::os::unix::fs::symlink(target, path).map_err(|error| Error::file("link", path, &error))
}

#[cfg(not(unix))]
fn symlink(_target: &str, path: &Path) -> Result<()> {
    Err(Error::failed(format!(
        "{}: symbolic links are not supported on this system",
        path.display()
    )))
}
