//! Reading `Delete`: the keys of a `DeleteObjects`.
//!
//! Strict where a mistake would delete another object: a key is taken as it is, white space included.

use lakefs_service::{DeleteCondition, MAX_DELETE_PATHS};

use crate::conditions::bare_tag;
use crate::date::parse_date;
use crate::error::{Code, S3Error};
use crate::xml::reader::read;

/// Most bytes of the document: a thousand keys, every byte of them escaped.
pub(crate) const MAX_BYTES: u64 = 8 << 20;
const ROOT: &str = "Delete";
const OBJECT: &str = "Object";
/// lakeFS's answer to a document that is none; S3's own code is for one with too many keys or none.
const NO_DOCUMENT: Code = Code::BadRequest;

/// What to delete.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Deletion {
    /// Whether only failures are told.
    pub(crate) quiet: bool,
    /// The objects, in order.
    pub(crate) objects: Vec<Doomed>,
}

/// One object to delete.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Doomed {
    pub(crate) key: String,
    /// The version, where one is named.
    pub(crate) version: Option<String>,
    pub(crate) condition: DeleteCondition,
}

/// Reads the document.
pub(crate) fn parse(bytes: &[u8]) -> Result<Deletion, S3Error> {
    let mut deletion = Deletion::default();
    let mut object = Doomed::default();
    read(bytes, ROOT, NO_DOCUMENT, |element| {
        match (element.parents, element.name) {
            ([_], OBJECT) | ([_, _], "Key") if element.hollow => return Err(malformed()),
            _ if element.hollow => {}
            ([_], "Quiet") => deletion.quiet = element.text.trim().eq_ignore_ascii_case("true"),
            ([_], OBJECT) => {
                if object.key.is_empty() {
                    return Err(malformed());
                }
                if deletion.objects.len() == MAX_DELETE_PATHS {
                    return Err(S3Error::new(Code::MalformedXml));
                }
                deletion.objects.push(std::mem::take(&mut object));
            }
            ([_, parent], name) if parent == OBJECT => object.take(name, element.text)?,
            _ => {}
        }
        Ok(())
    })?;
    if deletion.objects.is_empty() {
        return Err(S3Error::new(Code::MalformedXml));
    }
    Ok(deletion)
}

impl Doomed {
    fn take(&mut self, name: &str, text: &str) -> Result<(), S3Error> {
        match name {
            "Key" => text.clone_into(&mut self.key),
            "VersionId" => self.version = Some(text.trim().to_owned()),
            "ETag" => self.condition.etags = Some(vec![bare_tag(text).to_owned()]),
            "Size" => {
                let size = text.trim().parse().map_err(|_| malformed())?;
                self.condition.size = Some(size);
            }
            "LastModifiedTime" => {
                let modified = parse_date(text).ok_or_else(malformed)?;
                self.condition.modified = Some(modified);
            }
            _ => {}
        }
        Ok(())
    }
}

fn malformed() -> S3Error {
    S3Error::new(NO_DOCUMENT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::xml::Xml;

    fn keys(text: &str) -> Vec<String> {
        let deletion = parse(text.as_bytes()).unwrap();
        deletion
            .objects
            .into_iter()
            .map(|object| object.key)
            .collect()
    }

    #[test]
    fn documents_of_clients_are_read() {
        let text = concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
            "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n  <Quiet>true</Quiet>\n",
            "  <Object><Key>main/a b&amp;&lt;&#x1;&#13;</Key><VersionId>null</VersionId></Object>\n",
            "  <Object><ETag>\"abc\"</ETag><Size>5</Size><Other><Deep/></Other>",
            "<LastModifiedTime>Sun, 06 Nov 1994 08:49:37 GMT</LastModifiedTime>",
            "<Key><![CDATA[ main/<x> ]]></Key></Object>\n",
            "</Delete>\n"
        );
        let deletion = parse(text.as_bytes()).unwrap();
        assert!(deletion.quiet);
        let [first, second] = &deletion.objects[..] else {
            panic!("{deletion:?}");
        };
        assert_eq!(first.key, "main/a b&<\u{1}\r");
        assert_eq!(first.version.as_deref(), Some("null"));
        assert!(first.condition.is_empty());
        assert_eq!(second.key, " main/<x> ");
        assert_eq!(second.version, None);
        assert_eq!(
            second.condition,
            DeleteCondition {
                etags: Some(vec!["abc".to_owned()]),
                size: Some(5),
                modified: Some(784_111_777),
            }
        );
    }

    #[test]
    fn what_is_no_such_document_is_refused() {
        for text in [
            "",
            "<Delete>",
            "<Delete><Object><Key>a</Key></Object>",
            "<Deletes><Object><Key>a</Key></Object></Deletes>",
            "<Delete><Object></Object></Delete>",
            "<Delete><Object><Key></Key></Object></Delete>",
            "<Delete><Object><Key/></Object></Delete>",
            "<Delete><Object><Key>a</Key><Size>x</Size></Object></Delete>",
            "<Delete><Object><Key>&unknown;</Key></Object></Delete>",
            "<!DOCTYPE d [<!ENTITY a \"b\">]><Delete><Object><Key>&a;</Key></Object></Delete>",
            "<Delete><Object><Key>a</Key></Object></Delete><Delete/>",
            "<Delete><a><b><c><d><e/></d></c></b></a></Delete>",
            "nonsense",
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.code, Code::BadRequest, "{text}");
        }
        assert_eq!(parse(b"\xff").unwrap_err().code, Code::BadRequest);
    }

    #[test]
    fn a_thousand_keys_are_allowed_and_not_one_more_or_none() {
        let document = |count: usize| {
            let objects = "<Object><Key>k</Key></Object>".repeat(count);
            format!("<Delete>{objects}</Delete>")
        };
        assert_eq!(keys(&document(1000)).len(), 1000);
        for text in [document(1001), document(0), "<Delete/>".to_owned()] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.code, Code::MalformedXml);
        }
    }

    proptest! {
        #[test]
        fn every_key_comes_through(names in prop::collection::vec("\\PC{1,20}", 1..5)) {
            let mut xml = Xml::new();
            xml.root("Delete");
            for name in &names {
                xml.open("Object").element("Key", name).close("Object");
            }
            xml.close("Delete");
            prop_assert_eq!(keys(&xml.finish()), names);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _outcome = parse(&bytes);
        }
    }
}
