//! The closed table, row by row.

use proptest::prelude::*;

use super::*;
use crate::target::Resolver;

fn decide(method: &str, uri: &str, copies: bool) -> Result<&'static str, &'static str> {
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let target = Resolver::new(&[], &[]).resolve("host", path).unwrap();
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    decide_operation(&target, &method, &Query::parse(query), copies)
        .map(Operation::name)
        .map_err(|error| error.code.as_str())
}

#[test]
fn what_is_offered_is_found() {
    for (method, uri, wanted) in [
        ("GET", "/", "ListBuckets"),
        ("GET", "/?x-id=ListBuckets&prefix=a", "ListBuckets"),
        ("PUT", "/b", "CreateBucket"),
        ("HEAD", "/b", "HeadBucket"),
        ("DELETE", "/b/", "DeleteBucket"),
        ("GET", "/b?location", "GetBucketLocation"),
        ("GET", "/b?versioning=", "GetBucketVersioning"),
        ("GET", "/b", "ListObjects"),
        ("GET", "/b?list-type=1&prefix=acl", "ListObjects"),
        ("GET", "/b?list-type=2", "ListObjectsV2"),
        ("GET", "/b?versions&prefix=a", "ListObjectVersions"),
        ("GET", "/b?uploads", "ListMultipartUploads"),
        ("POST", "/b?delete", "DeleteObjects"),
        ("GET", "/b/k", "GetObject"),
        ("GET", "/b/k?partNumber=1&response-expires=x", "GetObject"),
        ("GET", "/b/k?versionId=null&x-id=GetObject", "GetObject"),
        ("HEAD", "/b/k?partNumber=1", "HeadObject"),
        ("GET", "/b/k?attributes", "GetObjectAttributes"),
        ("GET", "/b/k?tagging", "GetObjectTagging"),
        ("PUT", "/b/k?x-id=PutObject", "PutObject"),
        ("DELETE", "/b/k", "DeleteObject"),
        ("POST", "/b/k?uploads", "CreateMultipartUpload"),
        ("PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart"),
        ("PUT", "/b/k?uploadId=u", "UploadPart"),
        ("GET", "/b/k?uploadId=u", "ListParts"),
        ("POST", "/b/k?uploadId=u", "CompleteMultipartUpload"),
        ("DELETE", "/b/k?uploadId=u", "AbortMultipartUpload"),
    ] {
        assert_eq!(decide(method, uri, false), Ok(wanted), "{method} {uri}");
    }
    assert_eq!(decide("PUT", "/b/k", true), Ok("CopyObject"));
    let part = decide("PUT", "/b/k?partNumber=1&uploadId=u", true);
    assert_eq!(part, Ok("UploadPartCopy"));
}

const NOT_SUPPORTED: &str = "ERRLakeFSNotSupported";
const NOT_IMPLEMENTED: &str = "NotImplemented";
const NOT_ALLOWED: &str = "MethodNotAllowed";

#[test]
fn sub_resources_of_buckets_are_refused_with_every_method() {
    for name in [
        "accelerate",
        "acl",
        "analytics",
        "encryption",
        "intelligent-tiering",
        "inventory",
        "lifecycle",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "ownershipControls",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "requestPayment",
        "tagging",
        "website",
        "events",
    ] {
        for method in ["GET", "PUT", "DELETE", "HEAD", "POST"] {
            let uri = format!("/b?{name}");
            assert_eq!(
                decide(method, &uri, false),
                Err(NOT_SUPPORTED),
                "{method} {uri}"
            );
            let uri = format!("/b?list-type=2&{name}=x");
            assert_eq!(
                decide(method, &uri, false),
                Err(NOT_SUPPORTED),
                "{method} {uri}"
            );
        }
    }
    for name in ["session", "metadataConfiguration", "metadataTable", "abac"] {
        for method in ["GET", "PUT", "DELETE", "POST"] {
            let uri = format!("/b?{name}");
            assert_eq!(
                decide(method, &uri, false),
                Err(NOT_IMPLEMENTED),
                "{method} {uri}"
            );
        }
    }
}

