//! Which parts the uploads in progress have, in memory, so that replacing a part need not read a directory
//! of thousands of them. The files are the truth: what is not known here is read from them once, and what
//! another process adds meanwhile is left for completion to find.

use std::collections::{BTreeSet, HashMap};
use std::io;

/// Uploads known at most; the one that was not used for longest is forgotten.
const MAX_UPLOADS: usize = 1024;
/// Parts known at most, of all uploads together but the one in use.
const MAX_PARTS: usize = 200_000;

/// Number and MD5 of a part.
pub(super) type PartId = (u32, [u8; 16]);

/// Parts of uploads in progress.
#[derive(Debug, Default)]
pub(super) struct PartIndex {
    uploads: HashMap<String, Known>,
    parts: usize,
    uses: u64,
}

#[derive(Debug, Default)]
struct Known {
    parts: BTreeSet<PartId>,
    used: u64,
}

impl PartIndex {
    /// An upload that has just begun.
    pub(super) fn begin(&mut self, upload: &str) {
        self.insert(upload, BTreeSet::new());
    }

    /// Sees to it that an upload is known; `read` tells its parts where it is not.
    pub(super) fn load(
        &mut self,
        upload: &str,
        read: impl FnOnce() -> io::Result<BTreeSet<PartId>>,
    ) -> io::Result<()> {
        if !self.uploads.contains_key(upload) {
            self.insert(upload, read()?);
        }
        Ok(())
    }

    fn insert(&mut self, upload: &str, parts: BTreeSet<PartId>) {
        self.parts += parts.len();
        self.uses += 1;
        let used = self.uses;
        self.uploads
            .insert(upload.to_owned(), Known { parts, used });
        self.make_room(upload);
    }

    /// Notes that a part is there. Answers the other ones of its number.
    pub(super) fn add(&mut self, upload: &str, part: PartId) -> Vec<PartId> {
        self.uses += 1;
        let Some(known) = self.uploads.get_mut(upload) else {
            return Vec::new();
        };
        known.used = self.uses;
        self.parts += usize::from(known.parts.insert(part));
        let (number, _) = part;
        let same = known.parts.range((number, [0; 16])..=(number, [0xff; 16]));
        let others = same.copied().filter(|other| *other != part).collect();
        self.make_room(upload);
        others
    }

    /// Notes that a part is gone.
    pub(super) fn remove(&mut self, upload: &str, part: PartId) {
        if let Some(known) = self.uploads.get_mut(upload) {
            self.parts -= usize::from(known.parts.remove(&part));
        }
    }

    /// Forgets an upload.
    pub(super) fn forget(&mut self, upload: &str) {
        if let Some(known) = self.uploads.remove(upload) {
            self.parts -= known.parts.len();
        }
    }

    fn make_room(&mut self, but: &str) {
        while self.uploads.len() > MAX_UPLOADS || self.parts > MAX_PARTS {
            let others = self.uploads.iter().filter(|(id, _)| *id != but);
            let oldest = others.min_by_key(|(_, known)| known.used);
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else {
                return;
            };
            self.forget(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u32, byte: u8) -> PartId {
        (number, [byte; 16])
    }

    #[test]
    fn only_parts_of_the_same_number_are_replaced() {
        let mut index = PartIndex::default();
        index.begin("u");
        assert_eq!(index.add("u", part(1, 1)), []);
        assert_eq!(index.add("u", part(2, 1)), []);
        assert_eq!(index.add("u", part(1, 1)), []);
        assert_eq!(index.add("u", part(1, 2)), [part(1, 1)]);
        index.remove("u", part(1, 1));
        assert_eq!(index.add("u", part(1, 0xff)), [part(1, 2)]);
        assert_eq!(index.parts, 3);
        index.forget("u");
        assert_eq!(index.parts, 0);
    }

    #[test]
    fn what_is_known_is_not_read_again() {
        let mut index = PartIndex::default();
        let read = || Ok(BTreeSet::from([part(1, 1)]));
        index.load("u", read).unwrap();
        index.load("u", || panic!("read twice")).unwrap();
        assert_eq!(index.add("u", part(1, 2)), [part(1, 1)]);
        let failed = index.load("v", || Err(io::ErrorKind::NotFound.into()));
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn there_is_room_for_so_many_only() {
        let mut index = PartIndex::default();
        for upload in 0..=MAX_UPLOADS {
            index.begin(&upload.to_string());
        }
        assert_eq!(index.uploads.len(), MAX_UPLOADS);
        assert!(!index.uploads.contains_key("0"));
        let full = || {
            Ok((0..=u32::try_from(MAX_PARTS).unwrap())
                .map(|number| part(number, 0))
                .collect())
        };
        index.load("full", full).unwrap();
        assert_eq!(index.uploads.len(), 1);
        index.begin("next");
        assert_eq!((index.uploads.len(), index.parts), (1, 0));
    }
}
