//! What a failure is called in S3: code, status and text; and the one table from the errors of the
//! use-cases.

use http::{HeaderName, HeaderValue, StatusCode};
use lakefs_service::{Cause, Error as ServiceError, ErrorKind, Reason};

use crate::request::BodyError;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $text:literal, $status:literal, $message:literal;)*) => {
        /// An error code of S3, or one of lakeFS's own that its users match on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Code { $($(#[$meta])* $name,)* }

        impl Code {
            /// Every code.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As it stands in the error document.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The status it comes with.
            pub(crate) fn status(self) -> StatusCode {
                let status: u16 = match self { $(Self::$name => $status,)* };
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }

            /// What is said where nothing more specific is known.
            pub(crate) const fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }
        }
    };
}

codes! {
    AccessDenied = "AccessDenied", 403, "Access Denied.";
    AccessForbidden = "AccessForbidden", 403, "This server shares no resources with pages of other origins.";
    AuthorizationHeaderMalformed = "AuthorizationHeaderMalformed", 400, "The authorization header that you provided is not valid.";
    AuthorizationQueryParametersError = "AuthorizationQueryParametersError", 400, "Query-string authentication is not complete or not valid.";
    BadDigest = "BadDigest", 400, "The Content-MD5 you specified did not match what we received.";
    BadRequest = "BadRequest", 400, "400 BadRequest";
    BucketAlreadyExists = "BucketAlreadyExists", 409, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.";
    BucketAlreadyOwnedByYou = "BucketAlreadyOwnedByYou", 409, "Your previous request to create the named bucket succeeded and you already own it.";
    BucketNotEmpty = "BucketNotEmpty", 409, "The bucket you tried to delete is not empty.";
    ConditionalRequestConflict = "ConditionalRequestConflict", 409, "Somebody else wrote the object at the same time. Try again.";
    EntityTooLarge = "EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed object size.";
    EntityTooSmall = "EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size";
    IncompleteBody = "IncompleteBody", 400, "You did not provide the number of bytes specified by the Content-Length HTTP header";
    InternalError = "InternalError", 500, "We encountered an internal error, please try again.";
    InvalidAccessKeyId = "InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records.";
    InvalidArgument = "InvalidArgument", 400, "Invalid Argument";
    InvalidBucketName = "InvalidBucketName", 400, "The specified bucket is not valid.";
    InvalidDigest = "InvalidDigest", 400, "The Content-Md5 you specified is not valid.";
    InvalidPart = "InvalidPart", 400, "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
    InvalidPartNumber = "InvalidPartNumber", 416, "The requested partnumber is not satisfiable.";
    InvalidPartOrder = "InvalidPartOrder", 400, "The list of parts was not in ascending order. Parts must be ordered by part number.";
    InvalidRange = "InvalidRange", 416, "The requested range is not satisfiable";
    InvalidRequest = "InvalidRequest", 400, "Invalid Request";
    InvalidUri = "InvalidURI", 400, "The specified URI couldn't be parsed.";
    KeyTooLong = "KeyTooLongError", 400, "Your key is too long.";
    MalformedTrailer = "MalformedTrailerError", 400, "The request contained trailing data that was not well-formed or did not conform to our published schema.";
    MalformedXml = "MalformedXML", 400, "The XML you provided was not well-formed or did not validate against our published schema.";
    MaxMessageLengthExceeded = "MaxMessageLengthExceeded", 400, "The document is too long.";
    MetadataTooLarge = "MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size";
    MethodNotAllowed = "MethodNotAllowed", 405, "The specified method is not allowed against this resource.";
    MissingContentLength = "MissingContentLength", 411, "You must provide the Content-Length HTTP header.";
    NoSuchBucket = "NoSuchBucket", 404, "The specified bucket does not exist";
    NoSuchCorsConfiguration = "NoSuchCORSConfiguration", 404, "The CORS configuration does not exist";
    NoSuchKey = "NoSuchKey", 404, "The specified key does not exist.";
    NoSuchUpload = "NoSuchUpload", 404, "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
    NoSuchVersion = "NoSuchVersion", 404, "The specified version does not exist.";
    NotImplemented = "NotImplemented", 501, "A header you provided implies functionality that is not implemented";
    NotModified = "NotModified", 304, "Not Modified";
    PreconditionFailed = "PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold";
    RequestTimeTooSkewed = "RequestTimeTooSkewed", 403, "The difference between the request time and the current time is too large.";
    RequestTimeout = "RequestTimeout", 400, "The body stood still for too long.";
    ServiceUnavailable = "ServiceUnavailable", 503, "The service is not available now. Try again.";
    SignatureDoesNotMatch = "SignatureDoesNotMatch", 403, "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
    SlowDown = "SlowDown", 503, "Please reduce your request rate.";
    Sha256Mismatch = "XAmzContentSHA256Mismatch", 400, "The provided 'x-amz-content-sha256' header does not match what was computed.";
    LakefsNotSupported = "ERRLakeFSNotSupported", 405, "This operation is not supported in LakeFS";
    LakefsApiEndpoint = "ErrNoSuchBucketPossibleAPIEndpoint", 404, "There is no such repository. The address looks like that of the REST API: use the S3 endpoint without it.";
    LakefsProtectedBranch = "ErrWriteToProtectedBranch", 403, "Attempted to write to a protected branch";
    LakefsReadOnlyRepository = "ErrReadOnlyRepository", 403, "Attempted to write to a read-only repository";
}

