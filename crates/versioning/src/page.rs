//! What to list and what a list gives back.

use crate::Error;
use crate::staged::end_of_prefix;

/// Bounds of a list of named things: repositories, branches, tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListRefs {
    /// Only names that begin with this.
    pub prefix: String,
    /// Only names after this one.
    pub after: String,
    /// At most this many.
    pub amount: usize,
}

/// Bounds of a list of objects or differences.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListObjects {
    /// Only paths that begin with this.
    pub prefix: String,
    /// Only paths after this one; when it is a common prefix, only what comes after everything below
    /// it.
    pub after: String,
    /// Paths that have this after `prefix` are rolled up into one common prefix; empty lists every
    /// path.
    pub delimiter: String,
    /// At most this many items.
    pub amount: usize,
}

/// Where a path goes in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placement<'a> {
    /// Nowhere: it and all after it lie outside of the prefix.
    Outside,
    /// Nowhere: the list is full.
    Full,
    /// Into this common prefix.
    Prefix(&'a [u8]),
    /// Into the list, itself.
    Item,
}

impl ListObjects {
    /// The first key that may be listed; `None` when there is none.
    pub(crate) fn start(&self) -> Option<Vec<u8>> {
        let prefix = self.prefix.as_bytes();
        if self.after.is_empty() {
            return Some(prefix.to_vec());
        }
        let after = self.after.as_bytes();
        let start = match self.common_prefix(after) {
            Some(common) if common == after => end_of_prefix(common)?,
            _ => [after, &[0]].concat(),
        };
        Some(start.max(prefix.to_vec()))
    }

    /// What a path is rolled up into.
    fn common_prefix<'a>(&self, path: &'a [u8]) -> Option<&'a [u8]> {
        let delimiter = self.delimiter.as_bytes();
        let below = path.strip_prefix(self.prefix.as_bytes())?;
        let at = match delimiter {
            [] => return None,
            [byte] => memchr::memchr(*byte, below)?,
            _ => memchr::memmem::find(below, delimiter)?,
        };
        path.get(..self.prefix.len() + at + delimiter.len())
    }

    /// Where a path goes in a list that holds `listed` items.
    pub(crate) fn place<'a>(&self, path: &'a [u8], listed: usize) -> Placement<'a> {
        if !path.starts_with(self.prefix.as_bytes()) {
            Placement::Outside
        } else if listed >= self.amount {
            Placement::Full
        } else {
            self.common_prefix(path)
                .map_or(Placement::Item, Placement::Prefix)
        }
    }

    /// How many entries to ask for first: what is rolled up is skipped, not read.
    pub(crate) fn expected(&self) -> usize {
        let wanted = self.amount.saturating_add(1);
        if self.delimiter.is_empty() {
            wanted
        } else {
            wanted.min(32)
        }
    }
}

/// A named record that does not read back.
#[derive(Debug)]
pub struct Damaged {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub error: Error,
}

/// An item of a list of named things. Damage is listed under its name: left out, it could be taken for
/// something that does not exist, and what it refers to for garbage; as an error, it would hide
/// everything else.
pub type Listed<T> = Result<T, Damaged>;

/// A part of a list of named things.
#[derive(Debug)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<Listed<T>>,
    /// Name of the last item: `after` of the next page. `None` when there are no items.
    pub last: Option<String>,
    /// Whether there are more after the last one.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// A page without items.
    pub(crate) fn new() -> Self {
        Self {
            items: Vec::new(),
            last: None,
            has_more: false,
        }
    }

    /// Adds an item, unless there are `amount` of them. Answers whether it was added.
    pub(crate) fn push(&mut self, name: &str, item: Listed<T>, amount: usize) -> bool {
        if self.items.len() >= amount {
            self.has_more = true;
            return false;
        }
        self.items.push(item);
        let last = self.last.get_or_insert_default();
        last.clear();
        last.push_str(name);
        true
    }

    /// The items that read back.
    pub fn sound(&self) -> impl Iterator<Item = &T> {
        self.items.iter().filter_map(|item| item.as_ref().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(prefix: &str, after: &str, delimiter: &str) -> ListObjects {
        ListObjects {
            prefix: prefix.into(),
            after: after.into(),
            delimiter: delimiter.into(),
            amount: 10,
        }
    }

    #[test]
    fn a_page_begins_after_the_last_item_of_the_one_before() {
        assert_eq!(list("a/", "", "/").start().unwrap(), b"a/");
        assert_eq!(list("a/", "a/b", "/").start().unwrap(), b"a/b\0");
        assert_eq!(list("a/", "a/b/", "/").start().unwrap(), b"a/b0");
        assert_eq!(list("a/", "a/b/", "").start().unwrap(), b"a/b/\0");
        assert_eq!(list("b/", "a", "/").start().unwrap(), b"b/");
        assert_eq!(list("", "a/b/", "/").start().unwrap(), b"a/b/\0");
        assert_eq!(
            list("", "x\u{10ffff}", "\u{10ffff}").start().unwrap(),
            b"x\xf4\x8f\xbf\xc0"
        );
    }

    #[test]
    fn paths_are_rolled_up_at_the_first_delimiter_after_the_prefix() {
        let list = list("a/", "", "--");
        assert_eq!(list.place(b"a/x", 0), Placement::Item);
        assert_eq!(list.place(b"a/x--y--z", 0), Placement::Prefix(b"a/x--"));
        assert_eq!(list.place(b"a/x--y--z", 10), Placement::Full);
        assert_eq!(list.place(b"b", 0), Placement::Outside);
    }
}
