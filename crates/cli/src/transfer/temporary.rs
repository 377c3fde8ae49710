//! A file that is being written next to where it will be: renamed when complete, else removed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::fs::{File, OpenOptions};

use crate::error::{Error, Result};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A file under a name of its own in the destination's directory.
#[derive(Debug)]
pub(crate) struct Temporary {
    path: PathBuf,
    destination: PathBuf,
    kept: bool,
}

impl Temporary {
    /// Creates the file. Names are short, so that no legal destination makes them too long.
    pub(crate) async fn create(destination: &Path) -> Result<(Self, File)> {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!(".lakectl-{}-{number}.part", std::process::id());
        let path = match destination.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.join(name),
            _ => PathBuf::from(name),
        };
        let file = OpenOptions::new()
            .write(true)
            .read(true)
            .create_new(true)
            .open(&path)
            .await
            .map_err(|error| Error::file("create", destination, &error))?;
        let destination = destination.to_path_buf();
        let kept = false;
        Ok((
            Self {
                path,
                destination,
                kept,
            },
            file,
        ))
    }

    /// Where the file is for now.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name, replacing what had it.
    pub(crate) async fn keep(mut self) -> Result<()> {
        tokio::fs::rename(&self.path, &self.destination)
            .await
            .map_err(|error| Error::file("create", &self.destination, &error))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is left under a name that tells whose it is.
            let _left = std::fs::remove_file(&self.path);
        }
    }
}
