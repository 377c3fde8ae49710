//! What to list and what a list gives back.

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

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Whether there are more after the last one.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// A page of at most `amount` of `items`, which holds one more if there are more.
    pub(crate) fn cut(mut items: Vec<T>, amount: usize) -> Self {
        let has_more = items.len() > amount;
        items.truncate(amount);
        Self { items, has_more }
    }
}
