//! What `GetObject` and `HeadObject` have in common, which is all but the bytes.
//!
//! Conditions come first, then the range or the part. The root of a reference is not read here (`root`).

use std::borrow::Cow;

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE,
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, EXPIRES, IF_RANGE,
    LAST_MODIFIED, LOCATION, RANGE, USER_AGENT, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use lakefs_service::{ContentRange, OpenObject, OpenedFacts, OpenedObject};

use crate::conditions::{
    Conditions, Range, Verdict, Wanted, decide_range, precondition_failed, range_applies,
};
use crate::date::http_date;
use crate::error::{Code, S3Error};
use crate::headers::{Checksum, PartSizes, apply_headers};
use crate::request::Request;
use crate::{Body, Gateway};

const MP_PARTS_COUNT: HeaderName = HeaderName::from_static("x-amz-mp-parts-count");
const CHECKSUM_MODE: HeaderName = HeaderName::from_static("x-amz-checksum-mode");
const BYTES: HeaderValue = HeaderValue::from_static("bytes");
const OCTET_STREAM: HeaderValue = HeaderValue::from_static("application/octet-stream");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("SAMEORIGIN");
const NOTHING_ACTIVE: HeaderValue = HeaderValue::from_static("default-src 'none'");
/// What a client's name has in it that wants to be sent to the store.
const REDIRECTION: &str = "s3RedirectionSupport";
/// Most parts of an object.
const MAX_PART_NUMBER: u32 = 10_000;
/// Headers of most answers; room for all of them is made at once.
const USUAL_HEADERS: usize = 24;

/// Parameters of a query that replace headers of the answer.
const OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-cache-control", CACHE_CONTROL),
    ("response-content-disposition", CONTENT_DISPOSITION),
    ("response-content-encoding", CONTENT_ENCODING),
    ("response-content-language", CONTENT_LANGUAGE),
    ("response-content-type", CONTENT_TYPE),
    ("response-expires", EXPIRES),
];

/// What to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    WithBody,
    HeadersOnly,
}

/// Opens the object a request is about.
pub(super) async fn open_object(
    gateway: &Gateway,
    request: &Request,
) -> Result<OpenedObject, S3Error> {
    let place = request.place()?;
    let path = if place.prefix.is_empty() {
        Cow::Borrowed(place.rest)
    } else {
        Cow::Owned(place.path())
    };
    let opened = gateway.service().open_object(
        &request.caller,
        OpenObject {
            operation: request.operation.name(),
            repository: place.repository,
            reference: place.reference,
            path: &path,
        },
    );
    opened.await.map_err(S3Error::of_read)
}

