//! Reading a document of a client, element by element.
//!
//! Lenient where clients differ: namespaces, the order of elements and elements nobody asks for are the
//! caller's to pass over. Strict where a document is made to harm: one root of the right name, shallow
//! nesting, no entities of its own (they are how small documents grow large).

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use crate::error::{Code, S3Error};

/// Deepest nesting: the root, its entries, their fields, and one for what we do not know.
const MAX_DEPTH: usize = 4;

/// An element below the root that was read to its end.
#[derive(Debug)]
pub(crate) struct Element<'a> {
    /// The elements it stands in, the root first.
    pub(crate) parents: &'a [String],
    pub(crate) name: &'a str,
    /// Its text, unescaped; of an element with children, what followed the last.
    pub(crate) text: &'a str,
    /// Whether it was written `<Name/>`, without an inside.
    pub(crate) hollow: bool,
}

/// Hands every element below the root to `take`, inner ones first. What cannot be read is refused with
/// `refusal`.
pub(crate) fn read(
    bytes: &[u8],
    root: &str,
    refusal: Code,
    mut take: impl FnMut(Element<'_>) -> Result<(), S3Error>,
) -> Result<(), S3Error> {
    let malformed = || S3Error::new(refusal);
    let document = std::str::from_utf8(bytes).map_err(|_| malformed())?;
    let mut reader = quick_xml::Reader::from_str(document);
    let mut open: Vec<String> = Vec::with_capacity(MAX_DEPTH);
    let mut text = String::new();
    let mut seen = false;
    loop {
        match reader.read_event().map_err(|_| malformed())? {
            Event::Start(start) => {
                let name = start.local_name();
                let name = name.as_ref();
                if open.len() == MAX_DEPTH || open.is_empty() && (seen || name != root) {
                    return Err(malformed());
                }
                seen = true;
                text.clear();
                open.push(name.to_owned());
            }
            Event::Empty(start) => {
                let name = start.local_name();
                let name = name.as_ref();
                if !open.is_empty() {
                    take(Element {
                        parents: &open,
                        name,
                        text: "",
                        hollow: true,
                    })?;
                } else if seen || name != root {
                    return Err(malformed());
                }
                seen = true;
            }
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::CData(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(reference) => {
                if let Some(character) = reference.resolve_char_ref().map_err(|_| malformed())? {
                    text.push(character);
                } else {
                    text.push_str(resolve_predefined_entity(&reference).ok_or_else(malformed)?);
                }
            }
            Event::End(_) => {
                let name = open.pop().ok_or_else(malformed)?;
                if !open.is_empty() {
                    take(Element {
                        parents: &open,
                        name: &name,
                        text: &text,
                        hollow: false,
                    })?;
                }
                text.clear();
            }
            Event::Eof if open.is_empty() && seen => return Ok(()),
            Event::Eof | Event::DocType(_) => return Err(malformed()),
            _ => {}
        }
    }
}
