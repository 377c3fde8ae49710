//! Uploading a directory: what is new or differs, never removing anything.
//!
//! The local walk and the remote listing are both in key order and are merged as they come. A file
//! differs when its size or its modification time in seconds does; the remote time is the one kept
//! in metadata where there is one.

use std::path::Path;
use std::sync::Arc;

use lakefs_wire::{Metadata, ObjectStats};

use super::local_tree::{LocalFile, LocalTree, WalkOptions};
use super::{
    CLIENT_MTIME, SYMLINK_TARGET, TreeOutcome, UploadOptions, Workers, mtime_of, size_of,
    upload_file,
};
use crate::client::{Client, ListObjects, Listing};
use crate::error::{Error, Result};
use crate::ui::{Bar, Progress, Ui};
use crate::uri::PathUri;

/// What to upload and how.
#[derive(Debug)]
pub(crate) struct UploadTree<'a> {
    /// The directory.
    pub(crate) from: &'a Path,
    /// The prefix it becomes.
    pub(crate) to: &'a PathUri,
    /// How to upload each file.
    pub(crate) options: UploadOptions,
    /// How many at a time.
    pub(crate) parallelism: usize,
    /// What to do with what is no regular file.
    pub(crate) skip_non_regular_files: bool,
    /// Whether symbolic links are carried.
    pub(crate) symlinks: bool,
}

struct Done {
    key: String,
    bar: Bar,
    outcome: Result<ObjectStats>,
}

/// Uploads what is new or changed and reports each file; files that fail do not stop the others.
pub(crate) async fn upload_tree(
    client: &Arc<Client>,
    ui: &Ui,
    progress: &Progress,
    tree: &UploadTree<'_>,
    mut on_done: impl FnMut(&ObjectStats) -> Result<()>,
) -> Result<TreeOutcome> {
    let mut remote = Remote::new(client, tree.to);
    let mut workers = Workers::new(tree.parallelism);
    let mut outcome = TreeOutcome::default();
    let mut report = |done: Done| {
        match done.outcome {
            Ok(stats) => {
                outcome.transferred += 1;
                progress.done(ui, "upload", &done.key, &done.bar)?;
                on_done(&stats)?;
            }
            Err(error) => {
                outcome.failed += 1;
                progress.failed(ui, "upload", &done.key, &error.to_string(), &done.bar);
            }
        }
        Ok::<_, Error>(())
    };
    let walk = WalkOptions {
        skip_non_regular_files: tree.skip_non_regular_files,
        symlinks: tree.symlinks,
    };
    for file in LocalTree::open(tree.from, walk)? {
        let file = match file {
            Ok(file) => file,
            Err(error) => {
                let bar = Bar::hidden();
                let key = String::from(".");
                let outcome = Err(error);
                report(Done { key, bar, outcome })?;
                continue;
            }
        };
        let to = tree.to.with_path(format!("{}{}", tree.to.path, file.key));
        if remote.holds(&to.path, &file).await? {
            continue;
        }
        let options = options_for(&tree.options, &file);
        let bar = progress.bar(&file.key, Some(file.size));
        let task = upload_one(Arc::clone(client), file, to, options, bar);
        if let Some(done) = workers.start(task).await {
            report(done)?;
        }
    }
    while let Some(done) = workers.next().await {
        report(done)?;
    }
    Ok(outcome)
}

async fn upload_one(
    client: Arc<Client>,
    file: LocalFile,
    to: PathUri,
    options: UploadOptions,
    bar: Bar,
) -> Done {
    let outcome = if file.link.is_some() {
        // The object of a link is empty; its target is in the metadata.
        upload_empty(&client, &to, &options).await
    } else {
        upload_file(&client, &file.path, &to, &options, &bar).await
    };
    Done {
        key: file.key,
        bar,
        outcome,
    }
}

async fn upload_empty(
    client: &Client,
    to: &PathUri,
    options: &UploadOptions,
) -> Result<ObjectStats> {
    let nothing = if cfg!(windows) { "NUL" } else { "/dev/null" };
    upload_file(client, Path::new(nothing), to, options, &Bar::hidden()).await
}

fn options_for(options: &UploadOptions, file: &LocalFile) -> UploadOptions {
    let mut metadata: Metadata = options.metadata.clone();
    metadata.insert(CLIENT_MTIME.to_owned(), file.mtime.to_string());
    if let Some(link) = &file.link {
        metadata.insert(SYMLINK_TARGET.to_owned(), link.clone());
    }
    UploadOptions {
        metadata,
        ..options.clone()
    }
}

/// The remote listing, read as far as the walk has come.
struct Remote<'a> {
    listing: Listing<'a, ObjectStats>,
    page: std::vec::IntoIter<ObjectStats>,
    next: Option<ObjectStats>,
    ended: bool,
}

impl<'a> Remote<'a> {
    fn new(client: &'a Client, to: &PathUri) -> Self {
        let list = ListObjects {
            prefix: &to.path,
            metadata: true,
            ..ListObjects::default()
        };
        Self {
            listing: client.list_objects(to, list),
            page: Vec::new().into_iter(),
            next: None,
            ended: false,
        }
    }

    /// Whether the object under a key is already what the file is. Keys must come in order.
    async fn holds(&mut self, key: &str, file: &LocalFile) -> Result<bool> {
        while !self.ended {
            match &self.next {
                Some(object) if object.path.as_str() > key => return Ok(false),
                Some(object) if object.path == key => return Ok(is_unchanged(file, object)),
                _ => self.next = self.page.next(),
            }
            if self.next.is_none() {
                match self.listing.page().await? {
                    Some(page) => self.page = page.into_iter(),
                    None => self.ended = true,
                }
            }
        }
        Ok(false)
    }
}

/// Whether a file and an object are taken for the same.
fn is_unchanged(file: &LocalFile, object: &ObjectStats) -> bool {
    let link = object
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.get(SYMLINK_TARGET));
    size_of(object) == Some(file.size)
        && mtime_of(object) == file.mtime
        && link.map(String::as_str) == file.link.as_deref()
}