#[test]
fn sub_resources_of_objects_are_refused_with_every_method() {
    for name in [
        "retention",
        "legal-hold",
        "torrent",
        "restore",
        "select",
        "encryption",
    ] {
        for method in ["GET", "PUT", "DELETE", "HEAD", "POST"] {
            let uri = format!("/b/k?{name}");
            for copies in [false, true] {
                assert_eq!(
                    decide(method, &uri, copies),
                    Err(NOT_SUPPORTED),
                    "{method} {uri}"
                );
            }
        }
    }
    for (method, uri, wanted) in [
        ("PUT", "/b/k?tagging", NOT_SUPPORTED),
        ("DELETE", "/b/k?tagging", NOT_SUPPORTED),
        ("POST", "/b/k?select&select-type=2", NOT_SUPPORTED),
        ("PUT", "/b/k?renameObject", NOT_IMPLEMENTED),
        ("GET", "/b/k?acl", NOT_IMPLEMENTED),
        ("PUT", "/b/k?acl", NOT_IMPLEMENTED),
        ("GET", "/b?cors", "NoSuchCORSConfiguration"),
        ("PUT", "/b?cors", NOT_SUPPORTED),
        ("DELETE", "/b?cors", NOT_SUPPORTED),
    ] {
        assert_eq!(decide(method, uri, false), Err(wanted), "{method} {uri}");
    }
}

#[test]
fn what_is_offered_with_another_method_never_becomes_another_operation() {
    for (method, uri) in [
        ("PUT", "/"),
        ("HEAD", "/"),
        ("PUT", "/b?location"),
        ("PUT", "/b?uploads"),
        ("DELETE", "/b?versions"),
        ("DELETE", "/b?delete"),
        ("HEAD", "/b?versioning"),
        ("DELETE", "/b?versioning"),
        ("PUT", "/b/k?uploads"),
        ("GET", "/b/k?uploads"),
        ("DELETE", "/b/k?uploads"),
        ("PUT", "/b/k?attributes"),
        ("DELETE", "/b/k?attributes"),
        ("HEAD", "/b/k?uploadId=u"),
        ("PATCH", "/b/k"),
        ("PATCH", "/b"),
    ] {
        assert_eq!(
            decide(method, uri, false),
            Err(NOT_ALLOWED),
            "{method} {uri}"
        );
    }
    assert_eq!(decide("PUT", "/b?versioning", false), Err(NOT_IMPLEMENTED));
    assert_eq!(decide("POST", "/b", false), Err(NOT_SUPPORTED));
    assert_eq!(decide("POST", "/b/k", false), Err(NOT_ALLOWED));
}

/// Only these change something; nothing that carries a refused name may become one of them.
const WRITES: [&str; 10] = [
    "CreateBucket",
    "DeleteBucket",
    "DeleteObjects",
    "PutObject",
    "CopyObject",
    "DeleteObject",
    "CreateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
];

proptest! {
    #[test]
    fn a_refused_name_never_leads_to_a_write(
        index in 0..NOT_OFFERED.len(),
        method in prop::sample::select(vec!["PUT", "DELETE", "POST"]),
        path in prop::sample::select(vec!["/", "/b", "/b/", "/b/k", "/b/k/"]),
        copies: bool,
    ) {
        let (name, _) = NOT_OFFERED[index];
        // Creating uploads and deleting many are the operations of these two.
        prop_assume!(!matches!((method, name), ("POST", "uploads" | "delete")));
        let uri = format!("{path}?{name}");
        if let Ok(operation) = decide(method, &uri, copies) {
            prop_assert!(!WRITES.contains(&operation), "{} {} {}", method, uri, operation);
        }
    }
}
