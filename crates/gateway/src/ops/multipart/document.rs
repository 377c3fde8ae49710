//! Reading `CompleteMultipartUpload`: the parts a client wants its object made of.
//!
//! Lenient where clients differ (namespaces, order of elements, quotes of entity tags, elements we do not
//! know), strict where a mistake would make another object.

use lakefs_service::{MAX_UPLOAD_PARTS, UploadedPart};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use super::invalid_argument;
use crate::checksum::Digest;
use crate::conditions::bare_tag;
use crate::error::{Code, S3Error};
use crate::headers::ChecksumAlgorithm;

/// Most bytes of the document.
pub(in crate::ops) const MAX_BYTES: u64 = 4 << 20;
/// Deepest nesting: the root, `Part`, its elements, and one for what we do not know.
const MAX_DEPTH: usize = 4;
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
    let text = std::str::from_utf8(bytes).map_err(|_| malformed())?;
    let mut reader = Reader::from_str(text);
    let mut parts = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut draft = Draft::default();
    let mut field = String::new();
    let mut seen = false;
    loop {
        match reader.read_event().map_err(|_| malformed())? {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                // One root, and of that name.
                if open.len() == MAX_DEPTH || open.is_empty() && (seen || name != ROOT) {
                    return Err(malformed());
                }
                seen = true;
                field.clear();
                open.push(name);
            }
            Event::Empty(start) => {
                let name = start.local_name();
                match open.len() {
                    0 if name.as_ref() == ROOT && !seen => seen = true,
                    0 => return Err(malformed()),
                    1 if name.as_ref() == PART => return Err(malformed()),
                    _ => {}
                }
            }
            Event::Text(piece) => field.push_str(&piece),
            Event::CData(piece) => field.push_str(&piece),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|_| malformed())?;
                if let Some(character) = character {
                    field.push(character);
                } else {
                    let text = resolve_predefined_entity(&reference);
                    field.push_str(text.ok_or_else(malformed)?);
                }
            }
            Event::End(_) => {
                let name = open.pop().ok_or_else(malformed)?;
                match (open.len(), open.last().map(String::as_str)) {
                    (2, Some(PART)) => draft.take(&name, field.trim()),
                    (1, _) if name == PART => {
                        if parts.len() == MAX_UPLOAD_PARTS {
                            return Err(malformed());
                        }
                        parts.push(std::mem::take(&mut draft).finish()?);
                    }
                    _ => {}
                }
                field.clear();
            }
            Event::Eof if open.is_empty() => break,
            // Entities of a document's own are how small documents grow large.
            Event::Eof | Event::DocType(_) => return Err(malformed()),
            _ => {}
        }
    }
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
