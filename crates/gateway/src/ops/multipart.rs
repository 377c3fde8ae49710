//! What the operations on uploads in parts have in common: which upload and part is meant, and how
//! checksums are kept with them.

use http::{HeaderMap, HeaderValue};
use lakefs_service::{Error as ServiceError, ErrorKind, UploadTarget};

use crate::body::parse_algorithm;
use crate::checksum::{Digest, allows, default_type};
use crate::error::{Code, S3Error};
use crate::headers::{ChecksumAlgorithm, ChecksumType};
use crate::query::Query;
use crate::request::Request;
use crate::xml::Xml;

pub(super) mod document;
pub(super) mod judge;
pub(super) mod slow;
#[cfg(test)]
mod tests;

/// Highest part number.
const MAX_PART_NUMBER: u32 = 10_000;

/// The upload a request names, with its path spelled out.
#[derive(Debug)]
pub(super) struct UploadAddress {
    repository: String,
    branch: String,
    path: String,
    id: String,
}

impl UploadAddress {
    pub(super) fn of(request: &Request) -> Result<Self, S3Error> {
        let Some(id) = request.query.get("uploadId") else {
            return Err(invalid_argument(
                "partNumber",
                "This operation does not accept partNumber without uploadId",
            ));
        };
        let place = request.place()?;
        Ok(Self {
            repository: place.repository.to_owned(),
            branch: place.reference.to_owned(),
            path: place.path(),
            id: id.to_owned(),
        })
    }

    pub(super) fn target(&self) -> UploadTarget<'_> {
        UploadTarget {
            repository: &self.repository,
            branch: &self.branch,
            path: &self.path,
            id: &self.id,
        }
    }
}

/// The number of the part a request uploads.
pub(super) fn part_number(query: &Query) -> Result<u32, S3Error> {
    let number = query.get("partNumber").and_then(number_of);
    number
        .filter(|number| (1..=MAX_PART_NUMBER).contains(number))
        .ok_or_else(|| {
            invalid_argument(
                "partNumber",
                "Part number must be an integer between 1 and 10000, inclusive.",
            )
        })
}

/// A number of decimal digits and nothing else.
pub(super) fn number_of(text: &str) -> Option<u32> {
    u32::try_from(number_of_u64(text)?).ok()
}

/// The same for offsets.
pub(super) fn number_of_u64(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// A parameter of a list that is a number, with its default.
pub(super) fn list_number(query: &Query, name: &'static str, default: u32) -> Result<u32, S3Error> {
    match query.get(name) {
        None | Some("") => Ok(default),
        Some(text) => number_of(text)
            .filter(|number| i32::try_from(*number).is_ok())
            .ok_or_else(|| {
                invalid_argument(
                    name,
                    format!("Argument {name} must be an integer between 0 and 2147483647"),
                )
            }),
    }
}

pub(super) fn invalid_argument(name: &'static str, message: impl Into<String>) -> S3Error {
    S3Error::with(Code::InvalidArgument, message).detail("ArgumentName", name)
}

pub(super) fn invalid_request(message: impl Into<String>) -> S3Error {
    S3Error::with(Code::InvalidRequest, message)
}

/// A refusal of ours on its way through a use-case.
pub(super) fn refused(error: S3Error) -> ServiceError {
    ServiceError::new(ErrorKind::Invalid, error.message().to_owned()).caused_by(error)
}

/// An entity tag in quotes, for a header.
pub(super) fn quoted(etag: &str) -> Result<HeaderValue, S3Error> {
    HeaderValue::try_from(format!("\"{etag}\""))
        .map_err(|error| S3Error::new(Code::InternalError).caused_by(error))
}

/// The checksum an upload was begun with. Kept in its record as `<algorithm> <type>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UploadChecksum {
    pub(super) algorithm: ChecksumAlgorithm,
    pub(super) kind: ChecksumType,
}

impl UploadChecksum {
    /// What the headers of the request that begins an upload ask for.
    pub(super) fn of_headers(headers: &HeaderMap) -> Result<Option<Self>, S3Error> {
        let text = |name: &str| {
            let value = headers.get(name)?.to_str().ok()?.trim();
            (!value.is_empty()).then_some(value)
        };
        let kind = match text("x-amz-checksum-type") {
            None => None,
            Some(name) => Some(ChecksumType::parse(name).ok_or_else(|| {
                invalid_request("Value for x-amz-checksum-type header is invalid.")
            })?),
        };
        let Some(name) = text("x-amz-checksum-algorithm") else {
            return match kind {
                None => Ok(None),
                Some(_) => Err(invalid_request(
                    "The x-amz-checksum-type header can only be used with the \
                     x-amz-checksum-algorithm header.",
                )),
            };
        };
        let algorithm = parse_algorithm(name)?;
        let kind = kind.unwrap_or(default_type(algorithm));
        if !allows(algorithm, kind) {
            return Err(invalid_request(format!(
                "The {} checksum type cannot be used with the {} checksum algorithm.",
                kind.as_str(),
                algorithm.as_str().to_ascii_lowercase()
            )));
        }
        Ok(Some(Self { algorithm, kind }))
    }

    pub(super) fn to_text(checksum: Option<Self>) -> String {
        checksum.map_or_else(String::new, |checksum| {
            format!("{} {}", checksum.algorithm.as_str(), checksum.kind.as_str())
        })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (algorithm, kind) = text.split_once(' ')?;
        Some(Self {
            algorithm: ChecksumAlgorithm::parse(algorithm)?,
            kind: ChecksumType::parse(kind)?,
        })
    }

    /// Writes `ChecksumAlgorithm` and `ChecksumType`.
    pub(super) fn write(self, xml: &mut Xml) {
        xml.element("ChecksumAlgorithm", self.algorithm.as_str())
            .element("ChecksumType", self.kind.as_str());
    }
}

/// The checksum of a part as its record keeps it: `<algorithm> <Base64>`.
pub(super) fn digest_to_text(digest: Option<Digest>) -> String {
    digest.map_or_else(String::new, |digest| {
        format!("{} {}", digest.algorithm().as_str(), digest.to_base64())
    })
}

/// Reads what [`digest_to_text`] wrote.
pub(super) fn digest_of_text(text: &str) -> Option<Digest> {
    let (algorithm, value) = text.split_once(' ')?;
    Digest::parse(ChecksumAlgorithm::parse(algorithm)?, value)
}

/// Writes the checksum of a part, if it has one.
pub(super) fn write_digest(xml: &mut Xml, digest: Option<Digest>) {
    if let Some(digest) = digest {
        xml.element(digest.algorithm().element(), &digest.to_base64());
    }
}

/// Puts the checksum of a part into the headers of an answer, if it has one.
pub(super) fn insert_digest(headers: &mut HeaderMap, digest: Option<Digest>) {
    if let Some(digest) = digest
        && let Ok(value) = HeaderValue::try_from(digest.to_base64())
    {
        headers.insert(digest.algorithm().header(), value);
    }
}
