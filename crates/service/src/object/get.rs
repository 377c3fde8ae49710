//! Reading an object.

use lakefs_block::ByteStream;
use lakefs_runtime::Timestamp;

use crate::{Caller, Result, Service};

/// What to read.
#[derive(Debug, Clone, Copy)]
pub struct GetObject<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Reference expression.
    pub reference: &'a str,
    /// Path.
    pub path: &'a str,
    /// Header `Range` as it came.
    pub range: Option<&'a str>,
    /// Header `If-None-Match` as it came.
    pub if_none_match: Option<&'a str>,
    /// Whether to answer a URL instead of the bytes.
    pub presign: bool,
}

/// What the headers of an answer say about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFacts {
    /// Path.
    pub path: String,
    /// Checksum; the entity tag is this in quotes.
    pub checksum: String,
    /// Size of the whole object in bytes.
    pub size_bytes: i64,
    /// When it was written.
    pub modified: Timestamp,
    /// Content type.
    pub content_type: String,
}

/// Part of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// First byte.
    pub start: u64,
    /// Last byte, inclusive.
    pub end: u64,
}

/// How reading went.
pub enum GetObjectOutcome {
    /// The bytes.
    Content {
        /// About the object.
        facts: ObjectFacts,
        /// Which part; `None` for all of it.
        range: Option<ContentRange>,
        /// How many bytes `stream` gives.
        length: u64,
        /// The bytes.
        stream: ByteStream,
    },
    /// The caller has it already (304).
    NotModified {
        /// About the object.
        facts: ObjectFacts,
    },
    /// The caller reads it from the store (302).
    Redirect {
        /// Where.
        url: String,
    },
    /// The range is outside of the object (416). `multiple` ranges are not offered, and are answered
    /// the same without a `Content-Range`.
    RangeNotSatisfiable {
        /// About the object.
        facts: ObjectFacts,
        /// Whether several ranges were asked for.
        multiple: bool,
    },
}

impl std::fmt::Debug for GetObjectOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Content { .. } => "Content",
            Self::NotModified { .. } => "NotModified",
            Self::Redirect { .. } => "Redirect",
            Self::RangeNotSatisfiable { .. } => "RangeNotSatisfiable",
        })
    }
}

/// How asking about an object went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadObjectOutcome {
    /// The object is there.
    Found {
        /// About the object.
        facts: ObjectFacts,
        /// Which part was asked about; `None` for all of it.
        range: Option<ContentRange>,
    },
    /// The range is outside of the object (416).
    RangeNotSatisfiable {
        /// About the object.
        facts: ObjectFacts,
        /// Whether several ranges were asked for.
        multiple: bool,
    },
}

impl Service {
    /// `GET /repositories/{repository}/refs/{ref}/objects`.
    pub async fn get_object(
        &self,
        caller: &Caller,
        request: GetObject<'_>,
    ) -> Result<GetObjectOutcome> {
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }

    /// `HEAD /repositories/{repository}/refs/{ref}/objects`.
    pub async fn head_object(
        &self,
        caller: &Caller,
        repository: &str,
        reference: &str,
        path: &str,
        range: Option<&str>,
    ) -> Result<HeadObjectOutcome> {
        let _ = (caller, repository, reference, path, range);
        Err(crate::Error::not_implemented())
    }
}
