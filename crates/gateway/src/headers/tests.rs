use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        map.append(HeaderName::from_static(name), value);
    }
    map
}

fn pairs(metadata: &Metadata) -> Vec<(&str, &str)> {
    metadata
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}

#[test]
fn what_a_put_says_a_get_answers() {
    let put = headers(&[
        ("x-amz-meta-owner", "Team A"),
        ("x-amz-meta-zolw", "żółw"),
        ("x-amz-meta-tag", "a"),
        ("x-amz-meta-tag", "b"),
        ("content-encoding", "aws-chunked, gzip"),
        ("cache-control", "max-age=5"),
        ("content-disposition", "attachment; filename=\"a\""),
        ("content-language", "en"),
        ("expires", "Thu, 01 Dec 1994 16:00:00 GMT"),
        ("x-amz-website-redirect-location", "/b"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("content-type", "text/plain"),
        ("authorization", "secret"),
    ]);
    let metadata = metadata_from_headers(&put).unwrap();
    assert_eq!(
        pairs(&metadata),
        [
            ("::lakefs-rs::cache-control", "max-age=5"),
            (
                "::lakefs-rs::content-disposition",
                "attachment; filename=\"a\""
            ),
            ("::lakefs-rs::content-encoding", "gzip"),
            ("::lakefs-rs::content-language", "en"),
            ("::lakefs-rs::expires", "Thu, 01 Dec 1994 16:00:00 GMT"),
            ("::lakefs-rs::storage-class", "STANDARD_IA"),
            ("::lakefs-rs::website-redirect-location", "/b"),
            ("X-Amz-Meta-owner", "Team A"),
            ("X-Amz-Meta-tag", "a,b"),
            ("X-Amz-Meta-zolw", "żółw"),
        ]
    );
    assert_eq!(stored_class(pairs(&metadata)), Some("STANDARD_IA"));
    assert_eq!(content_type(&put).as_deref(), Some("text/plain"));
    let mut answer = HeaderMap::new();
    apply_headers(pairs(&metadata), &mut answer);
    assert_eq!(answer["x-amz-meta-owner"], "Team A");
    assert_eq!(answer["x-amz-meta-zolw"], "=?utf-8?q?=C5=BC=C3=B3=C5=82w?=");
    assert_eq!(answer["content-encoding"], "gzip");
    assert_eq!(answer["x-amz-storage-class"], "STANDARD_IA");
    assert_eq!(answer.len(), metadata.len());
    // And once more round: what was answered is what would be stored.
    assert_eq!(metadata_from_headers(&answer).unwrap(), metadata);
}

#[test]
fn framing_and_the_default_class_leave_no_trace() {
    let put = headers(&[
        ("content-encoding", "aws-chunked"),
        ("x-amz-storage-class", "STANDARD"),
        ("x-amz-meta-", "x"),
        ("cache-control", ""),
    ]);
    assert_eq!(metadata_from_headers(&put).unwrap(), Metadata::new());
}

#[test]
fn an_unknown_class_is_refused() {
    let error = metadata_from_headers(&headers(&[("x-amz-storage-class", "CHEAP")])).unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
}

#[test]
fn two_kilobytes_of_user_metadata_are_allowed_and_no_byte_more() {
    let put = |bytes: usize| headers(&[("x-amz-meta-ab", &"v".repeat(bytes))]);
    assert!(metadata_from_headers(&put(MAX_USER_METADATA_BYTES - 2)).is_ok());
    let error = metadata_from_headers(&put(MAX_USER_METADATA_BYTES - 1)).unwrap_err();
    assert_eq!(error.code, Code::MetadataTooLarge);
    let long = "v".repeat(MAX_SYSTEM_BYTES + 1);
    let error = metadata_from_headers(&headers(&[("cache-control", &long)])).unwrap_err();
    assert_eq!(error.code, Code::MetadataTooLarge);
}

/// Metadata of objects written through the REST interface, and names no header can have.
#[test]
fn only_user_metadata_is_shown_and_what_no_header_carries_is_counted() {
    let mut answer = HeaderMap::new();
    apply_headers(
        [
            ("owner", "rest"),
            ("::lakefs::client-mtime", "1"),
            ("::lakefs-rs::checksum", "CRC32 FULL_OBJECT AAAAAA=="),
            ("::lakefs-rs::of-a-later-version", "x"),
            ("X-Amz-Meta-Fine", "1"),
            ("X-Amz-Meta-not fine", "2"),
            ("X-Amz-Meta-ż", "3"),
        ],
        &mut answer,
    );
    assert_eq!(answer.len(), 2);
    assert_eq!(answer["x-amz-meta-fine"], "1");
    assert_eq!(answer["x-amz-missing-meta"], "2");
}

#[test]
fn a_replacing_copy_keeps_what_belongs_to_the_bytes() {
    let kept = facts_of_bytes([
        ("X-Amz-Meta-a", "1"),
        ("::lakefs-rs::checksum", "CRC32 FULL_OBJECT AAAAAA=="),
        ("::lakefs-rs::parts", "5x2"),
        ("::lakefs-rs::cache-control", "no-store"),
    ]);
    assert_eq!(
        kept.keys().collect::<Vec<_>>(),
        ["::lakefs-rs::checksum", "::lakefs-rs::parts"]
    );
}
