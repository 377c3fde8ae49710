//! The rows of a listing, written straight from the page into the document: nothing is allocated for one.

use lakefs_service::{ObjectRow, Row};

use super::{Found, Listing, Rows};
use crate::date::IsoDates;
use crate::error::S3Error;
use crate::headers::{Checksum, stored_class};
use crate::xml::Xml;

/// Bytes of a row besides its key, for reserving room.
const ROW_BYTES: usize = 220;

/// Which elements a row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum RowStyle {
    /// `Contents`.
    Plain,
    /// `Contents` with an owner.
    Owned,
    /// `Version`.
    Version,
}

impl Found {
    /// How many rows there are, of both kinds.
    pub(in crate::ops) fn count(&self) -> usize {
        match &self.rows {
            Rows::Branches(names) => names.len(),
            Rows::Objects(page) => page.len(),
            Rows::None => 0,
        }
    }

    /// Room for a document with these rows.
    pub(in crate::ops) fn document_bytes(&self) -> usize {
        1024 + self.count() * (ROW_BYTES + self.lead.len() + 64)
    }

    /// The last key of the page, where there is one after it.
    pub(in crate::ops) fn next_key(&self) -> Option<String> {
        if !self.truncated {
            return None;
        }
        match &self.rows {
            Rows::Branches(names) => names.last().map(|name| format!("{name}/")),
            Rows::Objects(page) => {
                let shown = page.next_offset().get(self.hidden..)?;
                Some([self.lead.as_str(), shown].concat())
            }
            Rows::None => None,
        }
    }

    /// Whether it lists branches.
    pub(in crate::ops) fn is_of_branches(&self) -> bool {
        matches!(self.rows, Rows::Branches(_))
    }

    /// Begins a `ListBucketResult`: what both versions of it tell first, in lakeFS's order.
    pub(in crate::ops) fn begin_result(&self, xml: &mut Xml, bucket: &str, listing: &Listing<'_>) {
        xml.open("ListBucketResult").element("Name", bucket);
        xml.flag("IsTruncated", self.truncated);
        listing.name(xml, "Prefix", listing.prefix);
        if !listing.delimiter.is_empty() {
            listing.name(xml, "Delimiter", listing.delimiter);
        }
        if listing.encoded {
            xml.element("EncodingType", "url");
        }
        xml.number("KeyCount", self.count() as u64)
            .number("MaxKeys", listing.max_keys as u64);
    }

    /// Writes `CommonPrefixes`.
    pub(in crate::ops) fn write_prefixes(
        &self,
        xml: &mut Xml,
        listing: &Listing<'_>,
    ) -> Result<(), S3Error> {
        match &self.rows {
            Rows::None => {}
            Rows::Branches(names) => {
                for name in names {
                    xml.raw(&["<CommonPrefixes><Prefix>"]);
                    listing.text(xml, name);
                    xml.raw(&["/</Prefix></CommonPrefixes>"]);
                }
            }
            // Without a delimiter nothing is folded.
            Rows::Objects(_) if listing.delimiter.is_empty() => {}
            Rows::Objects(page) => {
                for row in page.rows() {
                    if let Row::Prefix(path) = row? {
                        xml.raw(&["<CommonPrefixes><Prefix>"]);
                        listing.text(xml, &self.lead);
                        listing.text(xml, self.shown(path));
                        xml.raw(&["</Prefix></CommonPrefixes>"]);
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes the objects.
    pub(in crate::ops) fn write_objects(
        &self,
        xml: &mut Xml,
        listing: &Listing<'_>,
        style: RowStyle,
    ) -> Result<(), S3Error> {
        let Rows::Objects(page) = &self.rows else {
            return Ok(());
        };
        // The reference is the same in every row: it is encoded once.
        let mut lead = Xml::fragment();
        listing.text(&mut lead, &self.lead);
        let lead = lead.finish();
        let (open, close) = match style {
            RowStyle::Version => ("<Version><Key>", "</Version>"),
            RowStyle::Plain | RowStyle::Owned => ("<Contents><Key>", "</Contents>"),
        };
        let mut dates = IsoDates::new();
        for row in page.rows() {
            let Row::Object(object) = row? else {
                continue;
            };
            xml.raw(&[open, &lead]);
            listing.text(xml, self.shown(object.path));
            xml.raw(&["</Key>"]);
            if style == RowStyle::Version {
                xml.raw(&["<VersionId>null</VersionId><IsLatest>true</IsLatest>"]);
            }
            write_facts(xml, &object, dates.text(object.modified()));
            if style != RowStyle::Plain {
                xml.raw(&[OWNER]);
            }
            xml.raw(&[close]);
        }
        Ok(())
    }

    fn shown<'a>(&self, path: &'a str) -> &'a str {
        path.get(self.hidden..).unwrap_or_default()
    }
}

/// All objects of an installation belong to it.
const OWNER: &str = "<Owner><ID>lakefs</ID><DisplayName>lakefs</DisplayName></Owner>";

fn write_facts(xml: &mut Xml, object: &ObjectRow<'_>, modified: &str) {
    xml.raw(&["<LastModified>", modified, "</LastModified><ETag>&#34;"]);
    xml.escaped(object.etag());
    let mut digits = itoa::Buffer::new();
    let size = digits.format(object.size());
    if object.has_metadata() {
        xml.raw(&["&#34;</ETag>"]);
        if let Some((algorithm, kind)) = Checksum::kind_of(object.metadata()) {
            let (algorithm, kind) = (algorithm.as_str(), kind.as_str());
            xml.raw(&["<ChecksumAlgorithm>", algorithm, "</ChecksumAlgorithm>"]);
            xml.raw(&["<ChecksumType>", kind, "</ChecksumType>"]);
        }
        let class = stored_class(object.metadata()).unwrap_or("STANDARD");
        xml.raw(&["<Size>", size, "</Size>"]);
        xml.element("StorageClass", class);
    } else {
        xml.raw(&[
            "&#34;</ETag><Size>",
            size,
            "</Size><StorageClass>STANDARD</StorageClass>",
        ]);
    }
}
