//! `ListMultipartUploads`. Keys are as clients know them: `<branch>/<path>`, or what an alias shows.

use http::{Response, StatusCode};
use lakefs_service::{ListUploads, ListedUpload};

use super::list_parts::write_people;
use super::listing::Listing;
use super::multipart::{UploadChecksum, list_number};
use crate::date::IsoDate;
use crate::error::S3Error;
use crate::request::Request;
use crate::xml::Xml;
use crate::{Body, Gateway, response};

/// Most uploads of a page, and how many it has unless told otherwise.
const MAX_UPLOADS: u32 = 1000;
/// Bytes of an upload in the document.
const UPLOAD_BYTES: usize = 512;

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let bucket = request.bucket()?;
    let listing = Listing::of(&request)?;
    let text = |name| request.query.get(name).unwrap_or_default();
    let (key_marker, id_marker) = (text("key-marker"), text("upload-id-marker"));
    let limit = list_number(&request.query, "max-uploads", MAX_UPLOADS)?.min(MAX_UPLOADS);
    // What stands before every key of the bucket to make it a name of the repository.
    let base = bucket.alias.as_ref().map_or_else(String::new, |alias| {
        format!("{}/{}", alias.reference, alias.prefix)
    });
    let (prefix, after) = (
        [&base, listing.prefix].concat(),
        match key_marker {
            "" => String::new(),
            marker => [&base, marker].concat(),
        },
    );
    let list = ListUploads {
        prefix: &prefix,
        delimiter: listing.delimiter,
        after_name: &after,
        after_id: id_marker,
        limit: limit as usize,
    };
    let page = gateway
        .service()
        .list_multipart_uploads(&request.caller, bucket.repository(), list)
        .await?;
    let shown = |name: &str| name.get(base.len()..).unwrap_or_default().to_owned();
    let truncated = page.has_more && limit > 0;
    let mut xml = Xml::with_capacity(1024 + page.items.len() * UPLOAD_BYTES);
    xml.root("ListMultipartUploadsResult")
        .element("Bucket", &bucket.name);
    listing.name(&mut xml, "KeyMarker", key_marker);
    xml.element("UploadIdMarker", id_marker);
    if truncated {
        match page.items.last() {
            Some(ListedUpload::Upload { name, info }) => {
                listing.name(&mut xml, "NextKeyMarker", &shown(name));
                xml.element("NextUploadIdMarker", &info.id);
            }
            Some(ListedUpload::Prefix(name)) => {
                listing.name(&mut xml, "NextKeyMarker", &shown(name));
            }
            None => {}
        }
    }
    listing.name(&mut xml, "Prefix", listing.prefix);
    if !listing.delimiter.is_empty() {
        listing.name(&mut xml, "Delimiter", listing.delimiter);
    }
    if listing.encoded {
        xml.element("EncodingType", "url");
    }
    xml.number("MaxUploads", u64::from(limit))
        .flag("IsTruncated", truncated);
    for item in &page.items {
        if let ListedUpload::Upload { name, info } = item {
            xml.open("Upload");
            listing.name(&mut xml, "Key", &shown(name));
            xml.element("UploadId", &info.id);
            write_people(&mut xml, info);
            xml.element("Initiated", IsoDate::new(info.created).as_str());
            if let Some(checksum) = UploadChecksum::parse(&info.checksum) {
                checksum.write(&mut xml);
            }
            xml.close("Upload");
        }
    }
    for item in &page.items {
        if let ListedUpload::Prefix(name) = item {
            xml.open("CommonPrefixes");
            listing.name(&mut xml, "Prefix", &shown(name));
            xml.close("CommonPrefixes");
        }
    }
    xml.close("ListMultipartUploadsResult");
    Ok(response::document(StatusCode::OK, xml.finish()))
}