/// How much of the request an error document repeats. Clients of lakeFS know these shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scope {
    /// Key, bucket and reference: the operation was begun.
    #[default]
    Operation,
    /// Nothing: the request was refused for its kind.
    Kind,
    /// Nothing, and no region: so is the refusal to delete a bucket.
    Nowhere,
    /// Nothing, and as `text/xml`: the sender or the bucket is unknown.
    Door,
    /// No document at all.
    Silent,
}

/// A failed S3 request. It is an error itself so that a body can fail with it deep below a use-case; the
/// conversion of the use-case's error finds it again.
#[derive(Debug)]
pub(crate) struct S3Error {
    pub(crate) code: Code,
    /// What to tell the client; the code's own text when `None`.
    pub(crate) message: Option<String>,
    /// Further elements of the document, in order.
    pub(crate) details: Vec<(&'static str, String)>,
    /// What the document repeats.
    pub(crate) scope: Scope,
    /// Headers the answer has besides.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// What happened below; logged, never shown.
    pub(crate) source: Option<Cause>,
}

impl S3Error {
    pub(crate) fn new(code: Code) -> Self {
        Self {
            code,
            message: None,
            details: Vec::new(),
            scope: Scope::Operation,
            headers: Vec::new(),
            source: None,
        }
    }

    /// With a text of its own.
    pub(crate) fn with(code: Code, message: impl Into<String>) -> Self {
        Self {
            message: Some(message.into()),
            ..Self::new(code)
        }
    }

    /// Adds an element to the error document.
    #[must_use]
    pub(crate) fn detail(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }

