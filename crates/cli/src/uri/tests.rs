//! Which texts are addresses, and of what.

use proptest::prelude::*;

use super::*;

fn parser() -> UriParser {
    UriParser::default()
}

#[test]
fn an_absent_path_differs_from_an_empty_one() {
    let uri = parser().any("uri", "lakefs://repo/main").unwrap();
    assert_eq!((uri.reference.as_deref(), uri.path), (Some("main"), None));
    let uri = parser().any("uri", "lakefs://repo/main/").unwrap();
    assert_eq!(uri.path.as_deref(), Some(""));
    assert_eq!(uri.to_string(), "lakefs://repo/main/");
}

#[test]
fn every_character_of_a_key_can_be_written() {
    for (text, key) in [
        ("lakefs://repo/main/a?b#c", "a?b#c"),
        ("lakefs://repo/main/100%", "100%"),
        ("lakefs://repo/main/100%zz", "100%zz"),
        ("lakefs://repo/main/a%20b", "a b"),
        ("lakefs://repo/main/a%2520b", "a%20b"),
        ("lakefs://repo/main/%ff", "%ff"),
        ("lakefs://repo/main//a//b/", "/a//b/"),
        ("lakefs://repo/main/a b/ż", "a b/ż"),
    ] {
        assert_eq!(parser().path("path URI", text).unwrap().path, key, "{text}");
    }
}

#[test]
fn errors_name_the_argument() {
    let cases = [
        (
            parser()
                .repository("repository URI", "clirepo")
                .unwrap_err(),
            "repository URI malformed lakefs URI",
        ),
        (
            parser()
                .branch("branch URI", "lakefs://repo/a.b")
                .unwrap_err(),
            "branch URI contains invalid branch name: not a valid branch URI",
        ),
        (
            parser()
                .repository("repository URI", "lakefs://repo/main")
                .unwrap_err(),
            "repository URI not a valid repository URI",
        ),
        (
            parser()
                .repository("repository URI", "lakefs://R")
                .unwrap_err(),
            "repository URI contains invalid repository name: not a valid repository URI",
        ),
        (
            parser().path("path URI", "lakefs://repo/main").unwrap_err(),
            "path URI not a valid path URI",
        ),
    ];
    for (error, message) in cases {
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn the_base_is_put_before_short_addresses_only() {
    let parser = UriParser::new("lakefs://repo/main/");
    assert_eq!(
        parser.path("p", "a/b").unwrap().to_string(),
        "lakefs://repo/main/a/b"
    );
    assert_eq!(
        parser.path("p", "lakefs://other/dev/x").unwrap().repository,
        "other"
    );
}

#[test]
fn a_trailing_slash_after_the_repository_is_still_the_repository() {
    assert_eq!(parser().repository("r", "lakefs://repo/").unwrap(), "repo");
}

proptest! {
    #[test]
    fn any_key_is_addressable_once_percent_signs_are_escaped(key in "\\PC{1,40}") {
        let text = format!("lakefs://repo/main/{}", key.replace('%', "%25"));
        prop_assert_eq!(parser().path("p", &text).unwrap().path, key);
    }

    #[test]
    fn no_text_makes_the_parser_fail_otherwise_than_by_an_error(text in "\\PC{0,60}") {
        let _result = parser().any("u", &text);
    }
}
