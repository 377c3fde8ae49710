//! Cuts a torn batch off the end of the engine's journal.
//!
//! Power loss while a batch is being synced may leave its last page on disk and an earlier one as
//! zeros. The engine takes such a batch, which ends properly but does not match its checksum, for
//! damage and refuses to open. Nothing follows that batch, because the next one is written only
//! after the sync, and it was not acknowledged. Without its last byte it is an unfinished batch,
//! which the engine drops by itself. The journal's bytes are not interpreted: they are zeros from
//! the end of the last batch on.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

const EXTENSION: &str = "jnl";
const STEP: u64 = 64 << 10;

/// A journal that was cut, and a copy from before.
#[derive(Debug)]
pub(super) struct TornJournal {
    path: PathBuf,
    copy: PathBuf,
}

impl TornJournal {
    /// The journal.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the cut: it opened.
    pub(super) fn forget(self) {
        if let Err(error) = std::fs::remove_file(&self.copy) {
            tracing::warn!(copy = %self.copy.display(), %error, "cannot remove a journal's copy");
        }
    }

    /// Takes the cut back: it was not that.
    pub(super) fn restore(self) {
        if let Err(error) = std::fs::rename(&self.copy, &self.path) {
            tracing::error!(copy = %self.copy.display(), %error, "cannot restore a journal");
        }
    }
}

/// The journal written last.
pub(super) fn newest(engine: &Path) -> std::io::Result<Option<PathBuf>> {
    let mut newest: Option<(u64, PathBuf)> = None;
    for entry in std::fs::read_dir(engine)? {
        let path = entry?.path();
        if path
            .extension()
            .is_none_or(|extension| extension != EXTENSION)
        {
            continue;
        }
        let number = path
            .file_stem()
            .and_then(|stem| stem.to_str()?.parse().ok());
        if let Some(number) = number
            && newest.as_ref().is_none_or(|(highest, _)| *highest < number)
        {
            newest = Some((number, path));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

/// Cuts the last byte that is not zero, and everything behind it, off the newest journal. Answers
/// nothing when there is no such byte.
pub(super) fn cut_torn_batch(engine: &Path) -> std::io::Result<Option<TornJournal>> {
    let Some(path) = newest(engine)? else {
        return Ok(None);
    };
    let Some(last) = last_non_zero(&path)? else {
        return Ok(None);
    };
    let copy = path.with_extension("torn");
    std::fs::copy(&path, &copy)?;
    File::open(&copy)?.sync_all()?;
    let file = OpenOptions::new().write(true).open(&path)?;
    file.set_len(last)?;
    file.sync_all()?;
    Ok(Some(TornJournal { path, copy }))
}

/// Position of the last byte that is not zero.
fn last_non_zero(path: &Path) -> std::io::Result<Option<u64>> {
    let mut file = File::open(path)?;
    let mut end = file.metadata()?.len();
    let mut step = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(STEP);
        step.clear();
        file.seek(SeekFrom::Start(start))?;
        (&mut file).take(end - start).read_to_end(&mut step)?;
        if let Some(found) = step.iter().rposition(|byte| *byte != 0) {
            return Ok(u64::try_from(found).ok().map(|found| start + found));
        }
        end = start;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_byte_that_is_not_zero_is_found_across_steps() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("7.jnl");
        for (content, expected) in [
            (vec![], None),
            (vec![0; 200_000], None),
            (vec![1], Some(0)),
            ([vec![1; 10], vec![0; 200_000]].concat(), Some(9)),
            (
                [vec![0; 65_536], vec![3], vec![0; 65_536]].concat(),
                Some(65_536),
            ),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(last_non_zero(&path).unwrap(), expected);
        }
    }

    #[test]
    fn the_newest_journal_is_cut_and_restored() {
        let home = tempfile::tempdir().unwrap();
        for name in ["9.jnl", "10.jnl", "x.jnl", "11.txt"] {
            std::fs::write(home.path().join(name), [1, 2, 3, 0, 0]).unwrap();
        }
        let torn = cut_torn_batch(home.path()).unwrap().unwrap();
        let path = home.path().join("10.jnl");
        assert_eq!(torn.path(), path);
        assert_eq!(std::fs::read(&path).unwrap(), [1, 2]);
        torn.restore();
        assert_eq!(std::fs::read(&path).unwrap(), [1, 2, 3, 0, 0]);
    }
}
