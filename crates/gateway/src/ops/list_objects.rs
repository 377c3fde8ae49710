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
    found.begin_result(&mut xml, bucket, listing);
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
