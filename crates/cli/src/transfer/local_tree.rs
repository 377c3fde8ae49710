//! Walks a directory in the order of the keys its files would have: byte order of the whole path,
//! in which `a.txt` comes before `a/b`. Memory is bounded by the largest directories on one path.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::error::{Error, Result};

/// Names that are never uploaded.
const IGNORED: [&str; 2] = [".lakefs_ref.yaml", ".DS_Store"];

/// What to do with what is no regular file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WalkOptions {
    /// Leave out sockets, devices, links and the like instead of failing.
    pub(crate) skip_non_regular_files: bool,
    /// Carry symbolic links as such.
    pub(crate) symlinks: bool,
}

/// A file of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalFile {
    /// Its path below the directory, with `/` between segments.
    pub(crate) key: String,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its modification time, in Unix seconds.
    pub(crate) mtime: i64,
    /// What it points to, if it is a symbolic link.
    pub(crate) link: Option<String>,
}

#[derive(Debug)]
struct Pending {
    /// Key; a directory's ends with `/`.
    key: String,
    path: PathBuf,
}

/// The files below a directory, in key order.
#[derive(Debug)]
pub(crate) struct LocalTree {
    /// What is still to visit, the next at the end.
    pending: Vec<Pending>,
    options: WalkOptions,
}

impl LocalTree {
    /// Begins a walk.
    pub(crate) fn open(root: &Path, options: WalkOptions) -> Result<Self> {
        let mut tree = Self {
            pending: Vec::new(),
            options,
        };
        tree.enter("", root)?;
        Ok(tree)
    }

    fn enter(&mut self, prefix: &str, directory: &Path) -> Result<()> {
        let bad = |error: std::io::Error| Error::file("read directory", directory, &error);
        let mut found = Vec::new();
        for entry in std::fs::read_dir(directory).map_err(bad)? {
            let entry = entry.map_err(bad)?;
            let path = entry.path();
            let name = entry
                .file_name()
                .into_string()
                .map_err(|_| Error::failed(format!("{}: the name is not UTF-8", path.display())))?;
            if IGNORED.contains(&name.as_str()) {
                continue;
            }
            let slash = if entry.file_type().map_err(bad)?.is_dir() {
                "/"
            } else {
                ""
            };
            found.push(Pending {
                key: format!("{prefix}{name}{slash}"),
                path,
            });
        }
        found.sort_unstable_by(|a, b| b.key.cmp(&a.key));
        self.pending.append(&mut found);
        Ok(())
    }

    fn file(&self, pending: Pending) -> Result<Option<LocalFile>> {
        let Pending { key, path } = pending;
        let bad = |error: std::io::Error| Error::file("stat", &path, &error);
        let metadata = std::fs::symlink_metadata(&path).map_err(bad)?;
        let link = if metadata.is_symlink() && self.options.symlinks {
            let target = std::fs::read_link(&path).map_err(bad)?;
            Some(target.into_os_string().into_string().map_err(|_| {
                Error::failed(format!(
                    "{}: the link's target is not UTF-8",
                    path.display()
                ))
            })?)
        } else {
            None
        };
        if !metadata.is_file() && link.is_none() {
            if self.options.skip_non_regular_files {
                return Ok(None);
            }
            return Err(Error::failed(format!(
                "{} is not a regular file",
                path.display()
            )));
        }
        let modified = metadata.modified().map_err(bad)?;
        let mtime = match modified.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            // Round down before the epoch too, as the file system's own seconds do.
            Err(before) => {
                let before = before.duration();
                let seconds = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
                -seconds - i64::from(before.subsec_nanos() > 0)
            }
        };
        Ok(Some(LocalFile {
            key,
            size: if link.is_some() { 0 } else { metadata.len() },
            mtime,
            link,
            path,
        }))
    }
}

impl Iterator for LocalTree {
    type Item = Result<LocalFile>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = self.pending.pop()?;
            if next.key.ends_with('/') {
                if let Err(error) = self.enter(&next.key, &next.path) {
                    return Some(Err(error));
                }
            } else {
                match self.file(next) {
                    Ok(Some(file)) => return Some(Ok(file)),
                    Ok(None) => {}
                    Err(error) => return Some(Err(error)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_byte_order_of_their_keys() {
        let dir = tempfile::tempdir().unwrap();
        for key in [
            "a.txt",
            "a/b",
            "a/c/d",
            "a0",
            "b",
            ".DS_Store",
            "z/.lakefs_ref.yaml",
        ] {
            let path = dir.path().join(key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, key).unwrap();
        }
        let tree = LocalTree::open(dir.path(), WalkOptions::default()).unwrap();
        let keys: Vec<String> = tree.map(|file| file.unwrap().key).collect();
        assert_eq!(keys, ["a.txt", "a/b", "a/c/d", "a0", "b"]);
        let mut sorted = keys.clone();
        sorted.sort();
        assert_eq!(keys, sorted);
    }

    #[cfg(unix)]
    #[test]
    fn links_fail_are_skipped_or_are_carried() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("../elsewhere", dir.path().join("l")).unwrap();
        let walk = |options| {
            let found: Result<Vec<_>> = LocalTree::open(dir.path(), options).unwrap().collect();
            found
        };
        assert!(walk(WalkOptions::default()).is_err());
        let skip = WalkOptions {
            skip_non_regular_files: true,
            symlinks: false,
        };
        assert!(walk(skip).unwrap().is_empty());
        let carry = WalkOptions {
            skip_non_regular_files: false,
            symlinks: true,
        };
        let file = walk(carry).unwrap().remove(0);
        assert_eq!((file.link.as_deref(), file.size), (Some("../elsewhere"), 0));
    }
}
