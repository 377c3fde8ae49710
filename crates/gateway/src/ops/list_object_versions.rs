//! `ListObjectVersions`: every object has one version, `null`. History is in commits.

use http::{Response, StatusCode};

use super::listing::{Found, Listing, RowStyle, empty, invalid, names_nothing};
use crate::error::S3Error;
use crate::request::Request;
use crate::response::document;
use crate::xml::Xml;
use crate::{Body, Gateway};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let key = request.query.get("key-marker").unwrap_or_default();
    let version = request.query.get("version-id-marker").unwrap_or_default();
    if key.is_empty() && !version.is_empty() {
        return Err(invalid(
            "version-id-marker",
            version,
            "A version-id marker cannot be specified without a key marker.",
        ));
    }
    let listing = Listing::of(&request)?.after(key)?;
    let found = match listing.find(gateway, &request).await {
        Err(error) if names_nothing(&error) => empty(),
        found => found?,
    };
    let name = &request.bucket()?.name;
    let text = render(name, version, &listing, &found)?;
    Ok(document(StatusCode::OK, text))
}

fn render(
    bucket: &str,
    version_marker: &str,
    listing: &Listing<'_>,
    found: &Found,
) -> Result<String, S3Error> {
    let mut xml = Xml::with_capacity(found.document_bytes());
    xml.root("ListVersionsResult").element("Name", bucket);
    listing.name(&mut xml, "Prefix", listing.prefix);
    listing.name(&mut xml, "KeyMarker", &listing.after);
    xml.element("VersionIdMarker", version_marker);
    if let Some(next) = found.next_key() {
        listing.name(&mut xml, "NextKeyMarker", &next);
        xml.element("NextVersionIdMarker", "null");
    }
    xml.number("MaxKeys", listing.max_keys as u64);
    if !listing.delimiter.is_empty() {
        listing.name(&mut xml, "Delimiter", listing.delimiter);
    }
    if listing.encoded {
        xml.element("EncodingType", "url");
    }
    xml.flag("IsTruncated", found.truncated);
    found.write_objects(&mut xml, listing, RowStyle::Version)?;
    found.write_prefixes(&mut xml, listing)?;
    xml.close("ListVersionsResult");
    Ok(xml.finish())
}
