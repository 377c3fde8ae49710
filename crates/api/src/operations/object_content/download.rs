//! Answers that carry an object: headers, ranges, and the streamed body.
//!
//! A stored object is somebody's upload: whatever its content type claims, a browser must not run it
//! in this origin. So every answer forbids sniffing, framing and active content, and only types that
//! are safe under that policy are shown rather than saved.

use axum::body::Body;
use futures_util::TryStreamExt as _;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, EXPIRES, HeaderMap, HeaderName, HeaderValue,
    LAST_MODIFIED, LOCATION, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{Response, StatusCode};
use lakefs_service::{ContentRange, GetObjectOutcome, HeadObjectOutcome, ObjectFacts};
use lakefs_wire::ErrorBody;

use crate::respond::{self, NO_SNIFF};

const NEVER_CACHED: HeaderValue = HeaderValue::from_static("no-store, must-revalidate");
const NOTHING_ACTIVE: HeaderValue = HeaderValue::from_static("default-src 'none'");
const OCTET_STREAM: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// The answer to reading an object.
pub(super) fn get(outcome: GetObjectOutcome) -> Response<Body> {
    match outcome {
        GetObjectOutcome::Content {
            facts,
            range,
            length,
            stream,
        } => {
            let path = facts.path.clone();
            // The status is on its way already: the connection is cut, and only the log knows why.
            let stream = stream.inspect_err(move |error| {
                tracing::error!(path, "an object could not be read to its end: {error}");
            });
            let mut response = Response::new(Body::from_stream(stream));
            *response.status_mut() = status_of(range);
            let headers = response.headers_mut();
            describe(headers, &facts);
            protect(headers, &facts.content_type);
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            if let Some(range) = range {
                insert(headers, CONTENT_RANGE, &content_range(range, &facts));
            }
            response
        }
        GetObjectOutcome::NotModified { .. } => status(StatusCode::NOT_MODIFIED),
        GetObjectOutcome::Redirect { url } => redirect(&url),
        GetObjectOutcome::RangeNotSatisfiable { facts, multiple } => {
            let mut response = not_satisfiable(&facts, multiple);
            protect(response.headers_mut(), &facts.content_type);
            response
        }
    }
}

/// The answer to asking about an object.
pub(super) fn head(outcome: HeadObjectOutcome) -> Response<Body> {
    match outcome {
        HeadObjectOutcome::Found { facts, range } => {
            let mut response = status(status_of(range));
            let headers = response.headers_mut();
            describe(headers, &facts);
            headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
            let length = match range {
                Some(range) => (range.end + 1).saturating_sub(range.start),
                None => u64::try_from(facts.size_bytes).unwrap_or(0),
            };
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            if let Some(range) = range {
                insert(headers, CONTENT_RANGE, &content_range(range, &facts));
            }
            response
        }
        HeadObjectOutcome::RangeNotSatisfiable { facts, multiple } => {
            not_satisfiable(&facts, multiple)
        }
    }
}

/// A redirect to a presigned URL.
pub(in crate::operations) fn redirect(url: &str) -> Response<Body> {
    let mut response = status(StatusCode::FOUND);
    insert(response.headers_mut(), LOCATION, url);
    response
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn status_of(range: Option<ContentRange>) -> StatusCode {
    match range {
        Some(_) => StatusCode::PARTIAL_CONTENT,
        None => StatusCode::OK,
    }
}

fn not_satisfiable(facts: &ObjectFacts, multiple: bool) -> Response<Body> {
    let message = "Requested Range Not Satisfiable".to_owned();
    let status = StatusCode::RANGE_NOT_SATISFIABLE;
    let mut response = respond::json(status, &ErrorBody { message });
    let headers = response.headers_mut();
    identify(headers, facts);
    if !multiple {
        let range = format!("bytes */{}", facts.size_bytes);
        insert(headers, CONTENT_RANGE, &range);
    }
    response
}

fn content_range(range: ContentRange, facts: &ObjectFacts) -> String {
    format!("bytes {}-{}/{}", range.start, range.end, facts.size_bytes)
}

/// Which object, and that nobody keeps a copy.
fn identify(headers: &mut HeaderMap, facts: &ObjectFacts) {
    headers.reserve(16);
    insert(headers, ETAG, &format!("\"{}\"", facts.checksum));
    headers.insert(CACHE_CONTROL, NEVER_CACHED);
    headers.insert(EXPIRES, HeaderValue::from_static("0"));
    if let Some(date) = http_date(facts.modified.seconds) {
        insert(headers, LAST_MODIFIED, &date);
    }
}

fn describe(headers: &mut HeaderMap, facts: &ObjectFacts) {
    identify(headers, facts);
    let content_type = HeaderValue::try_from(facts.content_type.as_str()).unwrap_or(OCTET_STREAM);
    headers.insert(CONTENT_TYPE, content_type);
}

fn protect(headers: &mut HeaderMap, content_type: &str) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    headers.insert(CONTENT_SECURITY_POLICY, NOTHING_ACTIVE);
    let disposition = if is_shown(content_type) {
        "inline"
    } else {
        "attachment"
    };
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
}

/// Whether a browser may show the type in place, given that nothing active runs.
fn is_shown(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or("").trim();
    matches!(
        media_type.to_ascii_lowercase().as_str(),
        "text/plain"
            | "text/html"
            | "application/json"
            | "application/pdf"
            | "image/avif"
            | "image/bmp"
            | "image/gif"
            | "image/jpeg"
            | "image/png"
            | "image/svg+xml"
            | "image/webp"
            | "audio/mpeg"
            | "audio/ogg"
            | "audio/wav"
            | "video/mp4"
            | "video/ogg"
            | "video/webm"
    )
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`; `None` outside of the years that have this form.
fn http_date(seconds: i64) -> Option<String> {
    let moment = jiff::Timestamp::from_second(seconds).ok()?;
    Some(moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// Sets a header unless the text cannot be one (an address or checksum of an old record may not be).
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_in_the_form_of_http() {
        let date = http_date(784_111_777);
        assert_eq!(date.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    }

    #[test]
    fn only_harmless_types_are_shown() {
        assert!(is_shown("text/plain; charset=utf-8"));
        assert!(is_shown("image/PNG"));
        for saved in [
            "text/csv",
            "application/octet-stream",
            "text/javascript",
            "",
        ] {
            assert!(!is_shown(saved), "{saved}");
        }
    }
}
