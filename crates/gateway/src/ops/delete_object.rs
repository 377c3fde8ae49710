//! `DeleteObject`: what is gone already is fine, unless the request says otherwise.

use http::header::IF_MATCH;
use http::{Response, StatusCode};
use lakefs_service::{DeleteCondition, DeleteObjects, Error as ServiceError};

use super::listing::invalid;
use crate::conditions::{FAILED, bare_tag};
use crate::date::parse_date;
use crate::error::{Code, S3Error};
use crate::request::Request;
use crate::{Body, Gateway, response};

const SIZE: &str = "x-amz-if-match-size";
const MODIFIED: &str = "x-amz-if-match-last-modified-time";

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let place = request.place()?;
    let condition = condition(&request)?;
    let path = place.path();
    let target = DeleteObjects {
        repository: place.repository,
        branch: place.reference,
        no_tombstone: false,
        force: false,
    };
    let service = gateway.service();
    if condition.is_empty() {
        service
            .delete_object(&request.caller, target, &path)
            .await?;
    } else {
        let done = service.delete_object_if(&request.caller, target, &path, &condition);
        done.await.map_err(of_condition)?;
    }
    Ok(response::bare(StatusCode::NO_CONTENT))
}

/// The failure of a deletion on a condition, in S3's words.
pub(super) fn of_condition(error: ServiceError) -> S3Error {
    let error = S3Error::from(error);
    match error.code {
        Code::PreconditionFailed => S3Error {
            message: Some(FAILED.to_owned()),
            ..error
        },
        _ => error,
    }
}

fn condition(request: &Request) -> Result<DeleteCondition, S3Error> {
    let etags = request.header(IF_MATCH.as_str()).map(|list| {
        let tags = list.split(',').map(|tag| bare_tag(tag).to_owned());
        tags.collect()
    });
    let refuse = |name, value| invalid(name, value, "The condition cannot be understood.");
    let size = match request.header(SIZE) {
        Some(text) => Some(text.trim().parse().map_err(|_| refuse(SIZE, text))?),
        None => None,
    };
    let modified = match request.header(MODIFIED) {
        Some(text) => Some(parse_date(text).ok_or_else(|| refuse(MODIFIED, text))?),
        None => None,
    };
    Ok(DeleteCondition {
        etags,
        size,
        modified,
    })
}
