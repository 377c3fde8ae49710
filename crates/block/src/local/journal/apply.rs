//! Carrying out journaled changes: files appear, change and go without being synced, because the
//! journal holds them until a checkpoint has synced everything.

use std::collections::HashSet;
use std::io;

use crate::local::fs::FsFile;
use crate::local::path::{Place, split_parent};
use crate::local::{Core, MAX_KNOWN_DIRS, is_absent, is_in_the_way};

/// Directories known to be there, though perhaps not yet durably.
#[derive(Debug, Default)]
pub(super) struct Applier {
    present: HashSet<String>,
}

impl Applier {
    /// Gives an object these bytes, in one step for whoever reads.
    pub(super) fn put(&mut self, core: &Core, place: &Place, body: &[u8]) -> io::Result<()> {
        let (temp, file) = core.scratch.create(core.fs.as_ref())?;
        let outcome = self.write(core, &temp, file, body, place);
        if outcome.is_err()
            && let Err(error) = core.fs.remove_file(&temp)
            && !is_absent(&error)
        {
            tracing::debug!(temp, %error, "temporary file left behind");
        }
        outcome
    }

    fn write(
        &mut self,
        core: &Core,
        temp: &str,
        file: Box<dyn FsFile>,
        body: &[u8],
        place: &Place,
    ) -> io::Result<()> {
        if !body.is_empty() {
            file.append(body)?;
        }
        drop(file);
        let Some(ordinary) = &place.ordinary else {
            return self.rename(core, temp, &place.odd);
        };
        match self.rename(core, temp, ordinary) {
            Err(error) if is_in_the_way(&error) => self.rename(core, temp, &place.odd),
            Err(error) => Err(error),
            Ok(()) => remove_one(core, &place.odd),
        }
    }

    fn rename(&mut self, core: &Core, from: &str, to: &str) -> io::Result<()> {
        let parent = split_parent(to).0;
        self.make_dirs(core, parent)?;
        match core.fs.rename(from, to) {
            // A directory known to be there is gone: somebody cleaned up. Once more, from the start.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.present.clear();
                core.forget_dirs();
                self.make_dirs(core, parent)?;
                core.fs.rename(from, to)
            }
            renamed => renamed,
        }
    }

    fn make_dirs(&mut self, core: &Core, path: &str) -> io::Result<()> {
        let mut missing = Vec::new();
        let mut at = path;
        while !at.is_empty() && !self.present.contains(at) {
            missing.push(at);
            at = split_parent(at).0;
        }
        for dir in missing.into_iter().rev() {
            match core.fs.make_dir(dir) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            if self.present.len() >= MAX_KNOWN_DIRS {
                self.present.clear();
            }
            self.present.insert(dir.to_owned());
        }
        Ok(())
    }
}

/// Removes an object from wherever it may lie.
pub(super) fn remove(core: &Core, place: &Place) -> io::Result<()> {
    // The odd one first: whoever reads meanwhile must not find an outdated one.
    remove_one(core, &place.odd)?;
    place
        .ordinary
        .as_deref()
        .map_or(Ok(()), |path| remove_one(core, path))
}

/// Removes what was stored under the odd name while another key was in the way of the ordinary one,
/// which now holds the object.
pub(super) fn remove_outdated(core: &Core, place: &Place) -> io::Result<()> {
    match &place.ordinary {
        Some(ordinary) if core.fs.stat(ordinary).is_ok() => remove_one(core, &place.odd),
        _ => Ok(()),
    }
}

fn remove_one(core: &Core, path: &str) -> io::Result<()> {
    match core.fs.stat(path).and_then(|_| core.fs.remove_file(path)) {
        Err(error) if !is_absent(&error) => Err(error),
        _ => Ok(()),
    }
}
