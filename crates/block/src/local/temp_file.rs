//! A file on its way: written in the working directory, synced, then moved to where it belongs.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::fs::FsFile;
use super::journal::Journal;
use super::write::publish_place;
use super::{Core, Target};
use crate::PutOutcome;

/// A file being written. Removed when dropped without having been published.
#[derive(Debug)]
pub(super) struct TempFile {
    core: Arc<Core>,
    path: Option<String>,
    pub(super) file: Arc<dyn FsFile>,
    /// `None` where nobody wants to know it.
    md5: Option<Md5>,
    size: u64,
}

impl TempFile {
    pub(super) fn create(core: &Arc<Core>) -> io::Result<Self> {
        loop {
            let path = core.scratch_name();
            match core.fs.create(&path) {
                Ok(file) => {
                    return Ok(Self {
                        core: Arc::clone(core),
                        path: Some(path),
                        file: Arc::from(file),
                        md5: Some(Md5::new()),
                        size: 0,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A second name of a file that is synced already.
    pub(super) fn link(core: &Arc<Core>, of: &str) -> io::Result<Self> {
        let path = core.scratch_name();
        core.fs.hard_link(of, &path)?;
        let mut linked = Self {
            core: Arc::clone(core),
            path: None,
            file: core.fs.open(&path)?,
            md5: None,
            size: 0,
        };
        linked.path = Some(path);
        Ok(linked)
    }

    /// Computes no MD5.
    pub(super) fn without_md5(&mut self) {
        self.md5 = None;
    }

    /// The MD5 of all bytes so far, where it is computed.
    pub(super) fn md5(&self) -> Option<[u8; 16]> {
        self.md5.as_ref().map(|md5| md5.clone().finalize().into())
    }

    pub(super) fn append(&mut self, chunks: &[Bytes]) -> io::Result<()> {
        for chunk in chunks {
            self.file.append(chunk)?;
            if let Some(md5) = &mut self.md5 {
                md5.update(chunk);
            }
            self.size += chunk.len() as u64;
        }
        Ok(())
    }

    pub(super) fn outcome(&self) -> PutOutcome {
        PutOutcome {
            size: self.size,
            md5: self.md5().map(hex::encode).unwrap_or_default(),
        }
    }

    /// Syncs the file and moves it to where the key may lie.
    pub(super) fn publish(&mut self, journal: &Journal, target: &Target) -> io::Result<()> {
        self.publish_with(|core, path| {
            let _claim = journal.claim(&target.location)?;
            publish_place(core, path, &target.place)
        })
    }

    /// Syncs the file and moves it by a rename of the caller's.
    pub(super) fn publish_with(
        &mut self,
        rename: impl FnOnce(&Core, &str) -> io::Result<()>,
    ) -> io::Result<()> {
        self.file.sync()?;
        let path = self.path.as_deref().ok_or(io::ErrorKind::NotFound)?;
        rename(&self.core, path)?;
        self.path = None;
        Ok(())
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if let Some(path) = self.path.take()
            && let Err(error) = self.core.fs.remove_file(&path)
        {
            tracing::debug!(path, %error, "temporary file left behind");
        }
    }
}
