//! Reading of bodies: limits, media types, and agreement of the fast way with the slow one.

use futures_util::stream;
use http::Request;
use http::header::HeaderValue;
use lakefs_wire as wire;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn operation(id: &str) -> &'static Operation {
    contract().operation(id).expect("operation")
}

async fn read<T: RequestContent>(
    id: &str,
    content_type: Option<&'static str>,
    body: Body,
) -> Result<T, String> {
    let mut request = Request::new(());
    if let Some(content_type) = content_type {
        let value = HeaderValue::from_static(content_type);
        request.headers_mut().insert(CONTENT_TYPE, value);
    }
    let (parts, ()) = request.into_parts();
    T::read(operation(id), &parts, body)
        .await
        .map_err(|failure| format!("{} {}", failure.status().as_u16(), failure.message()))
}

type Commit = JsonBody<wire::CommitCreation>;

async fn commit(body: impl Into<Body>) -> Result<wire::CommitCreation, String> {
    let read = read::<Commit>("Commit", Some("application/json"), body.into()).await;
    read.map(|JsonBody(commit)| commit)
}

#[tokio::test]
async fn a_body_that_fits_is_read_with_its_defaults() {
    let read = commit(r#" {"message": "m", "date": 5, "unknown": [1]}"#).await;
    let expected = wire::CommitCreation {
        message: "m".to_owned(),
        date: Some(5),
        ..wire::CommitCreation::default()
    };
    assert_eq!(read, Ok(expected));
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let cases = [
        ("", "value is required but missing"),
        ("{", "failed to decode request body: unexpected EOF"),
        (
            "{\"message\":\"m\"} x",
            "failed to decode request body: trailing characters at line 1 column 17",
        ),
        (
            "{\"message\":\"\\ud800\"}",
            "failed to decode request body: unexpected end of hex escape at line 1 column 19",
        ),
        (
            "[\"m\"]",
            "doesn't match schema #/components/schemas/CommitCreation: value must be an object",
        ),
        (
            "{\"message\":5}",
            "doesn't match schema #/components/schemas/CommitCreation: Error at \"/message\": value must be a string",
        ),
        (
            "{\"message\":\"m\",\"date\":null}",
            "doesn't match schema #/components/schemas/CommitCreation: Error at \"/date\": Value is not nullable",
        ),
        (
            "{\"message\":\"m\",\"date\":1e99}",
            "doesn't match schema #/components/schemas/CommitCreation: Error at \"/date\": value must be an integer",
        ),
    ];
    for (body, reason) in cases {
        let expected = format!("400 request body has an error: {reason}");
        assert_eq!(commit(body).await, Err(expected), "{body}");
    }
    let deep = format!("{{\"message\":{}", "[".repeat(100_000));
    assert!(commit(deep).await.unwrap_err().contains("recursion limit"));
}

#[tokio::test]
async fn only_json_is_taken_for_json() {
    let read =
        |content_type| read::<Commit>("Commit", content_type, Body::from("{\"message\":\"\"}"));
    assert!(read(Some("application/json; charset=utf-8")).await.is_ok());
    assert!(read(Some("Application/JSON")).await.is_ok());
    for (given, shown) in [(Some("text/plain"), "text/plain"), (None, "")] {
        let expected = format!(
            "400 request body has an error: header Content-Type has unexpected value \"{shown}\""
        );
        assert_eq!(read(given).await.err(), Some(expected));
    }
}

#[tokio::test]
async fn an_absent_body_is_the_default_where_the_contract_allows_it() {
    let merge = read::<OptionalJson<wire::Merge>>("MergeIntoBranch", None, Body::empty()).await;
    assert_eq!(merge.unwrap().0, wire::Merge::default());
}

fn chunks(count: usize, size: usize) -> Body {
    let chunk = Bytes::from(vec![b' '; size]);
    let pieces = std::iter::repeat_n(chunk, count);
    Body::from_stream(stream::iter(pieces.map(Ok::<_, std::io::Error>)))
}

#[tokio::test]
async fn a_body_is_bounded_whether_or_not_it_says_its_size() {
    let told = format!("413 request body is larger than the limit of {MAX_JSON_BYTES} bytes");
    assert_eq!(commit(chunks(5, 1 << 20)).await.err(), Some(told.clone()));
    // At the limit it is read, and found to be no JSON.
    let whole = commit(chunks(4, 1 << 20)).await.unwrap_err();
    assert!(whole.contains("unexpected EOF"), "{whole}");

    let mut request = Request::new(());
    let declared = HeaderValue::from(MAX_JSON_BYTES + 1);
    request.headers_mut().insert(CONTENT_LENGTH, declared);
    let (parts, ()) = request.into_parts();
    let never_read = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let outcome = Commit::read(operation("Commit"), &parts, never_read).await;
    assert_eq!(outcome.unwrap_err().status().as_u16(), 413);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error() {
    let pieces = [
        Ok(Bytes::from("{\"message\"")),
        Err(std::io::Error::other("reset")),
    ];
    let outcome = commit(Body::from_stream(stream::iter(pieces))).await;
    let told = "400 request body has an error: it ended before it was complete";
    assert_eq!(outcome, Err(told.to_owned()));
}

#[tokio::test]
async fn a_body_nobody_uses_is_checked_all_the_same() {
    let bad = json!({"paths": [], "commit": {}}).to_string();
    let json = Some("application/json");
    let outcome = read::<AnyBody>("ImportStart", json, Body::from(bad)).await;
    assert!(
        outcome
            .unwrap_err()
            .contains("property \"message\" is missing")
    );
}

fn field() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|flag| json!(flag)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,3}".prop_map(|text| json!(text)),
        Just(json!({"a": "b"})),
        Just(json!({"a": 1})),
        Just(json!(["a"])),
    ]
}

proptest! {
    /// The fast way reads nothing that the contract refuses, and the same values.
    #[test]
    fn both_ways_of_reading_agree(
        names in prop::collection::vec(
            prop::sample::select(vec![
                "physical_address", "checksum", "size_bytes", "mtime", "metadata", "content_type",
                "force", "other",
            ]),
            0..8,
        ),
        values in prop::collection::vec(field(), 8),
        complete: bool,
    ) {
        let mut body = serde_json::Map::new();
        if complete {
            body.insert("physical_address".to_owned(), json!("a"));
            body.insert("checksum".to_owned(), json!("c"));
            body.insert("size_bytes".to_owned(), json!(1));
        }
        for (name, value) in names.into_iter().zip(values) {
            body.insert(name.to_owned(), value);
        }
        let text = serde_json::to_vec(&body).unwrap();
        let body = operation("StageObject").body.as_ref().unwrap();
        let fast = JsonText { text: text.into(), schema: body.json.unwrap(), proven_by_type: true };
        let slow = JsonText { text: fast.text.clone(), proven_by_type: false, ..fast };
        let [fast, slow] = [fast, slow].map(|text| text.parse::<wire::ObjectStageCreation>().ok());
        prop_assert_eq!(fast, slow);
    }
}
