//! Pages of lists.

use lakefs_versioning::{ListObjects, ListRefs};

/// Most results of one page.
pub const MAX_PAGE: usize = 1000;
/// Results of a page when the caller names no number.
pub const DEFAULT_PAGE: usize = 100;

/// Which page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageRequest<'a> {
    /// Only names that begin with this.
    pub prefix: &'a str,
    /// Only names after this one.
    pub after: &'a str,
    /// How many; `None`, zero and -1 mean [`DEFAULT_PAGE`]. The edge refuses more than [`MAX_PAGE`].
    pub amount: Option<i64>,
}

impl PageRequest<'_> {
    /// How many results the page may have: 1 to [`MAX_PAGE`].
    pub fn limit(&self) -> usize {
        match self.amount.map(usize::try_from) {
            Some(Ok(amount @ 1..)) => amount.min(MAX_PAGE),
            _ => DEFAULT_PAGE,
        }
    }
}

impl PageRequest<'_> {
    /// The same for the engine's lists of names.
    pub(crate) fn list_refs(&self) -> ListRefs {
        ListRefs {
            prefix: self.prefix.to_owned(),
            after: self.after.to_owned(),
            amount: self.limit(),
        }
    }

    /// The same for the engine's lists of paths.
    pub(crate) fn list_paths(&self, delimiter: &str) -> ListObjects {
        ListObjects {
            prefix: self.prefix.to_owned(),
            after: self.after.to_owned(),
            delimiter: delimiter.to_owned(),
            amount: self.limit(),
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The results, in order.
    pub results: Vec<T>,
    /// Whether the list goes on.
    pub has_more: bool,
    /// Where the next page starts (its `after`); empty when there is none.
    pub next_offset: String,
}

impl<T> Page<T> {
    /// A page; `next_offset` is the name of its last result.
    pub fn new(results: Vec<T>, next_offset: Option<String>) -> Self {
        Self {
            results,
            has_more: next_offset.is_some(),
            next_offset: next_offset.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_has_a_default_and_a_ceiling() {
        let limit = |amount| {
            PageRequest {
                amount,
                ..PageRequest::default()
            }
            .limit()
        };
        assert_eq!(limit(None), 100);
        assert_eq!(limit(Some(-1)), 100);
        assert_eq!(limit(Some(0)), 100);
        assert_eq!(limit(Some(1)), 1);
        assert_eq!(limit(Some(1000)), 1000);
        assert_eq!(limit(Some(i64::MAX)), 1000);
    }
}
