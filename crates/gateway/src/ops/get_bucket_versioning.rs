//! `GetBucketVersioning`: S3's versioning was never switched on; versions are commits here.

use http::{Response, StatusCode};

use crate::error::S3Error;
use crate::request::Request;
use crate::xml::{NAMESPACE, Xml};
use crate::{Body, Gateway, response};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let repository = request.bucket()?.repository();
    gateway
        .service()
        .get_repository(&request.caller, repository)
        .await?;
    let mut xml = Xml::new();
    xml.raw(&["<VersioningConfiguration xmlns=\"", NAMESPACE, "\"/>"]);
    Ok(response::document(StatusCode::OK, xml.finish()))
}
