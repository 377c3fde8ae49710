//! What a crashed process acknowledged is put in place again.
//!
//! Of every object only the last change counts. Files that are as they should be are left alone, so a
//! replay that is itself cut short is simply done again; the journal goes only after everything is on
//! disk.

use std::collections::{HashMap, HashSet};
use std::io;

use bytes::Bytes;

use super::apply::{Applier, remove, remove_outdated};
use super::batch::{Found, HEADER, Header, Record, candidates, decode};
use super::{DIR, segment_instance};
use crate::local::Core;
use crate::local::path::Place;
use crate::{Fs, Location};

/// Largest file that is read as a journal; ours are far smaller.
const MAX_SEGMENT: usize = 1 << 30;

/// The journal is not what it should be. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Damage {
    /// A batch that was acknowledged is unreadable.
    #[error(
        "the journal {file} is damaged: acknowledged batches after {after} are missing from byte {offset} on"
    )]
    Missing {
        file: String,
        offset: usize,
        after: u64,
    },
    /// It was written by another version of this software.
    #[error("the journal {file} has version {version}, which this software does not know")]
    Version { file: String, version: u16 },
    /// A change cannot be put in place.
    #[error("a change of {key} in the journal of {instance} cannot be put in place")]
    Change {
        instance: String,
        key: String,
        source: io::Error,
    },
}

impl From<Damage> for io::Error {
    fn from(damage: Damage) -> Self {
        Self::new(io::ErrorKind::InvalidData, damage)
    }
}

/// A batch where it was found.
struct Located {
    header: Header,
    records: Vec<Record>,
    /// How many of the segment's bytes before it are readable.
    readable: usize,
    file: String,
}

/// Replays the journal of a process that is gone, and removes it. The caller holds that process's lock.
pub(crate) fn replay(core: &Core, instance: &str, names: &[String]) -> io::Result<()> {
    let mut files: Vec<_> = names
        .iter()
        .filter(|name| segment_instance(name) == Some(instance))
        .map(|name| format!("{DIR}/{name}"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Ok(());
    }
    let mut batches = Vec::new();
    for file in &files {
        batches.extend(read_segment(core.fs.as_ref(), instance, file)?);
    }
    // Names tell the order in which files were made, not in which they were used.
    batches.sort_by_key(|batch| batch.header.number);
    let settled = batches.iter().map(|batch| batch.header.settled).max();
    let settled = settled.unwrap_or(0);
    check_chain(&batches, settled)?;
    let records = batches
        .into_iter()
        .filter(|batch| batch.header.number > settled)
        .flat_map(|batch| batch.records);
    let changes = last_changes(records);
    let mut applier = Applier::default();
    for (location, body) in &changes {
        put_in_place(core, &mut applier, location, body.as_ref()).map_err(|source| {
            Damage::Change {
                instance: instance.to_owned(),
                key: format!("{}/{}", location.bucket, location.key),
                source,
            }
        })?;
    }
    if !changes.is_empty() {
        core.fs.sync_all()?;
        tracing::info!(
            objects = changes.len(),
            "replayed the journal of an earlier process"
        );
    }
    remove_segments(core, &files)
}

/// Removes the oldest first, each for good: a later one alone is harmless, an earlier one is not.
fn remove_segments(core: &Core, files: &[String]) -> io::Result<()> {
    for file in files {
        core.fs.remove_file(file)?;
        core.fs.sync_dir(DIR)?;
    }
    Ok(())
}

fn read_segment(fs: &dyn Fs, instance: &str, file: &str) -> io::Result<Vec<Located>> {
    let bytes = fs.open(file)?.read_at(0, MAX_SEGMENT)?;
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        match decode(instance, &bytes.slice(at..)) {
            Found::Batch(header, records, length) => {
                at += length;
                found.push(Located {
                    header,
                    records,
                    readable: at,
                    file: file.to_owned(),
                });
            }
            Found::Version(version) => {
                let file = file.to_owned();
                return Err(Damage::Version { file, version }.into());
            }
            Found::Nothing => break,
        }
    }
    // A batch that was being written when the power went is unreadable, and nothing comes after it. What
    // does come after an unreadable one proves that it was acknowledged.
    for candidate in candidates(&bytes, at + 1) {
        if candidate + HEADER > bytes.len() {
            break;
        }
        if let Found::Batch(header, ..) = decode(instance, &bytes.slice(candidate..)) {
            found.push(Located {
                header,
                // Proof only: nothing is taken from behind a gap.
                records: Vec::new(),
                readable: at,
                file: file.to_owned(),
            });
        }
    }
    Ok(found)
}

/// Every batch says which one was acknowledged before it: that one must be here, or not needed.
fn check_chain(batches: &[Located], settled: u64) -> Result<(), Damage> {
    let mut last = settled;
    for batch in batches {
        if batch.header.previous > last {
            return Err(Damage::Missing {
                file: batch.file.clone(),
                offset: batch.readable,
                after: last,
            });
        }
        last = last.max(batch.header.number);
    }
    Ok(())
}

/// What each object is to be in the end: these bytes, or absent.
fn last_changes(records: impl Iterator<Item = Record>) -> Vec<(Location, Option<Bytes>)> {
    let records: Vec<_> = records.collect();
    let void: HashSet<u64> = records
        .iter()
        .filter_map(|record| match record {
            Record::Void { change } => Some(*change),
            _ => None,
        })
        .collect();
    let mut last = HashMap::new();
    for record in records {
        match record {
            Record::Put { change, .. } | Record::Remove { change, .. }
                if void.contains(&change) => {}
            Record::Put { location, body, .. } => drop(last.insert(location, Some(body))),
            Record::Remove { location, .. } => drop(last.insert(location, None)),
            Record::Void { .. } => {}
        }
    }
    let mut changes: Vec<_> = last.into_iter().collect();
    changes.sort_by(|(a, _), (b, _)| (&a.bucket, &a.key).cmp(&(&b.bucket, &b.key)));
    changes
}

fn put_in_place(
    core: &Core,
    applier: &mut Applier,
    location: &Location,
    body: Option<&Bytes>,
) -> io::Result<()> {
    let place = Place::of(location);
    match body {
        None => remove(core, &place),
        Some(body) if holds(core.fs.as_ref(), &place, body) => remove_outdated(core, &place),
        Some(body) => applier.put(core, &place, body),
    }
}

/// Whether an object is there with these bytes, at the place where it is looked for first.
fn holds(fs: &dyn Fs, place: &Place, body: &Bytes) -> bool {
    let first = place.candidates().find_map(|path| fs.open(path).ok());
    first.is_some_and(|file| {
        file.read_at(0, body.len() + 1)
            .is_ok_and(|found| found == body)
    })
}
