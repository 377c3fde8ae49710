//! Copying inside the store.

use std::io;
use std::sync::Arc;

use super::journal::Journal;
use super::publish::publish_place;
use super::temp_file::TempFile;
use super::{Core, Source, Target, io_error, is_absent, read};
use crate::BlockError;

/// Copies an object by sharing its file, or else its bytes.
pub(super) fn copy(
    core: &Arc<Core>,
    journal: &Journal,
    source: &Source,
    target: &Target,
) -> Result<(), BlockError> {
    if source.fs.is_none() {
        let linked = link_copy(core, journal, source, target);
        match linked {
            Ok(()) => return Ok(()),
            Err(error) if is_absent(&error) => {
                return Err(io_error("copy", &source.address, error));
            }
            // Too many links, or a file system without them.
            Err(error) => tracing::debug!(%error, "copying bytes instead of linking"),
        }
    }
    let bytes = || -> io::Result<TempFile> {
        let from = read::open(core, source)?;
        let temp = TempFile::create(core)?;
        temp.file.append_file(from.as_ref())?;
        Ok(temp)
    };
    let mut temp = bytes().map_err(|error| io_error("copy", &source.address, error))?;
    temp.publish(journal, target)
        .map_err(|error| io_error("copy", &target.address, error))
}

/// The copy is as new as any other object (garbage collection goes by age), so the time of the shared
/// file moves to now; for its other names that errs to the safe side.
fn link_copy(
    core: &Arc<Core>,
    journal: &Journal,
    source: &Source,
    target: &Target,
) -> io::Result<()> {
    let now = core.ids.clock().now();
    let temp = core.scratch.name();
    let file = read::first_of(core, source, |fs, path| {
        let file = fs.open(path)?;
        fs.hard_link(path, &temp)?;
        Ok(file)
    })?;
    let outcome = file.set_modified(now).and_then(|()| {
        let _claim = journal.claim(&target.location)?;
        publish_place(core, &temp, &target.place)
    });
    // After a failure it is still there; and renaming a link over another link of the same file does
    // nothing at all, and succeeds.
    match core.fs.remove_file(&temp) {
        Err(error) if !is_absent(&error) => Err(error),
        _ => outcome,
    }
}
