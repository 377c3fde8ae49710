//! `GetObjectTagging`: objects have no tags.

use http::{Response, StatusCode};

use crate::error::S3Error;
use crate::ops::read_object::open_object;
use crate::request::Request;
use crate::response::document;
use crate::xml::Xml;
use crate::{Body, Gateway};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    open_object(gateway, &request).await?;
    let mut xml = Xml::new();
    xml.root("Tagging").open("TagSet").close("TagSet");
    xml.close("Tagging");
    Ok(document(StatusCode::OK, xml.finish()))
}
