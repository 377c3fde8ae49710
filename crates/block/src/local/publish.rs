//! Moving synced files to where keys may lie, and removing them from there, durably.

use std::io;

use super::path::{Place, split_parent};
use super::{Core, is_absent, is_in_the_way};

/// Moves a synced file to where the key may lie.
pub(super) fn publish_place(core: &Core, from: &str, place: &Place) -> io::Result<()> {
    let Some(ordinary) = &place.ordinary else {
        return publish_name(core, from, &place.odd);
    };
    match publish_name(core, from, ordinary) {
        Err(error) if is_in_the_way(&error) => publish_name(core, from, &place.odd),
        Err(error) => Err(error),
        // What was stored under the odd name, while another key was in the way, is outdated now.
        Ok(()) => remove_one(core, &place.odd),
    }
}

/// Moves a synced file to a name, and makes name and directories durable.
fn publish_name(core: &Core, from: &str, to: &str) -> io::Result<()> {
    let parent = split_parent(to).0;
    core.ensure_dir(parent)?;
    let moved = match core.fs.rename(from, to) {
        // A directory known to exist is gone: somebody cleaned up. Once more, from the start.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            core.forget_dirs();
            core.ensure_dir(parent)?;
            core.fs.rename(from, to)
        }
        moved => moved,
    };
    moved.map_err(|error| match error.kind() {
        io::ErrorKind::CrossesDevices => io::Error::new(
            error.kind(),
            "the store's directory must lie on one file system",
        ),
        _ => error,
    })?;
    core.sync_dir(parent)
}

/// Removes an object from wherever it may lie, durably.
pub(super) fn remove(core: &Core, place: &Place) -> io::Result<()> {
    // The odd one first: after a crash in between the newer one must not give way to it.
    remove_one(core, &place.odd)?;
    place
        .ordinary
        .as_deref()
        .map_or(Ok(()), |path| remove_one(core, path))
}

fn remove_one(core: &Core, path: &str) -> io::Result<()> {
    // Opening first keeps `unlink` from directories, whose error differs between systems.
    match core.fs.stat(path).and_then(|_| core.fs.remove_file(path)) {
        Ok(()) => core.sync_dir(split_parent(path).0),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(error),
    }
}