/// Answers a read.
pub(super) async fn answer(
    gateway: &Gateway,
    request: &Request,
    what: Answer,
) -> Result<Response<Body>, S3Error> {
    let overrides = overrides(request)?;
    if let Some(number) = request.query.get("partNumber") {
        part_number(number)?;
    }
    let opened = open_object(gateway, request).await?;
    let facts = opened.facts();
    let (etag, modified) = (facts.etag(), facts.modified().seconds);
    match Conditions::of(request.headers()).decide(etag, modified) {
        Verdict::Proceed => {}
        Verdict::NotModified => return Ok(not_modified(&facts)),
        Verdict::Failed(condition) => return Err(precondition_failed(condition)),
    }
    if what == Answer::WithBody && overrides.is_empty() && follows_redirects(request) {
        let url = opened.presign(&facts).await.map_err(S3Error::of_read)?;
        if let Some(url) = url {
            return redirect(&url);
        }
    }
    let selected = select(request, &facts)?;
    let (length, body) = match (what, selected.range) {
        (Answer::HeadersOnly, range) => {
            let length = range.map_or(facts.size(), Range::length);
            (length, Body::empty())
        }
        (Answer::WithBody, range) => {
            let range = range.map(|range| ContentRange {
                start: range.start,
                end: range.end,
            });
            let (length, stream) = opened.read(&facts, range).await?;
            (length, Body::stream(stream, length))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = selected.status;
    let mut headers = HeaderMap::with_capacity(USUAL_HEADERS);
    describe(&mut headers, &facts);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(range) = selected.range {
        let text = format!("bytes {}-{}/{}", range.start, range.end, facts.size());
        insert(&mut headers, CONTENT_RANGE, &text);
    } else if wants_checksum(request)
        && let Some(checksum) = Checksum::of(facts.metadata())
    {
        checksum.apply(&mut headers);
    }
    if let Some(parts) = selected.parts {
        headers.insert(MP_PARTS_COUNT, HeaderValue::from(parts));
    }
    for (name, value) in overrides {
        headers.insert(name, value);
    }
    *response.headers_mut() = headers;
    Ok(response)
}

/// Whether the client says that it fetches an object from wherever it is sent to, as clients made for lakeFS
/// do. It sends its range there, too; a part is known here only.
fn follows_redirects(request: &Request) -> bool {
    let agent = header(request, &USER_AGENT);
    agent.is_some_and(|agent| agent.contains(REDIRECTION)) && !request.query.has("partNumber")
}

/// Sends a client to the store. The address is good for a while only, so nobody may keep the answer.
fn redirect(url: &str) -> Result<Response<Body>, S3Error> {
    let location = HeaderValue::from_str(url)
        .map_err(|error| S3Error::new(Code::InternalError).caused_by(error))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
    Ok(response)
}

/// What of an object is answered.
struct Selected {
    status: StatusCode,
    /// `None` for all of it.
    range: Option<Range>,
    /// In how many parts the object was uploaded, where that was asked for.
    parts: Option<u32>,
}

fn select(request: &Request, facts: &OpenedFacts<'_>) -> Result<Selected, S3Error> {
    let size = facts.size();
    let range = header(request, &RANGE);
    if let Some(number) = request.query.get("partNumber") {
        if range.is_some() {
            return Err(S3Error::with(
                Code::InvalidRequest,
                "Cannot specify both Range header and partNumber query parameter",
            ));
        }
        return select_part(part_number(number)?, facts);
    }
    let known = || {
        range_applies(
            header(request, &IF_RANGE),
            facts.etag(),
            facts.modified().seconds,
        )
    };
    let wanted = match range {
        Some(_) if known() => decide_range(range, size),
        _ => Wanted::Whole,
    };
    let (status, range) = match wanted {
        Wanted::Whole => (StatusCode::OK, None),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, Some(range)),
        Wanted::Unsatisfiable => {
            return Err(not_satisfiable(size)
                .detail("RangeRequested", range.unwrap_or_default())
                .detail("ActualObjectSize", size.to_string()));
        }
    };
    Ok(Selected {
        status,
        range,
        parts: None,
    })
}

fn not_satisfiable(size: u64) -> S3Error {
    let error = S3Error::new(Code::InvalidRange);
    match HeaderValue::from_str(&format!("bytes */{size}")) {
        Ok(value) => error.header(CONTENT_RANGE, value),
        Err(_) => error,
    }
}

fn part_number(text: &str) -> Result<u32, S3Error> {
    let number = text.parse().ok();
    number
        .filter(|number| (1..=MAX_PART_NUMBER).contains(number))
        .ok_or_else(|| {
            S3Error::with(
                Code::InvalidArgument,
                "Part number must be an integer between 1 and 10000, inclusive.",
            )
            .detail("ArgumentName", "partNumber")
            .detail("ArgumentValue", text)
        })
}

/// One part of an object. One that was uploaded at once is its own only part.
fn select_part(number: u32, facts: &OpenedFacts<'_>) -> Result<Selected, S3Error> {
    let size = facts.size();
    let parts = PartSizes::of(facts.metadata());
    let (start, length, count) = match &parts {
        Some(parts) => match parts.span(number).filter(|_| parts.total() == size) {
            Some(span) => (span.start, span.size, Some(parts.count())),
            // There is such a part, but nobody knows where it lies.
            None if number <= parts.count() => return Err(S3Error::new(Code::NotImplemented)),
            None => return Err(no_such_part(number, parts.count())),
        },
        // In parts by its entity tag, of which nothing was recorded.
        None if facts.etag().contains('-') => return Err(S3Error::new(Code::NotImplemented)),
        None if number == 1 => (0, size, None),
        None => return Err(no_such_part(number, 1)),
    };
    let end = start.saturating_add(length).min(size);
    let range = (start < end).then(|| Range {
        start,
        end: end - 1,
    });
    Ok(Selected {
        status: match range {
            Some(_) => StatusCode::PARTIAL_CONTENT,
            None => StatusCode::OK,
        },
        range,
        parts: count,
    })
}

fn no_such_part(number: u32, count: u32) -> S3Error {
    S3Error::new(Code::InvalidPartNumber)
        .detail("PartNumberRequested", number.to_string())
        .detail("ActualPartCount", count.to_string())
}

/// Headers of the answer that the query replaces. Only for those whose request is signed: a link to
/// somebody's object must not make it something else.
fn overrides(request: &Request) -> Result<Vec<(HeaderName, HeaderValue)>, S3Error> {
    if !request
        .query
        .names()
        .any(|name| name.starts_with("response-"))
    {
        return Ok(Vec::new());
    }
    let mut headers = Vec::new();
    for (parameter, name) in OVERRIDES {
        let Some(value) = request.query.get(parameter) else {
            continue;
        };
        if request.caller.user.is_none() {
            return Err(S3Error::with(
                Code::InvalidRequest,
                "Request specific response headers cannot be used for anonymous GET requests.",
            ));
        }
        let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else {
            return Err(S3Error::new(Code::InvalidArgument).detail("ArgumentName", parameter));
        };
        headers.push((name, value));
    }
    Ok(headers)
}

fn wants_checksum(request: &Request) -> bool {
    header(request, &CHECKSUM_MODE).is_some_and(|mode| mode.eq_ignore_ascii_case("enabled"))
}

fn header<'r>(request: &'r Request, name: &HeaderName) -> Option<&'r str> {
    std::str::from_utf8(request.headers().get(name)?.as_bytes()).ok()
}