    /// Says what the document repeats.
    #[must_use]
    pub(crate) fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    #[must_use]
    pub(crate) fn caused_by(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn message(&self) -> &str {
        self.message.as_deref().unwrap_or(self.code.message())
    }

    /// A failed read: whatever is wrong with a reference, there is no such key.
    pub(crate) fn of_read(error: ServiceError) -> Self {
        let missing = matches!(
            error.reason(),
            Some(Reason::BranchNotFound | Reason::ReferenceNotFound | Reason::InvalidName)
        );
        if missing {
            return Self::new(Code::NoSuchKey).caused_by(error);
        }
        error.into()
    }

    /// The failure of a body that came through a use-case and its store.
    fn of_body(error: &ServiceError) -> Option<Self> {
        let mut next = std::error::Error::source(error);
        while let Some(cause) = next {
            let wrapped = cause
                .downcast_ref::<std::io::Error>()
                .and_then(|error| error.get_ref()?.downcast_ref::<Self>());
            if let Some(found) = cause.downcast_ref::<Self>().or(wrapped) {
                return Some(Self {
                    code: found.code,
                    message: found.message.clone(),
                    details: found.details.clone(),
                    scope: found.scope,
                    headers: found.headers.clone(),
                    source: None,
                });
            }
            if let Some(found) = cause.downcast_ref::<BodyError>() {
                return Some(found.into());
            }
            next = cause.source();
        }
        None
    }
}

impl std::fmt::Display for S3Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for S3Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

impl From<&BodyError> for S3Error {
    fn from(error: &BodyError) -> Self {
        Self::new(match error {
            BodyError::Idle => Code::RequestTimeout,
            BodyError::Broken(_) => Code::IncompleteBody,
        })
    }
}

/// The one table from the use-cases' failures. What is about a write is told as of a write; reads use
/// [`S3Error::of_read`].
impl From<ServiceError> for S3Error {
    fn from(error: ServiceError) -> Self {
        if let Some(found) = Self::of_body(&error) {
            return found.caused_by(error);
        }
        let (code, scope) = match error.reason() {
            Some(reason) => code_of_reason(reason),
            None => (code_of_kind(error.kind()), Scope::Operation),
        };
        let shown = code == Code::InvalidArgument && error.reason().is_some();
        Self {
            message: shown.then(|| error.message().to_owned()),
            ..Self::new(code)
        }
        .scope(scope)
        .caused_by(error)
    }
}

fn code_of_reason(reason: Reason) -> (Code, Scope) {
    let code = match reason {
        Reason::RepositoryNotFound => return (Code::NoSuchBucket, Scope::Door),
        Reason::BranchNotFound | Reason::NotABranch => Code::NoSuchBucket,
        Reason::ReferenceNotFound | Reason::ObjectNotFound => Code::NoSuchKey,
        Reason::InvalidName | Reason::PathEmpty => Code::InvalidArgument,
        Reason::DataMissing => Code::NoSuchVersion,
        Reason::ProtectedBranch => Code::LakefsProtectedBranch,
        Reason::ReadOnlyRepository => Code::LakefsReadOnlyRepository,
        Reason::PathTooLong => Code::KeyTooLong,
        Reason::BodyLength | Reason::BodyBroken => Code::IncompleteBody,
        Reason::DigestMismatch => Code::BadDigest,
        Reason::UploadNotFound => Code::NoSuchUpload,
        Reason::InvalidPart => Code::InvalidPart,
        Reason::InvalidPartOrder => Code::InvalidPartOrder,
        Reason::PartTooSmall => Code::EntityTooSmall,
        Reason::WriteConflict => Code::ConditionalRequestConflict,
    };
    (code, Scope::Operation)
}

fn code_of_kind(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::Invalid => Code::InvalidArgument,
        ErrorKind::Unauthorized | ErrorKind::Forbidden => Code::AccessDenied,
        ErrorKind::NotFound => Code::NoSuchKey,
        ErrorKind::Conflict | ErrorKind::MergeConflict => Code::ConditionalRequestConflict,
        ErrorKind::Gone => Code::NoSuchVersion,
        ErrorKind::PreconditionFailed => Code::PreconditionFailed,
        ErrorKind::RangeNotSatisfiable => Code::InvalidRange,
        ErrorKind::TooManyRequests => Code::SlowDown,
        ErrorKind::Canceled => Code::RequestTimeout,
        ErrorKind::Internal => Code::InternalError,
        ErrorKind::NotImplemented => Code::NotImplemented,
        ErrorKind::Unavailable => Code::ServiceUnavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_and_have_a_status_of_a_failure() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            let status = code.status().as_u16();
            assert!(status == 304 || (400..=503).contains(&status), "{code:?}");
            assert!(!code.message().is_empty(), "{code:?}");
        }
    }

    #[test]
    fn what_a_body_fails_with_is_found_again_below_a_use_case() {
        let wrapped = || {
            let found = S3Error::with(Code::BadDigest, "not these bytes").detail("A", "b");
            std::io::Error::other(found)
        };
        let failure = ServiceError::new(ErrorKind::Invalid, "body").caused_by(wrapped());
        let error = S3Error::from(failure);
        assert_eq!(error.code, Code::BadDigest);
        assert_eq!(error.message(), "not these bytes");
        assert_eq!(error.details, [("A", "b".to_owned())]);
        for (cause, code) in [
            (BodyError::Idle, Code::RequestTimeout),
            (BodyError::Broken("reset".into()), Code::IncompleteBody),
        ] {
            let failure = ServiceError::new(ErrorKind::Invalid, "body").caused_by(cause);
            assert_eq!(S3Error::from(failure).code, code);
        }
    }

    #[test]
    fn kinds_without_a_reason_have_codes_of_their_own() {
        for (kind, code) in [
            (ErrorKind::Unauthorized, Code::AccessDenied),
            (ErrorKind::Unavailable, Code::ServiceUnavailable),
            (ErrorKind::TooManyRequests, Code::SlowDown),
            (ErrorKind::Internal, Code::InternalError),
            (ErrorKind::PreconditionFailed, Code::PreconditionFailed),
        ] {
            let error = S3Error::from(ServiceError::new(kind, "told to nobody"));
            assert_eq!((error.code, error.message()), (code, code.message()));
        }
    }
}
