//! `ListObjectsV2`: pages begin where a token says, or after a key.

use http::{Response, StatusCode};

use super::listing::{Found, Listing, RowStyle, decode_token, encode_token, names_nothing};
use crate::error::{Code, S3Error};
use crate::request::Request;
use crate::response::document;
use crate::xml::Xml;
use crate::{Body, Gateway};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let start_after = request.query.get("start-after").unwrap_or_default();
    let token = request.query.get("continuation-token").unwrap_or_default();
    let listing = Listing::of(&request)?;
    let listing = if token.is_empty() {
        listing.after(start_after)?
    } else {
        listing.after(decode_token(token)?)?
    };
    let found = match listing.find(gateway, &request).await {
        // lakeFS's answer, unlike to the first version.
        Err(error) if names_nothing(&error) => {
            return Err(S3Error::new(Code::BadRequest).caused_by(error));
        }
        found => found?,
    };
    let style = if request.query.get("fetch-owner") == Some("true") {
        RowStyle::Owned
    } else {
        RowStyle::Plain
    };
    let echo = Echo {
        bucket: &request.bucket()?.name,
        start_after,
        token,
    };
    Ok(document(
        StatusCode::OK,
        render(&echo, &listing, &found, style)?,
    ))
}

/// What the document repeats of the request besides the listing's own parameters.
struct Echo<'a> {
    bucket: &'a str,
    start_after: &'a str,
    token: &'a str,
}

fn render(
    echo: &Echo<'_>,
    listing: &Listing<'_>,
    found: &Found,
    style: RowStyle,
) -> Result<String, S3Error> {
    let mut xml = Xml::with_capacity(found.document_bytes());
    found.begin_result(&mut xml, echo.bucket, listing);
    if let Some(next) = found.next_key() {
        xml.element("NextContinuationToken", &encode_token(&next));
    }
    if !echo.token.is_empty() {
        xml.element("ContinuationToken", echo.token);
    }
    if !echo.start_after.is_empty() {
        listing.name(&mut xml, "StartAfter", echo.start_after);
    }
    found.write_prefixes(&mut xml, listing)?;
    found.write_objects(&mut xml, listing, style)?;
    xml.close("ListBucketResult");
    Ok(xml.finish())
}
