//! Reading `CompleteMultipartUpload`: the parts a client wants its object made of.
//!
//! Lenient where clients differ (quotes of entity tags, elements we do not know), strict where a mistake
//! would make another object.

use lakefs_service::{MAX_UPLOAD_PARTS, UploadedPart};

use super::invalid_argument;
use crate::checksum::Digest;
use crate::conditions::bare_tag;
use crate::error::{Code, S3Error};
use crate::headers::ChecksumAlgorithm;
use crate::xml::reader::read;

/// Most bytes of the document.
pub(in crate::ops) const MAX_BYTES: u64 = 4 << 20;
const ROOT: &str = "CompleteMultipartUpload";
const PART: &str = "Part";

/// A part as the client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ops) struct NamedPart {
    pub(in crate::ops) part: UploadedPart,
    /// The checksum the client says the part has.
    pub(in crate::ops) claim: Option<Digest>,
}

/// A part while it is being read.
#[derive(Default)]
struct Draft {
    number: Option<String>,
    etag: Option<String>,
    claims: Vec<(ChecksumAlgorithm, String)>,
}

/// Reads the document.
pub(in crate::ops) fn parse(bytes: &[u8]) -> Result<Vec<NamedPart>, S3Error> {
    let mut parts = Vec::new();
    let mut draft = Draft::default();
    read(bytes, ROOT, Code::MalformedXml, |element| {
        match (element.parents, element.name) {
            ([_], PART) => {
                if element.hollow || parts.len() == MAX_UPLOAD_PARTS {
                    return Err(malformed());
                }
                parts.push(std::mem::take(&mut draft).finish()?);
            }
            ([_, parent], name) if parent == PART && !element.hollow => {
                draft.take(name, element.text.trim());
            }
            _ => {}
        }
        Ok(())
    })?;
    if parts.is_empty() {
        return Err(malformed());
    }
    Ok(parts)
}

impl Draft {
    fn take(&mut self, name: &str, text: &str) {
        match name {
            "PartNumber" => self.number = Some(text.to_owned()),
            "ETag" => self.etag = Some(text.to_owned()),
            name => {
                let algorithm = ChecksumAlgorithm::ALL
                    .into_iter()
                    .find(|algorithm| algorithm.element() == name);
                if let Some(algorithm) = algorithm {
                    self.claims.push((algorithm, text.to_owned()));
                }
            }
        }
    }

    fn finish(self) -> Result<NamedPart, S3Error> {
        let number = self.number.ok_or_else(malformed)?;
        let number = match number.parse::<i64>() {
            Ok(..1) => {
                return Err(invalid_argument("PartNumber", "PartNumber must be >= 1")
                    .detail("ArgumentValue", number));
            }
            Ok(number) => u32::try_from(number).map_err(|_| malformed())?,
            Err(_) => return Err(malformed()),
        };
        let etag = self.etag.ok_or_else(malformed)?;
        let claim = match self.claims.as_slice() {
            [] => None,
            [(algorithm, value)] => {
                let digest = Digest::parse(*algorithm, value);
                Some(digest.ok_or_else(not_one_checksum)?)
            }
            _ => return Err(not_one_checksum()),
        };
        Ok(NamedPart {
            claim,
            part: UploadedPart {
                number,
                etag: bare_tag(&etag).to_owned(),
            },
        })
    }
}

fn not_one_checksum() -> S3Error {
    invalid_argument(
        "Checksum",
        "Invalid Base64 or multiple checksums present in request",
    )
}

fn malformed() -> S3Error {
    S3Error::new(Code::MalformedXml)
}
