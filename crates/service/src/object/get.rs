//! Reading an object.

use std::sync::Arc;

use lakefs_block::ByteStream;
use lakefs_runtime::Timestamp;

use lakefs_versioning::{EntryView, Error as EngineError, Repository, StoredEntry};

use crate::audit::Call;
use crate::failure::{block_failure, engine_failure};
use crate::object::model::content_type_or_default;
use crate::object::range::{RangeOutcome, decide_range};
use crate::{Caller, Error, Result, Service, names};

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

/// Reads say the same of a missing object, branch, tag or commit.
pub(crate) fn missing_is_not_found(error: EngineError) -> Error {
    if error.is_not_found() {
        return Error::not_found("not found").caused_by(error);
    }
    engine_failure(error)
}

pub(crate) fn facts_of(path: &str, entry: &EntryView<'_>) -> ObjectFacts {
    ObjectFacts {
        path: path.to_owned(),
        checksum: entry.etag.to_owned(),
        size_bytes: entry.size,
        modified: entry.last_modified,
        content_type: content_type_or_default(entry.content_type).to_owned(),
    }
}

impl Service {
    /// The entry at a path, for a caller who may read it.
    pub(crate) async fn read_entry(
        &self,
        caller: &Caller,
        repository: &str,
        reference: &str,
        path: &str,
    ) -> Result<(Arc<Repository>, StoredEntry)> {
        self.may_read_object(caller, repository, path).await?;
        let repository = self.repository(repository).await?;
        let reference = names::reference(reference)?;
        let path = names::path(path)?;
        let entry = self.engine().get(&repository, &reference, &path).await;
        Ok((repository, entry.map_err(missing_is_not_found)?))
    }

    /// `GET /repositories/{repository}/refs/{ref}/objects`.
    pub async fn get_object(
        &self,
        caller: &Caller,
        request: GetObject<'_>,
    ) -> Result<GetObjectOutcome> {
        let call = Call::at("getObject", request.repository, request.reference);
        self.audited(caller, call, async {
            let (repository, stored) = self
                .read_entry(caller, request.repository, request.reference, request.path)
                .await?;
            let entry = stored.view();
            if request.presign {
                let address = entry.location();
                let (url, _) = self
                    .presign_read(&repository, request.path, address)
                    .await?;
                return Ok(GetObjectOutcome::Redirect { url });
            }
            let facts = facts_of(request.path, &entry);
            if let Some(tag) = request.if_none_match
                && tag.trim_matches('"') == facts.checksum
            {
                return Ok(GetObjectOutcome::NotModified { facts });
            }
            let size = u64::try_from(entry.size).unwrap_or(0);
            let range = match decide_range(request.range, size) {
                RangeOutcome::Whole => None,
                RangeOutcome::Part(range) => Some(range),
                outcome @ (RangeOutcome::Unsatisfiable | RangeOutcome::Multiple) => {
                    return Ok(GetObjectOutcome::RangeNotSatisfiable {
                        facts,
                        multiple: outcome == RangeOutcome::Multiple,
                    });
                }
            };
            let location = self.locate(&repository, entry.location())?;
            let bytes = range.map(ContentRange::to_bytes);
            let found = self.blocks().get(&location, bytes).await;
            let found = found.map_err(block_failure)?;
            Ok(GetObjectOutcome::Content {
                facts,
                range,
                length: found.length,
                stream: found.stream,
            })
        })
        .await
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
        let call = Call::at("headObject", repository, reference);
        self.audited(caller, call, async {
            let (_, stored) = self.read_entry(caller, repository, reference, path).await?;
            let entry = stored.view();
            let facts = facts_of(path, &entry);
            let size = u64::try_from(entry.size).unwrap_or(0);
            let range = match decide_range(range, size) {
                RangeOutcome::Whole => None,
                RangeOutcome::Part(range) => Some(range),
                outcome @ (RangeOutcome::Unsatisfiable | RangeOutcome::Multiple) => {
                    return Ok(HeadObjectOutcome::RangeNotSatisfiable {
                        facts,
                        multiple: outcome == RangeOutcome::Multiple,
                    });
                }
            };
            Ok(HeadObjectOutcome::Found { facts, range })
        })
        .await
    }
}
