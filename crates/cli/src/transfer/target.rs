//! Where objects of a tree may be written: below one directory and nowhere else.
//!
//! Keys come from other people. A key that is absolute, climbs with `..`, has empty or `.` segments
//! (which a file system would fold into another key's file) or leads through a symbolic link is
//! refused; it never names a file.

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};

/// What an object becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file.
    File(PathBuf),
    /// A directory: the object's key ends with a slash.
    Directory(PathBuf),
}

/// The place of an object below `root`, from its key below the downloaded prefix.
pub(crate) fn resolve(root: &Path, key: &str) -> Result<Target> {
    let (name, directory) = match key.strip_suffix('/') {
        Some(name) => (name, true),
        None => (key, false),
    };
    let plain = |segment: &str| {
        let mut components = Path::new(segment).components();
        let one = matches!(components.next(), Some(Component::Normal(_)));
        one && components.next().is_none() && segment != ".." && segment != "."
    };
    if name.contains('\0') || !name.split('/').all(plain) {
        return Err(Error::failed(format!(
            "{key:?} is not the name of a file below the destination"
        )));
    }
    let path = name
        .split('/')
        .fold(root.to_path_buf(), |path, segment| path.join(segment));
    Ok(if directory {
        Target::Directory(path)
    } else {
        Target::File(path)
    })
}

/// Creates the directories between `root` and `path` (both as from [`resolve`]) and refuses to go
/// through a symbolic link on the way.
pub(crate) fn create_parents(root: &Path, path: &Path) -> Result<()> {
    create(root, root)?;
    let below = path.strip_prefix(root).unwrap_or(path);
    let mut current = root.to_path_buf();
    for component in below.parent().into_iter().flat_map(Path::components) {
        current.push(component);
        enter(&current)?;
    }
    Ok(())
}

/// Creates a directory of the tree and the directories above it.
pub(crate) fn create_directory(root: &Path, path: &Path) -> Result<()> {
    create_parents(root, path)?;
    enter(path)
}

fn enter(directory: &Path) -> Result<()> {
    match std::fs::symlink_metadata(directory) {
        Ok(metadata) if metadata.is_symlink() => Err(Error::failed(format!(
            "{} is a symbolic link: nothing is written through it",
            directory.display()
        ))),
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(Error::failed(format!(
            "{} is not a directory",
            directory.display()
        ))),
        Err(_) => match std::fs::create_dir(directory) {
            // Another transfer may have been faster.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(Error::file("create", directory, &error)),
            Ok(()) => Ok(()),
        },
    }
}

fn create(directory: &Path, named: &Path) -> Result<()> {
    std::fs::create_dir_all(directory).map_err(|error| Error::file("create", named, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_would_leave_the_destination_are_refused() {
        let root = Path::new("/dest");
        for key in [
            "",
            "/",
            "/abs",
            "../x",
            "a/../../x",
            "a/..",
            "..",
            ".",
            "./a",
            "a/./b",
            "a//b",
            "a//",
            "a\0b",
        ] {
            assert!(resolve(root, key).is_err(), "{key:?}");
        }
        assert_eq!(
            resolve(root, "a/b").unwrap(),
            Target::File("/dest/a/b".into())
        );
        assert_eq!(
            resolve(root, "a/b/").unwrap(),
            Target::Directory("/dest/a/b".into())
        );
        assert_eq!(
            resolve(root, "..a/b..").unwrap(),
            Target::File("/dest/..a/b..".into())
        );
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_symbolic_link() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("link")).unwrap();
        assert!(create_parents(dir.path(), &dir.path().join("link/x")).is_err());
        assert!(create_directory(dir.path(), &dir.path().join("link")).is_err());
        create_parents(dir.path(), &dir.path().join("a/b/c")).unwrap();
        assert!(dir.path().join("a/b").is_dir());
    }
}
