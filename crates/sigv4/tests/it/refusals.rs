//! Signatures that are not accepted, and why.

use http::{HeaderMap, HeaderValue, Request};
use lakefs_sigv4::{
    AmzDate, AuthError, Authorization, EMPTY_SHA256, PayloadMode, Received, Signer, SigningKey,
};

use crate::published::{credentials, date};

fn received(parts: &http::request::Parts) -> Received<'_> {
    Received {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or(""),
        headers: &parts.headers,
    }
}

fn signed() -> http::request::Parts {
    let request = Request::get("/b/k?x=1")
        .header("host", "h")
        .body(())
        .unwrap();
    let mut parts = request.into_parts().0;
    Signer::new("s3")
        .sign(
            &mut parts,
            &credentials(),
            "r",
            date(),
            &PayloadMode::parse(EMPTY_SHA256).unwrap(),
        )
        .unwrap();
    parts
}

fn verify(parts: &http::request::Parts) -> Result<(), AuthError> {
    let received = received(parts);
    let authorization = Authorization::parse(&received)?;
    authorization.check_coverage(received.headers, &[])?;
    let key = SigningKey::derive(&credentials().secret_access_key, &authorization.scope);
    authorization.verify(&received, &key, EMPTY_SHA256)
}

#[test]
fn any_changed_part_is_a_mismatch() {
    assert_eq!(verify(&signed()), Ok(()));
    let changes: [fn(&mut http::request::Parts); 5] = [
        |parts| parts.method = http::Method::PUT,
        |parts| parts.uri = "/b/k2?x=1".parse().unwrap(),
        |parts| parts.uri = "/b/k?x=2".parse().unwrap(),
        |parts| parts.uri = "/b/k?x=1&y".parse().unwrap(),
        |parts| drop(parts.headers.insert("host", HeaderValue::from_static("h2"))),
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut parts = signed();
        change(&mut parts);
        assert_eq!(verify(&parts), Err(AuthError::Mismatch), "change {i}");
    }
}

/// Java's first SDK encodes queries like forms, and signs them as S3 asks for.
#[test]
fn a_space_of_a_query_may_come_as_a_plus_sign() {
    let request = Request::get("/b?prefix=a%20b%2Bc")
        .header("host", "h")
        .body(())
        .unwrap();
    let mut parts = request.into_parts().0;
    let payload = PayloadMode::parse(EMPTY_SHA256).unwrap();
    Signer::new("s3")
        .sign(&mut parts, &credentials(), "r", date(), &payload)
        .unwrap();
    parts.uri = "/b?prefix=a+b%2Bc".parse().unwrap();
    assert_eq!(verify(&parts), Ok(()));
    parts.uri = "/b?prefix=a+b+c".parse().unwrap();
    assert_eq!(verify(&parts), Err(AuthError::Mismatch));
}

#[test]
fn added_amz_headers_must_be_signed() {
    let mut parts = signed();
    parts
        .headers
        .insert("x-amz-acl", HeaderValue::from_static("public-read"));
    assert_eq!(
        verify(&parts),
        Err(AuthError::NotSigned("x-amz-acl".to_owned()))
    );
}

#[test]
fn times_have_limits() {
    let parts = signed();
    let header = Authorization::parse(&received(&parts)).unwrap();
    let after = |seconds: i64| AmzDate::from_unix(date().unix() + seconds);
    assert_eq!(header.check_time(after(900)), Ok(()));
    assert_eq!(header.check_time(after(901)), Err(AuthError::Skewed));
    assert_eq!(header.check_time(after(-901)), Err(AuthError::Skewed));

    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("h"));
    let target = Signer::new("s3")
        .presign("GET", "/k", "", &headers, &credentials(), "r", date(), 3600)
        .unwrap()
        .path_and_query;
    let request = Request::get(target).header("host", "h").body(()).unwrap();
    let parts = request.into_parts().0;
    let presigned = Authorization::parse(&received(&parts)).unwrap();
    assert_eq!(presigned.check_time(after(3600)), Ok(()));
    assert_eq!(presigned.check_time(after(3601)), Err(AuthError::Expired));
    assert_eq!(
        presigned.check_time(after(-901)),
        Err(AuthError::NotYetValid)
    );
}

#[test]
fn malformed_signatures_say_what_is_wrong() {
    let parse = |authorization: &str, query: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-date", HeaderValue::from_static("20130524T000000Z"));
        if !authorization.is_empty() {
            let value = HeaderValue::from_str(authorization).unwrap();
            headers.insert("authorization", value);
        }
        let received = Received {
            method: "GET",
            path: "/",
            query,
            headers: &headers,
        };
        Authorization::parse(&received).map(drop)
    };
    let sig = "0".repeat(64);
    let good = format!(
        "AWS4-HMAC-SHA256 Credential=A/B/20130524/r/s3/aws4_request, SignedHeaders=host, Signature={sig}"
    );
    assert_eq!(parse(&good, ""), Ok(()));
    assert_eq!(parse("", ""), Err(AuthError::Missing));
    assert_eq!(parse("Basic abc", ""), Err(AuthError::Missing));
    assert_eq!(
        parse(&good, "X-Amz-Algorithm=AWS4-HMAC-SHA256"),
        Err(AuthError::Ambiguous)
    );
    for (from, to, what) in [
        ("20130524/r", "20130525/r", "Credential"),
        ("A/B/20130524/r/s3/", "s3/", "Credential"),
        ("host", "Host", "SignedHeaders"),
        ("host", "x-a;host", "SignedHeaders"),
        ("Signature=0", "Signature=", "Signature"),
        ("SignedHeaders=host,", "", "SignedHeaders"),
        ("Credential", "Bogus", "Authorization"),
    ] {
        let bad = good.replace(from, to);
        assert_eq!(parse(&bad, ""), Err(AuthError::Malformed(what)), "{bad}");
    }
    let presigned = |expires: &str| {
        let query = format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20130524%2Fr%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host&X-Amz-Signature={sig}"
        );
        parse("", &query)
    };
    assert_eq!(presigned("604800"), Ok(()));
    for bad in ["0", "604801", "-1", "x", ""] {
        assert_eq!(
            presigned(bad),
            Err(AuthError::Malformed("X-Amz-Expires")),
            "{bad}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn nonsense_is_refused_and_never_stops_the_server(
        header in "(AWS4-HMAC-SHA256)?[ -~]{0,120}",
        query in "(X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature)=[!-~]{0,20}&?){0,6}",
    ) {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("h"));
        headers.insert("x-amz-date", HeaderValue::from_static("20130524T000000Z"));
        headers.insert("authorization", HeaderValue::from_str(&header).unwrap());
        for query in ["", &query] {
            let received = Received { method: "GET", path: "/b/%zz", query, headers: &headers };
            if let Ok(found) = Authorization::parse(&received) {
                let key = SigningKey::derive("secret", &found.scope);
                proptest::prop_assert!(found.verify(&received, &key, EMPTY_SHA256).is_err());
            }
        }
    }
}
