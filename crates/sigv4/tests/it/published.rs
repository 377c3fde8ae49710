//! The worked examples of the S3 documentation ("Authenticating Requests").

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use lakefs_sigv4::{
    AmzDate, Authorization, ChunkSigner, Credentials, PayloadMode, Received, Scope, Signer,
    SigningKey, chunk_header, encoded_length,
};
use sha2::{Digest as _, Sha256};

pub(crate) fn credentials() -> Credentials {
    Credentials {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: None,
    }
}

pub(crate) fn date() -> AmzDate {
    AmzDate::parse("20130524T000000Z").unwrap()
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

fn signature(method: &str, target: &str, extra: &[(&str, &str)], payload: &PayloadMode) -> String {
    let host = target.split('/').nth(2).unwrap();
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .body(())
        .unwrap();
    *request.headers_mut() = headers(extra);
    let host = HeaderValue::from_str(host).unwrap();
    request.headers_mut().insert("host", host);
    let mut parts = request.into_parts().0;
    let signature = Signer::new("s3")
        .sign(&mut parts, &credentials(), "us-east-1", date(), payload)
        .unwrap();
    check(&parts, payload);
    signature
}

/// What we signed we accept.
fn check(parts: &http::request::Parts, payload: &PayloadMode) {
    let received = Received {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or(""),
        headers: &parts.headers,
    };
    let authorization = Authorization::parse(&received).unwrap();
    assert_eq!(authorization.access_key_id, "AKIAIOSFODNN7EXAMPLE");
    authorization.check_time(date()).unwrap();
    authorization.check_coverage(&parts.headers, &[]).unwrap();
    let key = SigningKey::derive(&credentials().secret_access_key, &authorization.scope);
    authorization
        .verify(&received, &key, &payload.header())
        .unwrap();
}

fn sha256(bytes: &[u8]) -> PayloadMode {
    PayloadMode::Sha256(Sha256::digest(bytes).into())
}

const BUCKET: &str = "https://examplebucket.s3.amazonaws.com";

#[test]
fn header_signatures_match() {
    assert_eq!(
        signature(
            "GET",
            &format!("{BUCKET}/test.txt"),
            &[("range", "bytes=0-9")],
            &sha256(b"")
        ),
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    );
    assert_eq!(
        signature(
            "PUT",
            &format!("{BUCKET}/test$file.text"),
            &[
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY")
            ],
            &sha256(b"Welcome to Amazon S3.")
        ),
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    );
    assert_eq!(
        signature("GET", &format!("{BUCKET}/?lifecycle"), &[], &sha256(b"")),
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    );
    assert_eq!(
        signature(
            "GET",
            &format!("{BUCKET}/?max-keys=2&prefix=J"),
            &[],
            &sha256(b"")
        ),
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    );
}

#[test]
fn the_presigned_url_matches() {
    let url = Signer::new("s3")
        .presign(
            "GET",
            "/test.txt",
            "",
            &headers(&[("host", "examplebucket.s3.amazonaws.com")]),
            &credentials(),
            "us-east-1",
            date(),
            86400,
        )
        .unwrap()
        .path_and_query;
    assert!(
        url.ends_with(
            "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        ),
        "{url}"
    );
}

fn scope() -> Scope {
    Scope::parse("20130524/us-east-1/s3/aws4_request").unwrap()
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[test]
fn chunk_signatures_match() {
    let seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
    let key = SigningKey::derive(&credentials().secret_access_key, &scope());
    let mut chain = ChunkSigner::new(key, date(), &scope(), seed);
    let mut wire = 0;
    for (length, expected) in [
        (
            65_536,
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        ),
        (
            1024,
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        ),
        (
            0,
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
        ),
    ] {
        let sha256 = hash(&vec![b'a'; length]);
        assert!(chain.clone().verify_chunk(&sha256, expected));
        assert!(!chain.clone().verify_chunk(&sha256, seed));
        assert_eq!(chain.sign_chunk(&sha256), expected);
        wire += chunk_header(length, expected).len() + length + 2;
    }
    assert_eq!(wire as u64, encoded_length(66_560, 65_536));
}

#[test]
fn trailer_signatures_match() {
    let seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
    let key = SigningKey::derive(&credentials().secret_access_key, &scope());
    let mut chain = ChunkSigner::new(key, date(), &scope(), seed);
    for (length, expected) in [
        (
            65_536,
            "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        ),
        (
            1024,
            "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        ),
        (
            0,
            "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
        ),
    ] {
        assert_eq!(chain.sign_chunk(&hash(&vec![b'a'; length])), expected);
    }
    assert!(chain.verify_trailer(
        "x-amz-checksum-crc32c:sOO8/Q==\n",
        "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"
    ));
}
