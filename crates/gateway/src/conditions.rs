//! What a request makes its answer depend on: conditions on the entity tag and the time of an object
//! (RFC 9110 §13), the range it wants (§14, with S3's leniency), and both together in `If-Range`.
//!
//! Pure: headers and facts in, a decision out.

use http::HeaderMap;

use crate::date::parse_http_date;
use crate::error::{Code, S3Error};

/// The conditions of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the headers' own names")]
pub(crate) struct Conditions<'a> {
    pub(crate) if_match: Option<&'a str>,
    pub(crate) if_none_match: Option<&'a str>,
    pub(crate) if_modified_since: Option<&'a str>,
    pub(crate) if_unmodified_since: Option<&'a str>,
}

/// What the conditions say of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They hold.
    Proceed,
    /// The client has it already (304).
    NotModified,
    /// The named condition does not hold (412).
    Failed(&'static str),
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}

impl<'a> Conditions<'a> {
    /// The conditions on the object a request is for.
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        Self {
            if_match: header(headers, "if-match"),
            if_none_match: header(headers, "if-none-match"),
            if_modified_since: header(headers, "if-modified-since"),
            if_unmodified_since: header(headers, "if-unmodified-since"),
        }
    }

    /// The conditions on the object a copy is made of.
    pub(crate) fn of_copy_source(headers: &'a HeaderMap) -> Self {
        Self {
            if_match: header(headers, "x-amz-copy-source-if-match"),
            if_none_match: header(headers, "x-amz-copy-source-if-none-match"),
            if_modified_since: header(headers, "x-amz-copy-source-if-modified-since"),
            if_unmodified_since: header(headers, "x-amz-copy-source-if-unmodified-since"),
        }
    }

    /// Decides for an object with this entity tag, written at `modified` (Unix seconds). Entity tags
    /// are asked first, and where they are, times are not. A date that is none does not count.
    pub(crate) fn decide(&self, etag: &str, modified: i64) -> Verdict {
        match self.if_match {
            Some(list) if !matches(list, etag) => return Verdict::Failed("If-Match"),
            Some(_) => {}
            None => {
                let since = self.if_unmodified_since.and_then(parse_http_date);
                if since.is_some_and(|since| modified > since) {
                    return Verdict::Failed("If-Unmodified-Since");
                }
            }
        }
        match self.if_none_match {
            Some(list) if matches(list, etag) => return Verdict::NotModified,
            Some(_) => {}
            None => {
                let since = self.if_modified_since.and_then(parse_http_date);
                if since.is_some_and(|since| modified <= since) {
                    return Verdict::NotModified;
                }
            }
        }
        Verdict::Proceed
    }

    /// Refuses a copy whose source is not as the request wants it: every miss is 412 there.
    pub(crate) fn check_copy_source(&self, etag: &str, modified: i64) -> Result<(), S3Error> {
        let failed = match self.decide(etag, modified) {
            Verdict::Proceed => return Ok(()),
            Verdict::Failed("If-Match") => "x-amz-copy-source-If-Match",
            Verdict::Failed(_) => "x-amz-copy-source-If-Unmodified-Since",
            Verdict::NotModified if self.if_none_match.is_some() => {
                "x-amz-copy-source-If-None-Match"
            }
            Verdict::NotModified => "x-amz-copy-source-If-Modified-Since",
        };
        Err(precondition_failed(failed))
    }
}

/// A condition that does not hold.
pub(crate) fn precondition_failed(condition: &'static str) -> S3Error {
    S3Error::with(Code::PreconditionFailed, FAILED).detail("Condition", condition)
}

/// What S3 says of a condition that does not hold. lakeFS says it of puts without the full stop.
pub(crate) const FAILED: &str = "At least one of the pre-conditions you specified did not hold.";

/// Whether a list of entity tags has this one. `*` has every one.
pub(crate) fn matches(list: &str, etag: &str) -> bool {
    list.split(',')
        .any(|tag| tag.trim() == "*" || bare_tag(tag) == etag)
}

/// An entity tag without quotes and weakness. Clients send them with and without.
pub(crate) fn bare_tag(tag: &str) -> &str {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    tag.strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'))
        .unwrap_or(tag)
}

/// Bytes of an object, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Range {
    /// How many bytes.
    pub(crate) fn length(self) -> u64 {
        self.end - self.start + 1
    }
}

/// What a request wants of an object's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of them.
    Whole,
    /// These, which the object has.
    Part(Range),
    /// Ones the object does not have (416).
    Unsatisfiable,
}

/// Decides which bytes of an object of `size` bytes a header `Range` asks for. Only one range of bytes
/// is understood; several, none, nonsense or white space inside are ignored, as S3 does.
pub(crate) fn decide_range(header: Option<&str>, size: u64) -> Wanted {
    let Some((unit, range)) = header.and_then(|header| header.trim().split_once('=')) else {
        return Wanted::Whole;
    };
    let Some((first, last)) = range.split_once('-') else {
        return Wanted::Whole;
    };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    let (start, end) = match (number(first), number(last)) {
        (Number::Absent, Number::Of(length)) => {
            if length == 0 || size == 0 {
                return Wanted::Unsatisfiable;
            }
            (size.saturating_sub(length), size - 1)
        }
        (Number::Of(start), Number::Absent) => (start, u64::MAX),
        (Number::Of(start), Number::Of(end)) if start <= end => (start, end),
        _ => return Wanted::Whole,
    };
    if start >= size {
        return Wanted::Unsatisfiable;
    }
    Wanted::Part(Range {
        start,
        end: end.min(size - 1),
    })
}

enum Number {
    Absent,
    Of(u64),
    Nonsense,
}

/// A number of decimal digits; one too great for 64 bits is past every object.
fn number(digits: &str) -> Number {
    if digits.is_empty() {
        Number::Absent
    } else if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Number::Of(digits.parse().unwrap_or(u64::MAX))
    } else {
        Number::Nonsense
    }
}

/// Whether a range may be answered: a request may ask for one only of the object it knows, by entity
/// tag or by time.
pub(crate) fn range_applies(if_range: Option<&str>, etag: &str, modified: i64) -> bool {
    let Some(validator) = if_range else {
        return true;
    };
    match parse_http_date(validator) {
        Some(date) => date == modified,
        // Weak tags do not do for ranges (RFC 9110 §13.1.5).
        None => !validator.trim().starts_with("W/") && bare_tag(validator) == etag,
    }
}

#[cfg(test)]
mod tests;
