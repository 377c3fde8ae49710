//! What a failed call means: whether to try again, and what to tell the caller. Pure.

use http::StatusCode;

use super::xml;
use crate::{BlockError, Cause};

/// A call that did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// No answer, or a broken one.
    Transport(Cause),
    /// The service said no.
    Refused(Refusal),
    /// No keys to sign with.
    Credentials(Cause),
    /// The body to send failed; nothing is wrong with the service.
    Body(BlockError),
}

/// The service's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: String,
    pub(super) message: String,
}

impl Refusal {
    /// Reads an error document; answers to `HEAD` have none, and proxies send pages of their own.
    pub(super) fn read(status: StatusCode, body: &[u8]) -> Self {
        let fields = std::str::from_utf8(body)
            .ok()
            .and_then(|text| xml::fields(text, "Error", &["Code", "Message"]).ok())
            .and_then(|found| found.into_iter().next());
        let [code, message] = match fields.as_deref() {
            Some([code, message]) => [code.clone(), message.clone()],
            _ => [None, None],
        };
        Self {
            status,
            code: code.unwrap_or_else(|| status.canonical_reason().unwrap_or("").to_owned()),
            message: message.unwrap_or_default(),
        }
    }
}

impl Failure {
    /// Whether another try may succeed.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::Refused(refusal) => {
                matches!(refusal.status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
                    || matches!(
                        refusal.code.as_str(),
                        "SlowDown"
                            | "RequestTimeout"
                            | "InternalError"
                            | "ServiceUnavailable"
                            | "Throttling"
                            | "ThrottlingException"
                            | "RequestLimitExceeded"
                            | "BandwidthLimitExceeded"
                            // The bytes were damaged on their way.
                            | "BadDigest"
                            | "XAmzContentSHA256Mismatch"
                    )
            }
            Self::Credentials(_) | Self::Body(_) => false,
        }
    }

    /// Whether the service may have done it all the same.
    pub(super) fn is_indeterminate(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::Refused(refusal) => refusal.status.is_server_error(),
            Self::Credentials(_) | Self::Body(_) => false,
        }
    }

    /// Whether the service gave this error code.
    pub(super) fn has_code(&self, code: &str) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == code)
    }

    /// The error for the caller.
    pub(super) fn into_error(self, operation: &'static str, address: &str) -> BlockError {
        let address = address.to_owned();
        let refusal = match self {
            Self::Body(error) => return error,
            Self::Transport(source) => {
                return BlockError::Unavailable {
                    operation,
                    address,
                    source,
                };
            }
            Self::Credentials(source) => return BlockError::Denied { address, source },
            Self::Refused(refusal) => refusal,
        };
        match (refusal.status.as_u16(), refusal.code.as_str()) {
            (_, "NoSuchBucket") => BlockError::InvalidAddress {
                address,
                reason: "there is no such bucket".to_owned(),
            },
            (_, "NoSuchUpload") => BlockError::NoSuchUpload { address },
            (400, "InvalidPartOrder") => BlockError::InvalidPartOrder,
            (400, "InvalidPart") => BlockError::InvalidPart {
                reason: refusal.message,
            },
            (400, "EntityTooSmall") => BlockError::PartTooSmall {
                reason: refusal.message,
            },
            (
                400,
                "EntityTooLarge" | "InvalidArgument" | "MalformedXML" | "InvalidStorageClass",
            ) => BlockError::InvalidRequest {
                reason: format!("{}: {}", refusal.code, refusal.message),
            },
            (400, "KeyTooLongError") => BlockError::InvalidAddress {
                address,
                reason: "the key is too long for the object store".to_owned(),
            },
            (404, _) => BlockError::NotFound { address },
            (401 | 403, _) => BlockError::Denied {
                address,
                source: Box::new(refusal),
            },
            _ => BlockError::Unavailable {
                operation,
                address,
                source: Box::new(refusal),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str) -> Failure {
        Failure::Refused(Refusal {
            status: StatusCode::from_u16(status).unwrap(),
            code: code.to_owned(),
            message: String::new(),
        })
    }

    #[test]
    fn error_documents_are_read_and_pages_survived() {
        let document = b"<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>a &amp; b</Message><X/></Error>";
        let refusal = Refusal::read(StatusCode::SERVICE_UNAVAILABLE, document);
        assert_eq!(
            (refusal.code.as_str(), refusal.message.as_str()),
            ("SlowDown", "a & b")
        );
        for page in [b"<html>Bad" as &[u8], b"", b"\xff"] {
            assert_eq!(
                Refusal::read(StatusCode::BAD_GATEWAY, page).code,
                "Bad Gateway"
            );
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (status, code, again) in [
            (503, "SlowDown", true),
            (500, "InternalError", true),
            (400, "RequestTimeout", true),
            (400, "BadDigest", true),
            (429, "", true),
            (404, "NoSuchKey", false),
            (403, "AccessDenied", false),
            (400, "InvalidPart", false),
            (501, "NotImplemented", false),
        ] {
            assert_eq!(
                refused(status, code).is_transient(),
                again,
                "{status} {code}"
            );
        }
        assert!(Failure::Transport("reset".into()).is_transient());
        assert!(!Failure::Credentials("none".into()).is_transient());
    }

    #[test]
    fn errors_say_what_the_caller_should_do() {
        let error = |status, code| refused(status, code).into_error("put", "s3://b/k");
        assert!(matches!(
            error(404, "NoSuchKey"),
            BlockError::NotFound { .. }
        ));
        assert!(matches!(
            error(403, "AccessDenied"),
            BlockError::Denied { .. }
        ));
        assert!(matches!(
            error(404, "NoSuchBucket"),
            BlockError::InvalidAddress { .. }
        ));
        assert!(matches!(
            error(404, "NoSuchUpload"),
            BlockError::NoSuchUpload { .. }
        ));
        assert!(matches!(
            error(400, "InvalidPart"),
            BlockError::InvalidPart { .. }
        ));
        assert!(matches!(
            error(400, "InvalidPartOrder"),
            BlockError::InvalidPartOrder
        ));
        assert!(matches!(
            error(400, "EntityTooSmall"),
            BlockError::PartTooSmall { .. }
        ));
        assert!(matches!(
            error(400, "EntityTooLarge"),
            BlockError::InvalidRequest { .. }
        ));
        assert!(matches!(
            error(503, "SlowDown"),
            BlockError::Unavailable { .. }
        ));
        assert!(matches!(
            error(301, "PermanentRedirect"),
            BlockError::Unavailable { .. }
        ));
    }
}