/// The headers that describe an object. Stored bytes are somebody's upload: no browser may run them.
fn describe(headers: &mut HeaderMap, facts: &OpenedFacts<'_>) {
    headers.insert(ACCEPT_RANGES, BYTES);
    identify(headers, facts);
    let content_type = match facts.content_type() {
        "application/octet-stream" => OCTET_STREAM,
        other => HeaderValue::from_bytes(other.as_bytes()).unwrap_or(OCTET_STREAM),
    };
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    headers.insert(X_FRAME_OPTIONS, SAME_ORIGIN);
    headers.insert(CONTENT_SECURITY_POLICY, NOTHING_ACTIVE);
    if facts.has_metadata() {
        apply_headers(facts.metadata(), headers);
    }
}

fn identify(headers: &mut HeaderMap, facts: &OpenedFacts<'_>) {
    headers.insert(LAST_MODIFIED, http_date(facts.modified().seconds));
    if let Some(etag) = quoted(facts.etag()) {
        headers.insert(ETAG, etag);
    }
}

/// An entity tag as a header has it.
pub(super) fn quoted(etag: &str) -> Option<HeaderValue> {
    let mut text = Vec::with_capacity(etag.len() + 2);
    text.push(b'"');
    text.extend_from_slice(etag.as_bytes());
    text.push(b'"');
    HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).ok()
}

/// The client has the object (304). Of its headers those that a cache needs.
fn not_modified(facts: &OpenedFacts<'_>) -> Response<Body> {
    let mut all = HeaderMap::new();
    apply_headers(facts.metadata(), &mut all);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    identify(headers, facts);
    for name in [CACHE_CONTROL, EXPIRES] {
        if let Some(value) = all.remove(&name) {
            headers.insert(name, value);
        }
    }
    response
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
