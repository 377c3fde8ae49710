//! Moving the bytes of objects: streamed, resumed, verified, never half reported.
//!
//! Memory is bounded by the number of concurrent transfers times a buffer of 128 KiB. A download
//! becomes visible under its name only when all of it arrived and its size and checksum fit; an
//! upload counts only when the server's answer describes what was sent (docs/design/0007-lakectl.md).

mod checksum;
mod download;
mod download_tree;
mod expected;
mod local_tree;
mod multipart_upload;
mod presigned;
mod ranges;
mod send;
mod target;
mod temporary;
mod upload;
mod upload_tree;
mod workers;

use lakefs_wire::{Metadata, ObjectStats};

pub(crate) use download::{DownloadOptions, Source, copy_to_stdout};
pub(crate) use download_tree::{DownloadTree, download_tree};
pub(crate) use upload::{UploadOptions, upload_file, upload_stdin};
pub(crate) use upload_tree::{UploadTree, upload_tree};
pub(crate) use workers::Workers;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::uri::PathUri;

/// Metadata that keeps a file's modification time, in Unix seconds.
pub(crate) const CLIENT_MTIME: &str = "::lakefs::client-mtime";
/// Metadata that makes an object a symbolic link.
pub(crate) const SYMLINK_TARGET: &str = "::lakefs::symlink-target";

/// What a recursive transfer did.
#[derive(Debug, Default)]
pub(crate) struct TreeOutcome {
    /// How many files were transferred.
    pub(crate) transferred: u64,
    /// How many were not.
    pub(crate) failed: u64,
}

/// How the server lets objects be moved past it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PresignSupport {
    /// Whole objects.
    pub(crate) single: bool,
    /// Objects in parts.
    pub(crate) multipart: bool,
    /// The store is Azure's, which wants to be told the kind of blob.
    pub(crate) azure: bool,
}

impl PresignSupport {
    /// What the server offers; nothing when `wanted` is false.
    pub(crate) async fn of(client: &Client, wanted: bool) -> Result<Self> {
        if !wanted {
            return Ok(Self::default());
        }
        let storage = client.config().await?.storage_config.unwrap_or_default();
        Ok(Self {
            single: storage.pre_sign_support,
            multipart: storage.pre_sign_support
                && storage.pre_sign_multipart_upload.unwrap_or(false),
            azure: storage.blockstore_type == "azure",
        })
    }
}

/// A transfer that broke off.
fn broken(method: http::Method, object: &PathUri, cause: &str) -> Error {
    Error::Transport {
        method,
        url: object.to_string(),
        cause: cause.to_owned(),
        retryable: true,
        attempts: 1,
    }
}

/// The size of an object, when the server knows it.
pub(crate) fn size_of(stats: &ObjectStats) -> Option<u64> {
    stats.size_bytes.and_then(|size| u64::try_from(size).ok())
}

/// The modification time of the file an object was made from, else of the object.
pub(crate) fn mtime_of(stats: &ObjectStats) -> i64 {
    client_mtime(stats.metadata.as_ref()).unwrap_or(stats.mtime)
}

/// The modification time kept in metadata.
pub(crate) fn client_mtime(metadata: Option<&Metadata>) -> Option<i64> {
    metadata?.get(CLIENT_MTIME)?.trim().parse().ok()
}
