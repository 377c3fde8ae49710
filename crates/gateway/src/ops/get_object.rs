//! `GetObject`: the bytes of an object, or a part of them.

use http::Response;

use super::read_object::{Answer, answer};
use crate::error::S3Error;
use crate::request::Request;
use crate::{Body, Gateway};

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    answer(gateway, &request, Answer::WithBody).await
}
