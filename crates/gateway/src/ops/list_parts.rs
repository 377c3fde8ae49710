//! `ListParts`.

use http::Response;

use crate::error::{Code, S3Error};
use crate::request::Request;
use crate::{Body, Gateway};

pub(super) async fn run(_gateway: &Gateway, _request: Request) -> Result<Response<Body>, S3Error> {
    Err(S3Error::new(Code::NotImplemented))
}
