//! Reading and checking of parameters.

use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::*;
use crate::contract::contract;

fn read(
    method: &str,
    path_and_query: &str,
    headers: &[(&str, &str)],
) -> Result<Vec<(&'static str, String)>, String> {
    let mut request = Request::builder().method(method).uri(path_and_query);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).expect("request").into_parts();
    let (index, matched) = contract()
        .find(&parts.method, parts.uri.path())
        .expect("operation");
    let operation = &contract().operations[index];
    let values = Values::read(operation, parts.uri.path(), matched, &parts)
        .map_err(|failure| failure.message().to_owned())?;
    Ok(operation
        .parameters
        .iter()
        .map(|parameter| (parameter.name, format!("{:?}", values.get(parameter.name))))
        .filter(|(_, value)| value != "Absent")
        .collect())
}

fn told(path_and_query: &str) -> String {
    read("GET", path_and_query, &[]).expect_err("a violation")
}

#[test]
fn texts_are_decoded_after_the_path_is_split() {
    let values = read(
        "GET",
        "/repositories/r-1/refs/a%2Fb%20c/objects?path=x%2F+y&unknown=%zz",
        &[],
    );
    assert_eq!(
        values.expect("values"),
        [
            ("repository", "Text(\"r-1\")".to_owned()),
            ("ref", "Text(\"a/b c\")".to_owned()),
            ("path", "Text(\"x/ y\")".to_owned()),
        ]
    );
}

#[test]
fn defaults_stand_in_for_what_is_absent_or_empty() {
    let values = read("GET", "/repositories/r-1/branches?amount=&after=", &[]).expect("values");
    assert_eq!(
        values,
        [
            ("repository", "Text(\"r-1\")".to_owned()),
            ("after", "Text(\"\")".to_owned()),
            ("amount", "Integer(100)".to_owned()),
            ("show_hidden", "Flag(false)".to_owned()),
        ]
    );
}

#[test]
fn lists_collect_and_scalars_keep_the_first() {
    let values = read(
        "GET",
        "/repositories/r-1/refs/m/commits?objects=a&objects=b&amount=1&amount=2",
        &[],
    );
    let values = values.expect("values");
    assert!(values.contains(&("objects", "List([\"a\", \"b\"])".to_owned())));
    assert!(values.contains(&("amount", "Integer(1)".to_owned())));
}

#[test]
fn violations_are_told_as_recorded() {
    assert_eq!(
        told("/repositories?amount=1001"),
        "parameter \"amount\" in query has an error: number must be at most 1000"
    );
    assert_eq!(
        told("/repositories?amount=-2"),
        "parameter \"amount\" in query has an error: number must be at least -1"
    );
    assert_eq!(
        told("/repositories?amount=ten"),
        "parameter \"amount\" in query has an error: value ten: an invalid integer: invalid syntax"
    );
    assert_eq!(
        told("/repositories?amount=99999999999999999999"),
        "parameter \"amount\" in query has an error: value 99999999999999999999: an invalid integer: value out of range"
    );
    assert_eq!(
        told("/repositories/r/branches?show_hidden=maybe"),
        "parameter \"show_hidden\" in query has an error: value maybe: an invalid boolean: invalid syntax"
    );
    assert_eq!(
        told("/repositories/r/refs/m/objects?path="),
        "parameter \"path\" in query has an error: empty value is not allowed"
    );
    assert_eq!(
        told("/repositories/r/refs/m/objects"),
        "parameter \"path\" in query has an error: value is required but missing"
    );
    assert_eq!(
        told("/repositories/r/refs/a/diff/b?type=four_dot"),
        "parameter \"type\" in query has an error: value is not one of the allowed values [\"two_dot\",\"three_dot\"]"
    );
    assert_eq!(
        told("/repositories/r/refs/m/objects?path=%ff"),
        "parameter \"path\" in query has an error: value is not percent-encoded UTF-8"
    );
    assert_eq!(
        told("/repositories/r%f/branches"),
        "parameter \"repository\" in path has an error: value is not percent-encoded UTF-8"
    );
    assert_eq!(
        told("/repositories/r/metadata/object/table/x"),
        "parameter \"type\" in path has an error: value is not one of the allowed values [\"range\",\"meta_range\"]"
    );
    assert!(told("/repositories/r/refs/m/commits?since=yesterday").contains("RFC 3339"));
}

#[test]
fn headers_are_checked_too() {
    let range = |value| {
        read(
            "GET",
            "/repositories/r/refs/m/objects?path=a",
            &[("Range", value)],
        )
    };
    assert!(range("bytes=0-1").is_ok());
    assert_eq!(
        range("bytes=z").expect_err("a violation"),
        "parameter \"Range\" in header has an error: string doesn't match the regular expression \"^bytes=((\\d*-\\d*,? ?)+)$\""
    );
}

proptest! {
    #[test]
    fn any_text_survives_encoding(text: String) {
        let encoded = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
        prop_assert_eq!(decode(&encoded, true), Some(Cow::Borrowed(text.as_str())));
        prop_assert_eq!(decode(&encoded, false), Some(Cow::Borrowed(text.as_str())));
    }

    #[test]
    fn any_query_is_read_or_refused(query in "[a-z%&=+0-9]{0,40}") {
        let outcome = read("GET", &format!("/repositories/r/branches?{query}"), &[]);
        prop_assert!(outcome.is_ok() || outcome.is_err_and(|told| told.starts_with("parameter ")));
    }
}
