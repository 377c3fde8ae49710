//! A name of a commit, as clients see one.

use lakefs_versioning::{Branch, Tag};

use crate::Page;

/// A branch or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ref {
    /// Name.
    pub id: String,
    /// Commit it points to.
    pub commit_id: String,
}

impl From<&Branch> for Ref {
    fn from(branch: &Branch) -> Self {
        Self {
            id: branch.id.to_string(),
            commit_id: branch.commit_id.to_string(),
        }
    }
}

impl From<&Tag> for Ref {
    fn from(tag: &Tag) -> Self {
        Self {
            id: tag.id.to_string(),
            commit_id: tag.commit_id.to_string(),
        }
    }
}

/// A page of references, from the engine's.
pub(crate) fn page_of<T>(found: &lakefs_versioning::Page<T>) -> Page<Ref>
where
    for<'a> Ref: From<&'a T>,
{
    let results: Vec<_> = found.items.iter().map(Ref::from).collect();
    let last = results.last().map(|last| last.id.clone());
    Page::new(results, last.filter(|_| found.has_more))
}
