//! A name of a commit, as clients see one.

use lakefs_versioning::{Branch, Damaged, Tag};

use crate::Page;

/// A branch or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ref {
    /// Name.
    pub id: String,
    /// Commit it points to; empty in a list where the record is damaged.
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

impl Ref {
    /// A branch or tag of which only the name is known: without a commit.
    fn damaged(damaged: &Damaged) -> Self {
        report(damaged);
        Self {
            id: damaged.name.clone(),
            commit_id: String::new(),
        }
    }
}

/// Leaves a line about a damaged record in a list, which shows only that it is there.
pub(crate) fn report(damaged: &Damaged) {
    tracing::error!(
        error = &damaged.error as &dyn std::error::Error,
        "a listed record is damaged"
    );
}

/// A page of references, from the engine's.
pub(crate) fn page_of<T>(found: lakefs_versioning::Page<T>) -> Page<Ref>
where
    for<'a> Ref: From<&'a T>,
{
    let results = found.items.iter().map(|item| match item {
        Ok(item) => Ref::from(item),
        Err(damaged) => Ref::damaged(damaged),
    });
    Page::new(results.collect(), found.last.filter(|_| found.has_more))
}
