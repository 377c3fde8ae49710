//! `ListParts`.

use http::{Response, StatusCode};

use super::listing::Listing;
use super::multipart::{UploadAddress, UploadChecksum, digest_of_text, list_number, write_digest};
use crate::date::IsoDate;
use crate::error::S3Error;
use crate::request::Request;
use crate::xml::Xml;
use crate::{Body, Gateway, response};

/// Most parts of a page, and how many it has unless told otherwise.
const MAX_PARTS: u32 = 1000;
/// Bytes of a part in the document.
const PART_BYTES: usize = 256;

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let upload = UploadAddress::of(&request)?;
    let listing = Listing::of(&request)?;
    let after = list_number(&request.query, "part-number-marker", 0)?;
    let limit = list_number(&request.query, "max-parts", MAX_PARTS)?.min(MAX_PARTS);
    let target = upload.target();
    let page = gateway
        .service()
        .list_upload_parts(&request.caller, target, after, limit as usize)
        .await?;
    let mut xml = Xml::with_capacity(1024 + page.parts.len() * PART_BYTES);
    xml.root("ListPartsResult")
        .element("Bucket", &request.bucket()?.name);
    listing.name(&mut xml, "Key", request.key()?);
    let last = page.parts.last().map_or(0, |part| part.number);
    xml.element("UploadId", target.id)
        .number("PartNumberMarker", u64::from(after))
        .number("NextPartNumberMarker", u64::from(last))
        .number("MaxParts", u64::from(limit))
        .flag("IsTruncated", page.has_more && limit > 0);
    let wanted = UploadChecksum::parse(&page.upload.checksum);
    for part in &page.parts {
        xml.open("Part")
            .number("PartNumber", u64::from(part.number))
            .element("LastModified", IsoDate::new(part.modified.seconds).as_str())
            .element("ETag", &format!("\"{}\"", part.etag))
            .number("Size", part.size);
        // One that nobody asked for is our own business.
        if wanted.is_some() {
            write_digest(&mut xml, digest_of_text(&part.checksum));
        }
        xml.close("Part");
    }
    write_people(&mut xml, &page.upload);
    if let Some(wanted) = wanted {
        wanted.write(&mut xml);
    }
    xml.close("ListPartsResult");
    Ok(response::document(StatusCode::OK, xml.finish()))
}

/// Initiator, owner and storage class of an upload.
pub(super) fn write_people(xml: &mut Xml, upload: &lakefs_service::UploadInfo) {
    for role in ["Initiator", "Owner"] {
        xml.open(role)
            .element("ID", &upload.initiator)
            .element("DisplayName", &upload.initiator)
            .close(role);
    }
    let class = if upload.storage_class.is_empty() {
        "STANDARD"
    } else {
        &upload.storage_class
    };
    xml.element("StorageClass", class);
}
