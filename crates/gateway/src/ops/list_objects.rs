//! `ListObjects`, the first version: pages begin at a marker, which is a key.

use http::{Response, StatusCode};

use super::listing::{Found, Listing, RowStyle, empty, names_nothing};
use crate::error::S3Error;
use crate::request::Request;
use crate::response::document;
use crate::xml::Xml;
use crate::{Body, Gateway};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let marker = request.query.get("marker").unwrap_or_default();
    let listing = Listing::of(&request)?.after(marker)?;
    let found = match listing.find(gateway, &request).await {
        Err(error) if names_nothing(&error) => empty(),
        found => found?,
    };
    let name = &request.bucket()?.name;
    let text = render(name, &listing, &found)?;
    Ok(document(StatusCode::OK, text))
}

fn render(bucket: &str, listing: &Listing<'_>, found: &Found) -> Result<String, S3Error> {
    let mut xml = Xml::with_capacity(found.document_bytes());
    xml.open("ListBucketResult").element("Name", bucket);
    xml.flag("IsTruncated", found.truncated);
    listing.name(&mut xml, "Prefix", listing.prefix);
    if !listing.delimiter.is_empty() {
        listing.name(&mut xml, "Delimiter", listing.delimiter);
    }
    if listing.encoded {
        xml.element("EncodingType", "url");
    }
    xml.number("KeyCount", found.count() as u64)
        .number("MaxKeys", listing.max_keys as u64);
    // Without a delimiter clients go on after the last key. Branches are folded without one.
    if let Some(next) = found.next_key()
        && (!listing.delimiter.is_empty() || found.is_of_branches())
    {
        listing.name(&mut xml, "NextMarker", &next);
    }
    found.write_prefixes(&mut xml, listing)?;
    listing.name(&mut xml, "Marker", &listing.after);
    found.write_objects(&mut xml, listing, RowStyle::Plain)?;
    xml.close("ListBucketResult");
    Ok(xml.finish())
}
