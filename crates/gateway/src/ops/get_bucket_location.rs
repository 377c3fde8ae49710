//! `GetBucketLocation`.

use http::{Response, StatusCode};

use crate::error::S3Error;
use crate::request::Request;
use crate::xml::Xml;
use crate::{Body, Gateway, response};

/// The region whose location is written as nothing.
const CLASSIC: &str = "us-east-1";

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let repository = request.bucket()?.repository();
    gateway
        .service()
        .get_repository(&request.caller, repository)
        .await?;
    let region = gateway.options().region.as_str();
    let mut xml = Xml::new();
    xml.root("LocationConstraint")
        .escaped(if region == CLASSIC { "" } else { region })
        .close("LocationConstraint");
    Ok(response::document(StatusCode::OK, xml.finish()))
}
