//! The one error of the use-cases: what the caller should do (kind), what to tell (message), what
//! happened below (source, for the log only).
//!
//! Message texts are interface where a recorded conversation has them; clients match on some. The
//! edge maps kinds to statuses in one exhaustive table per protocol.

use std::fmt;

/// Boxed cause of an error.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The result of a use-case.
pub type Result<T> = std::result::Result<T, Error>;

/// What a failure means to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is wrong as it is (400).
    Invalid,
    /// Nobody is authenticated, or the user may not (401; lakeFS answers 401 to both).
    Unauthorized,
    /// Nobody may, whoever asks: protected branch, read-only repository (403).
    Forbidden,
    /// What was named is not there (404).
    NotFound,
    /// Something of that name exists, or somebody else changed it first (409).
    Conflict,
    /// A merge found conflicting changes (409, with the body of a merge result).
    MergeConflict,
    /// It was there and is gone, or is going (410).
    Gone,
    /// The caller's condition does not hold (412).
    PreconditionFailed,
    /// The bytes asked for are not in the object (416).
    RangeNotSatisfiable,
    /// Too much contention; the same request may work later (429).
    TooManyRequests,
    /// The caller went away (499).
    Canceled,
    /// A defect, or damaged data (500).
    Internal,
    /// Not offered here (501).
    NotImplemented,
    /// A store cannot be reached; the same request may work later (503 with `Retry-After`).
    Unavailable,
}

impl ErrorKind {
    /// A word for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::MergeConflict => "merge_conflict",
            Self::Gone => "gone",
            Self::PreconditionFailed => "precondition_failed",
            Self::RangeNotSatisfiable => "range_not_satisfiable",
            Self::TooManyRequests => "too_many_requests",
            Self::Canceled => "canceled",
            Self::Internal => "internal",
            Self::NotImplemented => "not_implemented",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What exactly a failure is about, where a protocol has an answer of its own for it. The kind still says
/// what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// There is no such repository, or it is being deleted.
    RepositoryNotFound,
    /// There is no such branch.
    BranchNotFound,
    /// A reference expression names nothing.
    ReferenceNotFound,
    /// A reference expression, branch name or repository name is not one.
    InvalidName,
    /// A write to something that is no branch, such as a tag or a commit.
    NotABranch,
    /// There is no such object.
    ObjectNotFound,
    /// There is a record of the object, but its bytes are gone from the store.
    DataMissing,
    /// A protection rule forbids the change.
    ProtectedBranch,
    /// The repository takes no changes.
    ReadOnlyRepository,
    /// The path is empty.
    PathEmpty,
    /// The path is longer than allowed.
    PathTooLong,
    /// The body had not as many bytes as announced.
    BodyLength,
    /// The body ended early or broke.
    BodyBroken,
    /// The body is not what its digest says.
    DigestMismatch,
    /// There is no such multipart upload.
    UploadNotFound,
    /// A part was not uploaded, or is another than meant.
    InvalidPart,
    /// Parts are not listed in ascending order.
    InvalidPartOrder,
    /// A part other than the last is too small.
    PartTooSmall,
    /// Somebody else wrote the object at the same time.
    WriteConflict,
}

/// A failed use-case.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    reason: Option<Reason>,
    message: String,
    source: Option<Cause>,
}

impl Error {
    /// A failure with a text for the caller.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            reason: None,
            message: message.into(),
            source: None,
        }
    }

    /// Says what exactly the failure is about.
    #[must_use]
    pub(crate) fn because(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Adds what happened below; it is logged and never shown.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the failure means to the caller.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What exactly it is about, where that is known.
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// What to tell the caller.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The operation is not built, or not part of this mode.
    pub fn not_implemented() -> Self {
        Self::new(ErrorKind::NotImplemented, "Not Implemented")
    }

    /// Nobody is authenticated. The web interface compares this text.
    pub fn unauthenticated() -> Self {
        Self::new(ErrorKind::Unauthorized, "error authenticating request")
    }

    /// Puts a text in front of the message.
    #[must_use]
    pub(crate) fn prefixed(mut self, prefix: &str) -> Self {
        self.message.insert_str(0, prefix);
        self
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}
