//! Version 2 against requests that botocore signed (`data/make_v2_vectors.py`), and against nonsense.

use http::Request;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

const VECTORS: &str = include_str!("../data/botocore_v2.jsonl");
const SECRET: &[u8] = b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: i64 = 1_772_323_198;

fn parts(row: &Value) -> Parts {
    let text = |field: &str| row[field].as_str().unwrap().to_owned();
    let mut request = Request::builder()
        .method(text("method").as_str())
        .uri(text("target"))
        .header("host", text("host"));
    for (name, value) in row["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    request.body(()).unwrap().into_parts().0
}

fn verify(parts: &Parts, now: i64) -> Result<bool, S3Error> {
    let query = parts.uri.query().unwrap_or_default();
    let claim = parse(parts, query)?;
    check_time(claim.form, &parts.headers, now)?;
    let host = parts.headers[HOST].to_str().unwrap();
    let signed = Signed {
        parts,
        query,
        host,
        bucket: host.strip_suffix(".s3.example.com"),
    };
    Ok(signed.matches(&claim, SECRET))
}

#[test]
fn what_botocore_signs_is_accepted_and_nothing_else() {
    let mut kinds = std::collections::BTreeMap::new();
    for line in VECTORS.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        *kinds.entry(row["kind"].to_string()).or_insert(0) += 1;
        let mut sent = parts(&row);
        assert!(is_signed(&sent, sent.uri.query().unwrap_or_default()));
        assert!(verify(&sent, NOW).unwrap(), "{row}");
        sent.method = http::Method::PATCH;
        assert!(!verify(&sent, NOW).unwrap(), "{row}");
    }
    assert_eq!(kinds.into_values().collect::<Vec<_>>(), [70, 10, 70]);
}

#[test]
fn time_passes() {
    for line in VECTORS.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let sent = parts(&row);
        let (late, code) = match row["kind"].as_str().unwrap() {
            "query" => (NOW + 601, Code::AccessDenied),
            _ => (NOW + 901, Code::RequestTimeTooSkewed),
        };
        assert_eq!(verify(&sent, late).unwrap_err().code, code, "{row}");
        assert!(verify(&sent, late - 1).unwrap(), "{row}");
    }
}

#[test]
fn incomplete_claims_are_refused() {
    for (target, authorization) in [
        ("/", Some("AWS AKID")),
        ("/", Some("AWS AKID:%%")),
        ("/?AWSAccessKeyId=A", None),
        ("/?AWSAccessKeyId=A&Expires=x&Signature=aaaa", None),
        ("/?AWSAccessKeyId=A&Expires=9&Signature=%25", None),
        ("/?AWSAccessKeyId=A&SignatureVersion=2&Signature=aaaa", None),
    ] {
        let mut request = Request::builder().uri(target).header("host", "h");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let parts = request.body(()).unwrap().into_parts().0;
        assert!(
            parse(&parts, parts.uri.query().unwrap_or_default()).is_err(),
            "{target}"
        );
    }
}

proptest! {
    #[test]
    fn nonsense_is_refused_and_never_stops_the_server(query in "[ -~]{0,80}", header in "[ -~]{0,40}") {
        let query: String = query.chars().filter(|c| !"\"#<> \\^`{|}".contains(*c)).collect();
        let request = Request::builder()
            .uri(format!("/b/k?AWSAccessKeyId=A&{query}"))
            .header("host", "h")
            .header("authorization", format!("AWS {header}"));
        if let Ok(request) = request.body(()) {
            let parts = request.into_parts().0;
            prop_assert!(!verify(&parts, NOW).unwrap_or(false));
        }
    }
}

/// Found with boto3 in path style: what it signs for a bucket is not the path it sends.
#[test]
fn a_bucket_may_be_signed_with_the_slash_that_is_not_sent() {
    let date = "Sat, 28 Feb 2026 23:59:58 GMT";
    let matches = |target: &str, resource: &str| {
        let text = format!("GET\n\n\n{date}\n{resource}");
        let signature = STANDARD.encode(hmac_sha1(SECRET, text.as_bytes()));
        let request = Request::builder()
            .uri(target)
            .header("host", "s3.example.com");
        let request = request.header("date", date);
        let request = request.header("authorization", format!("AWS AKIDEXAMPLE:{signature}"));
        verify(&request.body(()).unwrap().into_parts().0, NOW).unwrap()
    };
    assert!(matches("/bucket?location", "/bucket/?location"));
    assert!(matches("/bucket?location", "/bucket?location"));
    assert!(matches("/bucket/?location", "/bucket/?location"));
    assert!(!matches("/bucket/key", "/bucket/key/"));
    assert!(!matches("/", "//"));
}
