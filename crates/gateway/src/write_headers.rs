//! What the headers of every request that makes an object say besides the object itself: under which
//! condition, and what S3 offers and we do not. Pure.

use http::HeaderMap;
use lakefs_service::WriteCondition;

use crate::conditions::bare_tag;
use crate::error::{Code, S3Error};

/// Access control lists that give nobody more than owners have here.
const PRIVATE_ACLS: [&str; 3] = ["private", "bucket-owner-read", "bucket-owner-full-control"];
/// The other ones S3 knows.
const OPEN_ACLS: [&str; 5] = [
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "log-delivery-write",
];

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Under which condition to write. S3 takes `If-None-Match: *` or one entity tag in `If-Match`, and says
/// of anything else that it is not implemented.
pub(crate) fn write_condition(headers: &HeaderMap) -> Result<WriteCondition, S3Error> {
    let present = |name: &str| headers.contains_key(name);
    let one_tag = |tag: &&str| !tag.is_empty() && !tag.contains(['*', ',']);
    match (text(headers, "if-none-match"), text(headers, "if-match")) {
        (None, None) if !present("if-none-match") && !present("if-match") => {
            Ok(WriteCondition::Always)
        }
        (Some("*"), None) if !present("if-match") => Ok(WriteCondition::IfAbsent),
        (None, Some(tag)) if !present("if-none-match") && one_tag(&tag) => {
            Ok(WriteCondition::IfMatch(bare_tag(tag).to_owned()))
        }
        _ => Err(S3Error::new(Code::NotImplemented)),
    }
}

/// Refuses what would not be done: access for others, tags, locks. A client that is told yes relies on
/// it.
pub(crate) fn refuse_unoffered(headers: &HeaderMap) -> Result<(), S3Error> {
    let not_offered = |name: &str| Err(S3Error::new(Code::NotImplemented).detail("Header", name));
    if let Some(acl) = headers.get("x-amz-acl") {
        let acl = acl.to_str().unwrap_or_default();
        if OPEN_ACLS.contains(&acl) {
            return not_offered("x-amz-acl");
        }
        if !acl.is_empty() && !PRIVATE_ACLS.contains(&acl) {
            return Err(S3Error::with(
                Code::InvalidArgument,
                "The access control list is not one.",
            )
            .detail("ArgumentName", "x-amz-acl"));
        }
    }
    for (name, value) in headers {
        let name = name.as_str();
        let tags = name == "x-amz-tagging" && !value.is_empty();
        let off = name == "x-amz-object-lock-legal-hold" && value == "OFF";
        let locks = name.starts_with("x-amz-object-lock-") && !off;
        if tags || locks || name.starts_with("x-amz-grant-") {
            return not_offered(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
            })
            .collect()
    }

    #[test]
    fn conditions_are_those_s3_takes_and_no_other_is_ignored() {
        let condition = |pairs: &[(&str, &str)]| write_condition(&headers(pairs)).ok();
        assert_eq!(condition(&[]), Some(WriteCondition::Always));
        assert_eq!(
            condition(&[("if-none-match", "*")]),
            Some(WriteCondition::IfAbsent)
        );
        for tag in ["\"abc-2\"", "abc-2", " \"abc-2\" "] {
            assert_eq!(
                condition(&[("if-match", tag)]),
                Some(WriteCondition::IfMatch("abc-2".to_owned())),
                "{tag}"
            );
        }
        for refused in [
            &[("if-none-match", "\"abc\"")][..],
            &[("if-none-match", "")],
            &[("if-none-match", "\u{fc}")],
            &[("if-match", "*")],
            &[("if-match", "")],
            &[("if-match", "\u{fc}")],
            &[("if-match", "\"a\", \"b\"")],
            &[("if-match", "\"a\""), ("if-none-match", "*")],
            &[("if-match", "\u{fc}"), ("if-none-match", "*")],
        ] {
            assert_eq!(condition(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn what_would_not_be_done_is_refused() {
        for (name, value, code) in [
            ("x-amz-acl", "private", None),
            ("x-amz-acl", "bucket-owner-full-control", None),
            ("x-amz-acl", "public-read", Some(Code::NotImplemented)),
            ("x-amz-acl", "everybody", Some(Code::InvalidArgument)),
            ("x-amz-grant-read", "id=1", Some(Code::NotImplemented)),
            ("x-amz-tagging", "", None),
            ("x-amz-tagging", "a=b", Some(Code::NotImplemented)),
            (
                "x-amz-object-lock-mode",
                "GOVERNANCE",
                Some(Code::NotImplemented),
            ),
            ("x-amz-object-lock-legal-hold", "OFF", None),
            (
                "x-amz-object-lock-legal-hold",
                "ON",
                Some(Code::NotImplemented),
            ),
            ("x-amz-meta-acl", "public-read", None),
        ] {
            let refused = refuse_unoffered(&headers(&[(name, value)])).err();
            assert_eq!(refused.map(|error| error.code), code, "{name}: {value}");
        }
    }
}
