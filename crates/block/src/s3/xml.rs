//! The few XML documents of the S3 protocol that a client reads and writes.

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::Event;

use crate::UploadedPart;

/// The texts of some children of every element of a name, in document order. Namespaces are ignored:
/// services differ on them.
pub(super) fn fields(
    document: &str,
    element: &str,
    children: &[&str],
) -> Result<Vec<Vec<Option<String>>>, quick_xml::Error> {
    let mut reader = Reader::from_str(document);
    let mut found = Vec::new();
    let mut current: Option<Vec<Option<String>>> = None;
    let mut depth = 0_usize;
    let mut text: Option<(usize, String)> = None;
    loop {
        match reader.read_event()? {
            Event::Start(start) => {
                let name = start.local_name();
                if current.is_none() && name.as_ref() == element {
                    current = Some(vec![None; children.len()]);
                    depth = 0;
                } else if current.is_some() {
                    depth += 1;
                    let child = children.iter().position(|child| *child == name.as_ref());
                    if depth == 1
                        && let Some(child) = child
                    {
                        text = Some((child, String::new()));
                    }
                }
            }
            Event::Text(part) => {
                if let Some((_, text)) = &mut text {
                    text.push_str(&part);
                }
            }
            Event::CData(part) => {
                if let Some((_, text)) = &mut text {
                    text.push_str(&part);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some((_, text)) = &mut text {
                    if let Some(character) = reference.resolve_char_ref()? {
                        text.push(character);
                    } else {
                        text.push_str(resolve_predefined_entity(&reference).unwrap_or_default());
                    }
                }
            }
            Event::End(_) if depth > 0 => {
                depth -= 1;
                if depth == 0
                    && let (Some((child, text)), Some(current)) = (text.take(), &mut current)
                    && let Some(slot) = current.get_mut(child)
                {
                    *slot = Some(text);
                }
            }
            Event::End(_) => found.extend(current.take()),
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

/// The first child of that name of the first element of a name.
pub(super) fn field(document: &str, element: &str, child: &str) -> Option<String> {
    let found = fields(document, element, &[child]).ok()?;
    found.into_iter().next()?.into_iter().next()?
}

/// The document that completes an upload.
pub(super) fn complete_upload(parts: &[UploadedPart]) -> String {
    let mut document = String::from("<CompleteMultipartUpload>");
    for part in parts {
        let etag = part.etag.trim_matches('"');
        document.push_str("<Part><PartNumber>");
        document.push_str(&part.number.to_string());
        document.push_str("</PartNumber><ETag>&quot;");
        document.push_str(&escape(etag));
        document.push_str("&quot;</ETag></Part>");
    }
    document.push_str("</CompleteMultipartUpload>");
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_from_direct_children_only() {
        let document = "<?xml version=\"1.0\"?><L xmlns=\"u\"><Part><N>1</N><E>&quot;a&#38;b&quot;</E></Part>\
                        <Part><O><N>9</N></O><N>2</N></Part></L>";
        let found = fields(document, "Part", &["N", "E"]).unwrap();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            found,
            [vec![text("1"), text("\"a&b\"")], vec![text("2"), None]]
        );
        assert_eq!(field("<A><B>x</B></A>", "A", "B"), text("x"));
        assert_eq!(field("<A/>", "A", "B"), None);
        assert!(fields("<A><B></A>", "A", &["B"]).is_err());
    }
}
