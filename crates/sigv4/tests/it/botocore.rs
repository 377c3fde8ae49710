//! Requests that botocore signed (`tests/data/botocore.jsonl`, made by `make_vectors.py` beside it): we
//! accept them, and signing the same requests gives the same signatures.

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use lakefs_sigv4::{
    AmzDate, Authorization, Credentials, Method, PayloadMode, Received, Signer, SigningKey,
    UNSIGNED_PAYLOAD,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const VECTORS: &str = include_str!("../data/botocore.jsonl");
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: &str = "20260228T235958Z";

fn vectors(kind: &str) -> Vec<Value> {
    let all = VECTORS
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let chosen: Vec<_> = all.filter(|row| row["kind"] == kind).collect();
    assert_eq!(chosen.len(), 130);
    chosen
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap()
}

fn headers(row: &Value, field: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_str(text(row, "host")).unwrap());
    for (name, value) in row[field].as_object().unwrap() {
        headers.insert(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value.as_str().unwrap()).unwrap(),
        );
    }
    headers
}

fn credentials(row: &Value) -> Credentials {
    Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: row["token"].as_str().map(str::to_owned),
    }
}

fn now() -> AmzDate {
    AmzDate::parse(NOW).unwrap()
}

fn accept(received: &Received<'_>, payload: &str) -> Authorization {
    let authorization = Authorization::parse(received).unwrap();
    authorization.check_time(now()).unwrap();
    authorization.check_coverage(received.headers, &[]).unwrap();
    let key = SigningKey::derive(SECRET, &authorization.scope);
    let verified = authorization.verify(received, &key, payload);
    verified.unwrap_or_else(|error| panic!("{error}: {received:?}"));
    authorization
}

#[test]
fn signed_headers_agree() {
    for row in vectors("header") {
        let sent = headers(&row, "sent");
        let hash = sent["x-amz-content-sha256"].to_str().unwrap();
        let received = Received {
            method: text(&row, "method"),
            path: text(&row, "path"),
            query: text(&row, "query"),
            headers: &sent,
        };
        let authorization = accept(&received, hash);
        assert_eq!(authorization.method, Method::Header);

        let target = format!("{}?{}", text(&row, "path"), text(&row, "query"));
        let request = Request::builder().method(received.method).uri(target);
        let mut parts = request.body(()).unwrap().into_parts().0;
        parts.headers = headers(&row, "headers");
        let payload = PayloadMode::Sha256(Sha256::digest(text(&row, "body")).into());
        let signature = Signer::new("s3")
            .sign(
                &mut parts,
                &credentials(&row),
                text(&row, "region"),
                now(),
                &payload,
            )
            .unwrap();
        assert_eq!(signature, authorization.signature(), "{row}");
    }
}

#[test]
fn presigned_urls_agree() {
    for row in vectors("query") {
        let (_, target) = text(&row, "url").split_once("amazonaws.com").unwrap();
        let (path, query) = target.split_once('?').unwrap();
        let sent = headers(&row, "headers");
        let received = Received {
            method: text(&row, "method"),
            path,
            query,
            headers: &sent,
        };
        let authorization = accept(&received, UNSIGNED_PAYLOAD);
        let valid_seconds = row["expires"].as_u64().unwrap();
        assert_eq!(authorization.method, Method::Presigned { valid_seconds });

        let url = Signer::new("s3")
            .presign(
                received.method,
                text(&row, "path"),
                text(&row, "query"),
                &sent,
                &credentials(&row),
                text(&row, "region"),
                now(),
                valid_seconds,
            )
            .unwrap()
            .path_and_query;
        assert!(url.ends_with(authorization.signature()), "{row}\n{url}");
    }
}
