//! A file on its way: written in the working directory, synced, then moved to where it belongs.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::direct::{Aligned, DIRECT_FROM};
use super::fs::{DIRECT_ALIGNMENT, FsFile};
use super::journal::Journal;
use super::publish::publish_place;
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
    /// Where the end of a large body goes past the page cache.
    direct: Option<Aligned>,
}

impl TempFile {
    pub(super) fn create(core: &Arc<Core>) -> io::Result<Self> {
        let (path, file) = core.scratch.create(core.fs.as_ref())?;
        Ok(Self {
            core: Arc::clone(core),
            path: Some(path),
            file: Arc::from(file),
            md5: Some(Md5::new()),
            size: 0,
            direct: None,
        })
    }

    /// A second name of a file that is synced already.
    pub(super) fn link(core: &Arc<Core>, of: &str) -> io::Result<Self> {
        let path = core.scratch.name();
        core.fs.hard_link(of, &path)?;
        let mut linked = Self {
            core: Arc::clone(core),
            path: None,
            file: core.fs.open(&path)?,
            md5: None,
            size: 0,
            direct: None,
        };
        linked.path = Some(path);
        Ok(linked)
    }

    /// Computes no MD5.
    pub(super) fn without_md5(&mut self) {
        self.md5 = None;
    }

    /// What comes after the first [`DIRECT_FROM`] bytes passes the page cache by.
    pub(super) fn past_cache(&mut self) {
        self.direct = Some(Aligned::default());
    }

    /// The MD5 of all bytes so far, where it is computed.
    pub(super) fn md5(&self) -> Option<[u8; 16]> {
        self.md5.as_ref().map(|md5| md5.clone().finalize().into())
    }

    /// Takes the MD5 so far away, to go on with it elsewhere while the bytes are written.
    pub(super) fn take_md5(&mut self) -> Option<Md5> {
        self.md5.take()
    }

    /// Gives back what was taken, after the same bytes as have been written.
    pub(super) fn return_md5(&mut self, md5: Option<Md5>) {
        self.md5 = md5;
    }

    /// Writes chunks and hashes them.
    pub(super) fn append(&mut self, chunks: &[Bytes]) -> io::Result<()> {
        self.write(chunks)?;
        if let Some(md5) = &mut self.md5 {
            hash(md5, chunks);
        }
        Ok(())
    }

    /// Writes chunks. Whether they are on the disk already, but for what describes them.
    pub(super) fn write(&mut self, chunks: &[Bytes]) -> io::Result<bool> {
        let size = chunks.iter().map(Bytes::len).sum::<usize>();
        let ends_aligned = self.size.is_multiple_of(DIRECT_ALIGNMENT as u64);
        let direct = match &mut self.direct {
            Some(aligned)
                if self.size >= DIRECT_FROM
                    && ends_aligned
                    && size.is_multiple_of(DIRECT_ALIGNMENT) =>
            {
                self.file.append_direct(aligned.fill(chunks, size)?)?
            }
            _ => {
                for chunk in chunks {
                    self.file.append(chunk)?;
                }
                false
            }
        };
        self.size += size as u64;
        Ok(direct)
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

/// Hashes chunks, one after another.
pub(super) fn hash(md5: &mut Md5, chunks: &[Bytes]) {
    for chunk in chunks {
        md5.update(chunk);
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
