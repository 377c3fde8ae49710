//! `GetObjectTagging`: objects have no tags.

use http::{Response, StatusCode};
use lakefs_service::OpenObject;

use crate::error::S3Error;
use crate::request::Request;
use crate::response::document;
use crate::xml::Xml;
use crate::{Body, Gateway};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let place = request.place()?;
    let path = place.path();
    let opened = gateway.service().open_object(
        &request.caller,
        OpenObject {
            operation: request.operation.name(),
            repository: place.repository,
            reference: place.reference,
            path: &path,
        },
    );
    opened.await.map_err(S3Error::of_read)?;
    let mut xml = Xml::new();
    xml.root("Tagging").open("TagSet").close("TagSet");
    xml.close("Tagging");
    Ok(document(StatusCode::OK, xml.finish()))
}
