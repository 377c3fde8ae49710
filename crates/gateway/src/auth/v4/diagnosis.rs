//! What exactly is wrong with a Version 4 signature that could not be read, in S3's words. Pure, and only
//! asked once reading has failed.

use lakefs_sigv4::{ALGORITHM, AmzDate};

use crate::error::{Code, S3Error};
use crate::query::Query;

/// What every presigned URL has.
const PARAMETERS: [&str; 6] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
];
const ASYMMETRIC: &str = "AWS4-ECDSA-P256-SHA256";
const TERMINAL: &str = "aws4_request";
const SERVICE: &str = "s3";

/// Says what is wrong with an authorization header.
pub(super) fn of_header(text: &str) -> S3Error {
    let wrong = |what: &str| {
        S3Error::with(
            Code::AuthorizationHeaderMalformed,
            format!("The authorization header is malformed; {what}"),
        )
    };
    let Some((algorithm, rest)) = text.split_once(' ') else {
        return S3Error::with(
            Code::InvalidArgument,
            "Authorization header is invalid -- one and only one ' ' (space) required.",
        )
        .detail("ArgumentName", "Authorization")
        .detail("ArgumentValue", text);
    };
    if algorithm != ALGORITHM {
        return S3Error::with(Code::InvalidArgument, "Unsupported Authorization Type")
            .detail("ArgumentName", "Authorization")
            .detail("ArgumentValue", algorithm);
    }
    let components: Vec<&str> = rest.split(',').map(str::trim).collect();
    if components.len() != 3 {
        return wrong(
            "the authorization header requires three components: Credential, SignedHeaders, and \
             Signature.",
        );
    }
    if let Some(bad) = components.iter().find(|part| !part.contains('=')) {
        return wrong(&format!(
            "the authorization component \"{bad}\" is malformed."
        ));
    }
    let value = |name: &str| {
        let mut pairs = components.iter().filter_map(|part| part.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    for name in ["Credential", "SignedHeaders", "Signature"] {
        if value(name).is_none_or(str::is_empty) {
            return wrong(&format!("missing {name}."));
        }
    }
    match fault_of_credential(value("Credential").unwrap_or_default()) {
        Some(fault) => wrong(&fault),
        None => wrong("Invalid credential date. Date is not the same as X-Amz-Date."),
    }
}

/// Says what is wrong with a presigned URL.
pub(super) fn of_query(query: &str) -> S3Error {
    let wrong = |what: String| S3Error::with(Code::AuthorizationQueryParametersError, what);
    let query = Query::parse(query);
    let value = |name| query.get(name).unwrap_or_default();
    if PARAMETERS.iter().any(|name| value(name).is_empty()) {
        return wrong(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
             X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
                .to_owned(),
        );
    }
    match value("X-Amz-Algorithm") {
        ALGORITHM => {}
        ASYMMETRIC => {
            return wrong(format!("X-Amz-Algorithm only supports \"{ALGORITHM}\""));
        }
        _ => {
            return wrong(format!(
                "X-Amz-Algorithm only supports \"{ALGORITHM} and {ASYMMETRIC}\""
            ));
        }
    }
    let credential = value("X-Amz-Credential");
    if let Some(fault) = fault_of_credential(credential) {
        return wrong(format!(
            "Error parsing the X-Amz-Credential parameter; {fault}"
        ));
    }
    let date = value("X-Amz-Date");
    if AmzDate::parse(date).is_none() {
        return wrong(
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"".to_owned(),
        );
    }
    let day = credential.rsplit('/').nth(3).unwrap_or_default();
    let dated = date.get(..8).unwrap_or_default();
    if day != dated {
        return wrong(format!(
            "Invalid credential date \"{day}\". This date is not the same as X-Amz-Date: \
             \"{dated}\"."
        ));
    }
    match value("X-Amz-Expires").parse::<i64>() {
        Err(_) => wrong("X-Amz-Expires should be a number".to_owned()),
        Ok(..0) => wrong("X-Amz-Expires must be non-negative".to_owned()),
        Ok(604_801..) => wrong(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires \
             must be less than 604800 seconds"
                .to_owned(),
        ),
        Ok(_) => wrong("Query-string authentication is not complete or not valid.".to_owned()),
    }
}

/// What is wrong with `<key>/<day>/<region>/<service>/aws4_request`.
fn fault_of_credential(credential: &str) -> Option<String> {
    let parts: Vec<&str> = credential.split('/').collect();
    let &[_, day, _, service, terminal] = parts.as_slice() else {
        return Some(
            "the Credential is mal-formed; expecting \
             \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."
                .to_owned(),
        );
    };
    if terminal != TERMINAL {
        return Some(format!(
            "incorrect terminal \"{terminal}\". This endpoint uses \"{TERMINAL}\"."
        ));
    }
    if service != SERVICE {
        return Some(format!(
            "incorrect service \"{service}\". This endpoint belongs to \"{SERVICE}\"."
        ));
    }
    if day.len() != 8 || !day.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!(
            "incorrect date format \"{day}\". This date in the credential must be in the format \
             \"yyyyMMdd\"."
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_a_header_is_told() {
        let credential = "Credential=id/20260301/us-east-1/s3/aws4_request";
        let rest = "SignedHeaders=host,Signature=00";
        for (text, said) in [
            ("nonsense".to_owned(), "one and only one"),
            (format!("AWS4-X {credential},{rest}"), "Unsupported"),
            (format!("{ALGORITHM} {credential}"), "three components"),
            (
                format!("{ALGORITHM} {credential},SignedHeaders,Signature=0"),
                "component \"SignedHeaders\"",
            ),
            (format!("{ALGORITHM} Other=x,{rest}"), "missing Credential."),
            (format!("{ALGORITHM} Credential=a/b,{rest}"), "mal-formed"),
            (
                format!("{ALGORITHM} Credential=id/1/r/s3/aws5_request,{rest}"),
                "incorrect terminal \"aws5_request\"",
            ),
            (
                format!("{ALGORITHM} Credential=id/1/r/ec2/aws4_request,{rest}"),
                "incorrect service \"ec2\"",
            ),
            (
                format!("{ALGORITHM} Credential=id/1/r/s3/aws4_request,{rest}"),
                "incorrect date format \"1\"",
            ),
            (
                format!("{ALGORITHM} {credential},{rest}"),
                "Invalid credential date",
            ),
        ] {
            let message = of_header(&text).message().to_owned();
            assert!(message.contains(said), "{text}: {message}");
        }
    }

    #[test]
    fn each_fault_of_a_query_is_told() {
        let with = |name: &str, value: &str| {
            let mut pairs = vec![
                ("X-Amz-Algorithm", ALGORITHM),
                (
                    "X-Amz-Credential",
                    "id%2F20260301%2Fus-east-1%2Fs3%2Faws4_request",
                ),
                ("X-Amz-Date", "20260301T000000Z"),
                ("X-Amz-Expires", "60"),
                ("X-Amz-SignedHeaders", "host"),
                ("X-Amz-Signature", "00"),
            ];
            for pair in &mut pairs {
                if pair.0 == name {
                    pair.1 = value;
                }
            }
            let pairs: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
            pairs.join("&")
        };
        for name in PARAMETERS {
            let message = of_query(&with(name, "")).message().to_owned();
            assert!(message.contains("requires the"), "{name}: {message}");
        }
        for (name, value, said) in [
            ("X-Amz-Algorithm", "AWS4-X", "and AWS4-ECDSA"),
            ("X-Amz-Algorithm", ASYMMETRIC, "only supports \"AWS4-HMAC"),
            ("X-Amz-Credential", "id", "mal-formed"),
            ("X-Amz-Date", "yesterday", "ISO8601"),
            ("X-Amz-Date", "20260302T000000Z", "\"20260302\""),
            ("X-Amz-Expires", "soon", "a number"),
            ("X-Amz-Expires", "-1", "non-negative"),
            ("X-Amz-Expires", "604801", "less than a week"),
        ] {
            let message = of_query(&with(name, value)).message().to_owned();
            assert!(message.contains(said), "{name}={value}: {message}");
        }
    }
}
