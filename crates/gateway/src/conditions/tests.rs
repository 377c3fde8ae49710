use proptest::prelude::*;

use super::*;

const ETAG: &str = "5d41402abc4b2a76b9719d911017c592";
/// Sun, 06 Nov 1994 08:49:37 GMT.
const MODIFIED: i64 = 784_111_777;
const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

fn decide(pairs: &[(&'static str, &str)]) -> Verdict {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.insert(*name, value.parse().unwrap());
    }
    Conditions::of(&headers).decide(ETAG, MODIFIED)
}

/// gateway.md §4.1.
#[test]
fn the_matrix_of_conditions() {
    use Verdict::{Failed, NotModified, Proceed};
    let quoted = format!("\"{ETAG}\"");
    let weak = format!("W/\"{ETAG}\"");
    let list = format!("\"a\", {quoted} ,\"b\"");
    let (if_match, none_match) = ("if-match", "if-none-match");
    let (modified, unmodified) = ("if-modified-since", "if-unmodified-since");
    for tag in ["*", ETAG, &quoted, &weak, &list] {
        assert_eq!(decide(&[(if_match, tag)]), Proceed, "{tag}");
        assert_eq!(decide(&[(none_match, tag)]), NotModified, "{tag}");
        // A tag that matches beats a time that does not.
        assert_eq!(decide(&[(if_match, tag), (unmodified, BEFORE)]), Proceed);
    }
    for tag in ["\"other\"", "", "\"a\",\"b\""] {
        assert_eq!(decide(&[(if_match, tag)]), Failed("If-Match"), "{tag}");
        assert_eq!(decide(&[(none_match, tag)]), Proceed, "{tag}");
        // A tag that does not match beats a time that does.
        assert_eq!(decide(&[(none_match, tag), (modified, AFTER)]), Proceed);
        assert_eq!(
            decide(&[(if_match, tag), (unmodified, AFTER)]),
            Failed("If-Match")
        );
    }
    assert_eq!(decide(&[(modified, BEFORE)]), Proceed);
    assert_eq!(decide(&[(modified, THEN)]), NotModified);
    assert_eq!(decide(&[(modified, AFTER)]), NotModified);
    assert_eq!(
        decide(&[(unmodified, BEFORE)]),
        Failed("If-Unmodified-Since")
    );
    assert_eq!(decide(&[(unmodified, THEN)]), Proceed);
    assert_eq!(decide(&[(unmodified, AFTER)]), Proceed);
    for name in [modified, unmodified] {
        assert_eq!(decide(&[(name, "soon")]), Proceed);
    }
    // Both kinds of tags: the first that fails decides.
    assert_eq!(
        decide(&[(if_match, &quoted), (none_match, &quoted)]),
        NotModified
    );
    assert_eq!(
        decide(&[(if_match, "\"x\""), (none_match, &quoted)]),
        Failed("If-Match")
    );
    assert_eq!(decide(&[]), Proceed);
}

#[test]
fn a_copy_fails_whatever_its_source_misses() {
    for (name, value, condition) in [
        (
            "x-amz-copy-source-if-match",
            "x",
            "x-amz-copy-source-If-Match",
        ),
        (
            "x-amz-copy-source-if-none-match",
            ETAG,
            "x-amz-copy-source-If-None-Match",
        ),
        (
            "x-amz-copy-source-if-modified-since",
            AFTER,
            "x-amz-copy-source-If-Modified-Since",
        ),
        (
            "x-amz-copy-source-if-unmodified-since",
            BEFORE,
            "x-amz-copy-source-If-Unmodified-Since",
        ),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        let conditions = Conditions::of_copy_source(&headers);
        let error = conditions.check_copy_source(ETAG, MODIFIED).unwrap_err();
        assert_eq!(error.code, Code::PreconditionFailed);
        assert_eq!(error.details, [("Condition", condition.to_owned())]);
        assert!(Conditions::of(&headers) == Conditions::default());
    }
}

fn part(start: u64, end: u64) -> Wanted {
    Wanted::Part(Range { start, end })
}

#[test]
fn one_range_is_cut_to_the_object() {
    for (header, wanted) in [
        ("bytes=1-2", part(1, 2)),
        (" bytes=1-2 ", part(1, 2)),
        ("bytes=01-02", part(1, 2)),
        ("Bytes=-2", part(3, 4)),
        ("bytes=3-", part(3, 4)),
        ("bytes=0-99", part(0, 4)),
        ("bytes=-99", part(0, 4)),
        ("bytes=0-99999999999999999999999", part(0, 4)),
        ("bytes=4-4", part(4, 4)),
        ("bytes=5-", Wanted::Unsatisfiable),
        ("bytes=9-10", Wanted::Unsatisfiable),
        ("bytes=-0", Wanted::Unsatisfiable),
    ] {
        assert_eq!(decide_range(Some(header), 5), wanted, "{header}");
    }
    for header in ["bytes=0-", "bytes=-1", "bytes=0-0"] {
        assert_eq!(
            decide_range(Some(header), 0),
            Wanted::Unsatisfiable,
            "{header}"
        );
    }
}

#[test]
fn what_is_not_one_range_is_ignored() {
    for header in [
        "bytes=2-1",
        "bytes=-",
        "bytes=z",
        "bytes=0-0,2-2",
        "bytes=,0-1",
        "items=0-1",
        "bytes 0-1",
        "",
        "bytes=--1",
        "bytes=+1-2",
        "bytes= -1",
        "bytes=0 -1",
        "bytes =0-1",
    ] {
        assert_eq!(decide_range(Some(header), 5), Wanted::Whole, "{header}");
    }
    assert_eq!(decide_range(None, 5), Wanted::Whole);
}

#[test]
fn a_range_is_of_the_object_the_client_knows() {
    let quoted = format!("\"{ETAG}\"");
    assert!(range_applies(None, ETAG, MODIFIED));
    assert!(range_applies(Some(&quoted), ETAG, MODIFIED));
    assert!(range_applies(Some(THEN), ETAG, MODIFIED));
    for other in ["\"x\"", BEFORE, AFTER, &format!("W/{quoted}")] {
        assert!(!range_applies(Some(other), ETAG, MODIFIED), "{other}");
    }
}

proptest! {
    #[test]
    fn a_part_always_lies_inside(header in "bytes=[0-9 ]{0,20}-[0-9 ]{0,20}", size: u64) {
        if let Wanted::Part(range) = decide_range(Some(&header), size) {
            prop_assert!(range.start <= range.end && range.end < size);
            prop_assert!(range.length() <= size);
        }
    }
}
