//! Differences: between two references, and between a branch and its last commit.

use std::collections::BTreeMap;

use lakefs_versioning::{DiffPage, DiffType, Error as EngineError, RefDiff};

use crate::audit::Call;
use crate::branch::create::is_missing_reference;
use crate::failure::engine_failure;
use crate::object::model::content_type_or_default;
use crate::object::user_metadata;
use crate::{Caller, Error, Page, PageRequest, Result, Service, names};

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// Only the right side has it.
    Added,
    /// Only the left side has it.
    Removed,
    /// The sides have different content.
    Changed,
    /// Both sides changed it since they parted.
    Conflict,
    /// Something below this prefix differs.
    PrefixChanged,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// How it differs.
    pub kind: DifferenceKind,
    /// Path, or prefix up to and including a delimiter.
    pub path: String,
    /// Whether `path` is a prefix.
    pub is_prefix: bool,
    /// Size in bytes; `None` for a prefix.
    pub size_bytes: Option<i64>,
    /// The right side's object, when asked for.
    pub right: Option<DifferenceRight>,
}

/// The right side of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferenceRight {
    /// Checksum.
    pub checksum: String,
    /// When it was written, Unix seconds.
    pub mtime: i64,
    /// Content type.
    pub content_type: String,
    /// User metadata.
    pub metadata: BTreeMap<String, String>,
}

/// Which differences of two references.
#[derive(Debug, Clone, Copy)]
pub struct DiffRefs<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Left reference expression.
    pub left: &'a str,
    /// Right reference expression.
    pub right: &'a str,
    /// Compare the two as they are, rather than what the right one changed since they parted.
    pub two_dot: bool,
    /// Page.
    pub page: PageRequest<'a>,
    /// Where to fold paths into prefixes; empty for nowhere.
    pub delimiter: &'a str,
    /// Whether to tell about the right side's objects.
    pub include_right_stats: bool,
}

/// A failure of comparing references. The web interface reads this text.
pub(crate) fn missing_reference(error: EngineError) -> Error {
    let reference = match &error {
        EngineError::RefNotFound { reference } => reference,
        EngineError::RefAmbiguous { prefix } => prefix,
        EngineError::CommitNotFound { id } => id,
        _ => return engine_failure(error),
    };
    debug_assert!(is_missing_reference(&error), "the same three errors");
    Error::not_found(format!("get commit by ref {reference}: not found")).caused_by(error)
}

fn page_of(found: &DiffPage, with_right: bool) -> Page<Difference> {
    let results: Vec<_> = found
        .iter()
        .map(|item| Difference {
            kind: match item.kind {
                DiffType::Added => DifferenceKind::Added,
                DiffType::Removed => DifferenceKind::Removed,
                DiffType::Changed => DifferenceKind::Changed,
                DiffType::Conflict => DifferenceKind::Conflict,
                DiffType::PrefixChanged => DifferenceKind::PrefixChanged,
            },
            path: String::from_utf8_lossy(item.path).into_owned(),
            is_prefix: item.kind == DiffType::PrefixChanged,
            size_bytes: item.entry.map(|entry| entry.size),
            right: item
                .entry
                .filter(|_| with_right)
                .map(|entry| DifferenceRight {
                    checksum: entry.etag.to_owned(),
                    mtime: entry.last_modified.seconds,
                    content_type: content_type_or_default(entry.content_type).to_owned(),
                    metadata: user_metadata::shown(entry.metadata()),
                }),
        })
        .collect();
    let last = results.last().map(|last| last.path.clone());
    Page::new(results, last.filter(|_| found.has_more()))
}

impl Service {
    /// `GET /repositories/{repository}/refs/{leftRef}/diff/{rightRef}`.
    pub async fn diff_refs(
        &self,
        caller: &Caller,
        request: DiffRefs<'_>,
    ) -> Result<Page<Difference>> {
        let call = Call::at("diffRefs", request.repository, request.right);
        self.audited(caller, call, async {
            self.may_list_objects(caller, request.repository).await?;
            let repository = self.repository(request.repository).await?;
            let left = names::reference(request.left)?;
            let right = names::reference(request.right)?;
            let which = if request.two_dot {
                RefDiff::TwoDot
            } else {
                RefDiff::ThreeDot
            };
            let list = request.page.list_paths(request.delimiter);
            let found = self
                .engine()
                .diff_refs(&repository, &left, &right, which, &list)
                .await;
            let found = found.map_err(missing_reference)?;
            Ok(page_of(&found, request.include_right_stats))
        })
        .await
    }

    /// `GET /repositories/{repository}/branches/{branch}/diff`: uncommitted changes.
    pub async fn diff_branch(
        &self,
        caller: &Caller,
        repository: &str,
        branch: &str,
        page: PageRequest<'_>,
        delimiter: &str,
    ) -> Result<Page<Difference>> {
        let call = Call::at("diffBranch", repository, branch);
        self.audited(caller, call, async {
            self.may_list_objects(caller, repository).await?;
            let repository = self.repository(repository).await?;
            let branch = names::branch(branch)?;
            let list = page.list_paths(delimiter);
            let found = self
                .engine()
                .diff_uncommitted(&repository, &branch, &list)
                .await;
            let mut page = page_of(&found.map_err(engine_failure)?, false);
            // What is removed here is a tombstone, which has no size; only a comparison of commits
            // tells the size of what went.
            for removed in &mut page.results {
                if removed.kind == DifferenceKind::Removed {
                    removed.size_bytes = Some(0);
                }
            }
            Ok(page)
        })
        .await
    }
}
