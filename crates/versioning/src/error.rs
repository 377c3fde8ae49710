//! What can go wrong in the engine, by what it means to the caller.
//!
//! The Display texts of the expected outcomes are the short texts of the REST contract (`branch not
//! found`, `no changes`, …); callers put their own operation in front of them. Causes are only in
//! `source`.

use lakefs_block::BlockError;
use lakefs_kv::KvError;
use lakefs_tree::TreeError;
use lakefs_types::{BranchId, MetaRangeId, RepositoryId, StorageNamespace, TagId};

/// Result of an engine call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed engine call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such repository.
    #[error("repository not found")]
    RepositoryNotFound {
        /// Its name.
        repository: RepositoryId,
    },
    /// The repository is being deleted.
    #[error("repository in deletion")]
    RepositoryInDeletion {
        /// Its name.
        repository: RepositoryId,
    },
    /// A repository of that name exists.
    #[error("not unique")]
    RepositoryExists {
        /// Its name.
        repository: RepositoryId,
    },
    /// Another repository lives in the storage namespace, or once did.
    #[error(
        "found lakeFS objects in the storage (:{namespace}) key({key}): storage namespace already in use"
    )]
    NamespaceInUse {
        /// The namespace.
        namespace: StorageNamespace,
        /// The object found there.
        key: &'static str,
    },
    /// The storage namespace of another repository lies around this one, or within it.
    #[error(
        "{namespace} lies within the storage namespace of another repository or around it: storage namespace already in use"
    )]
    NamespaceOverlaps {
        /// The namespace.
        namespace: StorageNamespace,
    },
    /// The repository takes no changes without force.
    #[error("read-only repository")]
    ReadOnly {
        /// Its name.
        repository: RepositoryId,
    },
    /// There is no such branch.
    #[error("branch not found")]
    BranchNotFound {
        /// Its name.
        branch: String,
    },
    /// A branch of that name exists.
    #[error("branch already exists: not unique")]
    BranchExists {
        /// Its name.
        branch: BranchId,
    },
    /// The default branch stays.
    #[error("cannot delete repository default branch")]
    DefaultBranch {
        /// Its name.
        branch: BranchId,
    },
    /// A protection rule forbids the change.
    #[error("{}", action.refusal())]
    Protected {
        /// The branch.
        branch: BranchId,
        /// What it is protected from.
        action: crate::ProtectedAction,
    },
    /// There is no such tag.
    #[error("tag not found")]
    TagNotFound {
        /// Its name.
        tag: String,
    },
    /// A tag of that name exists.
    #[error("tag already exists: not unique")]
    TagExists {
        /// Its name.
        tag: TagId,
    },
    /// A new branch or tag would take a name that already means something else.
    #[error("{kind} {name}: conflict found")]
    NameTaken {
        /// What has the name: `branch name`, `tag ID` or `commit ID`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// There is no such commit.
    #[error("commit not found")]
    CommitNotFound {
        /// Its identifier as asked for.
        id: String,
    },
    /// A reference names nothing: neither branch, tag nor commit, or an ancestor past the first.
    #[error("not found")]
    RefNotFound {
        /// The reference as given.
        reference: String,
    },
    /// A reference that begins the identifiers of several commits.
    #[error("commit id prefix {prefix} is ambiguous: not found")]
    RefAmbiguous {
        /// The prefix.
        prefix: String,
    },
    /// A reference whose modifiers do not fit what it names.
    #[error("ref: invalid value: validation error")]
    RefInvalid {
        /// The reference as given.
        reference: String,
        /// What does not fit.
        reason: &'static str,
    },
    /// There is no such object.
    #[error("not found")]
    ObjectNotFound {
        /// Its path.
        path: String,
    },
    /// The branch has uncommitted changes and the operation wants none.
    #[error("uncommitted changes (dirty branch)")]
    DirtyBranch {
        /// The branch.
        branch: BranchId,
    },
    /// A commit of a given metarange on a branch with uncommitted changes.
    #[error("cannot use source MetaRange on a branch with uncommitted changes")]
    MetaRangeDirtyBranch {
        /// The branch.
        branch: BranchId,
    },
    /// The operation would change nothing.
    #[error("no changes")]
    NoChanges,
    /// Both sides changed the same object.
    #[error("conflict found")]
    Conflict {
        /// The first path in conflict.
        path: String,
    },
    /// The two commits have no common ancestor.
    #[error("no merge base")]
    NoMergeBase {
        /// One commit.
        left: String,
        /// The other.
        right: String,
    },
    /// The operation needs to know which parent of a merge is meant.
    #[error("must specify 1-based parent number for {operation} merge commit")]
    ParentRequired {
        /// `reverting` or `cherry-picking`.
        operation: &'static str,
    },
    /// The commit has no such parent.
    #[error("given commit does not have the given parent number: parent {number}")]
    ParentOutOfRange {
        /// The number as given.
        number: u32,
    },
    /// There is no table with that identifier in the repository.
    #[error("metarange not found")]
    MetaRangeNotFound {
        /// The identifier.
        id: MetaRangeId,
    },
    /// A commit record that contradicts itself or the repository.
    #[error("invalid commit record: {reason}")]
    InvalidCommit {
        /// What is wrong.
        reason: String,
    },
    /// A value from outside breaks a limit or a rule.
    #[error("{what}: {reason}")]
    Invalid {
        /// What was given.
        what: &'static str,
        /// The rule it breaks.
        reason: String,
    },
    /// The condition of a conditional write does not hold.
    #[error("Precondition failed")]
    PreconditionFailed,
    /// `If-None-Match: *` found an object.
    #[error("path already exists")]
    PathExists {
        /// The path.
        path: String,
    },
    /// Others kept changing the path while a conditional write was tried; nothing was written.
    #[error("path is being written by others")]
    WriteConflict {
        /// The path.
        path: String,
    },
    /// A write was refused when it was repeated because the branch had moved on. Its first try may have
    /// become part of a commit: whether the object is there is not known.
    #[error("whether the object was written is not known")]
    Unsettled {
        /// The refusal.
        source: Box<Self>,
    },
    /// Other servers kept changing the branch.
    #[error("Too many attempts, try again later")]
    TooManyTries {
        /// The branch.
        branch: BranchId,
    },
    /// A hook refused the operation.
    #[error("{message}")]
    Refused {
        /// What it said.
        message: String,
    },
    /// A stored record does not read back.
    #[error("stored record {record} is corrupt")]
    Corrupt {
        /// Which record.
        record: String,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The key-value store failed.
    #[error("key-value store failed")]
    Kv(#[source] KvError),
    /// The object store failed.
    #[error("object store failed")]
    Block(#[source] BlockError),
    /// A table could not be read or written.
    #[error("table failed")]
    Tree(#[source] TreeError),
}

impl Error {
    /// A record that does not read back.
    pub(crate) fn corrupt(
        record: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Corrupt {
            record: record.into(),
            source: source.into(),
        }
    }

    /// Whether a reference, branch, tag or commit that was asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::RepositoryNotFound { .. }
                | Self::BranchNotFound { .. }
                | Self::TagNotFound { .. }
                | Self::CommitNotFound { .. }
                | Self::RefNotFound { .. }
                | Self::RefAmbiguous { .. }
                | Self::ObjectNotFound { .. }
        )
    }
}
