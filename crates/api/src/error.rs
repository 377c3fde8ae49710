//! Failures as answers: the one table from the use-cases' error kinds to HTTP statuses.
//!
//! A client sees `{"message": …}` and the request id; the chain of causes goes to the log, once,
//! here. lakeFS answers 401 both to a caller it does not know and to one who may not.

use axum::body::Body;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use lakefs_service::{Error, ErrorKind};
use lakefs_wire::ErrorBody;

use crate::respond;

/// Seconds after which a client may try again when a store cannot be reached.
const RETRY_AFTER_SECS: HeaderValue = HeaderValue::from_static("3");

/// Why a request was not served.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The use-case said no.
    UseCase(Error),
    /// The request breaks the contract or a limit; no use-case was asked.
    Request { status: StatusCode, message: String },
}

impl Failure {
    /// The request breaks the contract.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Request {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }

    /// The body is larger than `limit` bytes.
    pub(crate) fn too_large(limit: usize) -> Self {
        Self::Request {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            message: format!("request body is larger than the limit of {limit} bytes"),
        }
    }

    /// No operation has this path and method.
    pub(crate) fn no_operation() -> Self {
        Self::Request {
            status: StatusCode::NOT_FOUND,
            message: "invalid API endpoint".to_owned(),
        }
    }

    /// What the client is told.
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::UseCase(error) => error.message(),
            Self::Request { message, .. } => message,
        }
    }

    /// The answer's status.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::UseCase(error) => status_of(error.kind()),
            Self::Request { status, .. } => *status,
        }
    }

    /// The answer.
    pub(crate) fn render(&self, operation: &str, request_id: &str) -> Response<Body> {
        let status = self.status();
        if let Self::UseCase(error) = self {
            log(error, status, operation, request_id);
        }
        let mut response = respond::json(
            status,
            &ErrorBody {
                message: self.message().to_owned(),
            },
        );
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECS);
        }
        response
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::UseCase(error)
    }
}

/// The status of a kind of failure.
pub(crate) fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthorized => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict | ErrorKind::MergeConflict => StatusCode::CONFLICT,
        ErrorKind::Gone => StatusCode::GONE,
        ErrorKind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        ErrorKind::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        ErrorKind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Canceled => client_closed_request(),
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::NotImplemented => StatusCode::NOT_IMPLEMENTED,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// 499, which no registry knows: the client went away. Nobody reads it but log and metrics.
fn client_closed_request() -> StatusCode {
    StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST)
}

fn log(error: &Error, status: StatusCode, operation: &str, request_id: &str) {
    let mut causes = String::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        causes.push_str(": ");
        causes.push_str(&cause.to_string());
        next = cause.source();
    }
    if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
        tracing::error!(
            operation,
            request_id,
            status = status.as_u16(),
            "{error}{causes}"
        );
    } else if !causes.is_empty() {
        tracing::debug!(
            operation,
            request_id,
            status = status.as_u16(),
            "{error}{causes}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_stay_inside() {
        let error = Error::new(ErrorKind::Internal, "reading branch failed")
            .caused_by("secret path /var/lib");
        let response = Failure::from(error).render("GetBranch", "id");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let error = Error::new(ErrorKind::Internal, "m").caused_by("secret");
        assert_eq!(Failure::from(error).message(), "m");
    }

    #[test]
    fn an_unreachable_store_says_when_to_try_again() {
        let error = Error::new(ErrorKind::Unavailable, "store unavailable");
        let response = Failure::from(error).render("GetBranch", "id");
        assert_eq!(response.status().as_u16(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], RETRY_AFTER_SECS);
    }
}
