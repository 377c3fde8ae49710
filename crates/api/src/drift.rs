//! The drift test: what the handlers declare and the types they use, against the contract.
//!
//! Types are asked through serde itself ([`shape`]), so that the comparison is with what is really
//! read and written. Differences that are meant are in [`EXCEPTIONS`], each with its reason; one that
//! no longer holds fails too.

mod shape;

use std::collections::BTreeSet;

use serde_json::Value;

use self::shape::{Scalar, Shape, shape_of};
use crate::body::RequestContent;
use crate::contract::{OPENAPI, contract};
use crate::error::status_of;
use crate::operation::{Built, Operation, run};
use crate::operations::BUILT;
use crate::respond::Answer;
use crate::values::Parameters;

/// Differences that are meant: what the test finds, and why it is right.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "UpdateObjectUserMetadata: status 201 is never answered",
        "lakeFS answers 204, and clients accept it",
    ),
    (
        "UpdateObjectUserMetadata: status 204 is not in the contract",
        "lakeFS answers 204, and clients accept it",
    ),
    (
        "CreateBranch: the answer is bytes, not text/html",
        "the contract's own form: the commit id as text",
    ),
    (
        "CompletePresignMultipartUpload: status 409 has another body",
        "no other location is ever offered; a failure has a message",
    ),
    (
        "LinkPhysicalAddress: status 409 has another body",
        "no other location is ever offered; a failure has a message",
    ),
];

/// What an operation says about itself.
#[derive(Debug)]
pub(crate) struct Declared {
    id: &'static str,
    status: u16,
    also: &'static [u16],
    parameters: &'static [&'static str],
    body: Shape,
    answer: Shape,
}

impl Built {
    pub(crate) const fn of<O: Operation>() -> Self {
        fn declared<O: Operation>() -> Declared {
            Declared {
                id: O::ID,
                status: O::STATUS.as_u16(),
                also: O::ALSO,
                parameters: <O::Parameters<'static> as Parameters<'static>>::NAMES,
                body: shape_of::<<O::Body as RequestContent>::Shape>(),
                answer: shape_of::<<O::Answer as Answer>::Shape>(),
            }
        }
        Self {
            id: O::ID,
            run: run::<O>,
            declared: declared::<O>,
        }
    }
}

/// The operation of the document with this id, and its path item.
fn documented<'d>(document: &'d Value, id: &str) -> Option<(&'d Value, &'d Value)> {
    document["paths"].as_object()?.values().find_map(|item| {
        let operation = item
            .as_object()?
            .values()
            .find(|operation| operation["operationId"] == id)?;
        Some((operation, item))
    })
}

fn resolve<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(reference) => document
            .pointer(reference.trim_start_matches('#'))
            .expect("the reference leads somewhere"),
        None => value,
    }
}

/// A schema with what its `allOf` says put into one object.
fn whole(document: &Value, schema: &Value) -> Value {
    let Some(parts) = schema["allOf"].as_array() else {
        return schema.clone();
    };
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for part in parts {
        let part = whole(document, resolve(document, part));
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    serde_json::json!({"type": "object", "properties": properties, "required": required})
}

struct Comparison<'d> {
    document: &'d Value,
    found: BTreeSet<String>,
}

impl Comparison<'_> {
    fn note(&mut self, difference: String) {
        self.found.insert(difference);
    }

    fn operation(&mut self, declared: &Declared) {
        let id = declared.id;
        let document = self.document;
        let Some((operation, item)) = documented(document, id) else {
            return self.note(format!("{id}: not in the contract"));
        };
        let parameters: BTreeSet<&str> = [&item["parameters"], &operation["parameters"]]
            .into_iter()
            .filter_map(Value::as_array)
            .flatten()
            .filter_map(|parameter| resolve(document, parameter)["name"].as_str())
            .collect();
        let read: BTreeSet<&str> = declared.parameters.iter().copied().collect();
        for name in parameters.symmetric_difference(&read) {
            self.note(format!("{id}: parameter {name} on one side only"));
        }
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if !body.is_null() {
            self.schema(&format!("{id} body"), &declared.body, body);
        } else if !matches!(declared.body, Shape::Nothing) {
            self.note(format!(
                "{id}: a body is read that the contract does not have"
            ));
        }
        self.statuses(declared, operation);
        self.answer(declared, operation);
    }

    fn statuses(&mut self, declared: &Declared, operation: &Value) {
        let id = declared.id;
        let documented: BTreeSet<u16> = operation["responses"]
            .as_object()
            .expect("responses")
            .keys()
            .filter_map(|status| status.parse().ok())
            .collect();
        let mut meant = BTreeSet::from([declared.status]);
        meant.extend(declared.also);
        for status in &meant {
            if !documented.contains(status) {
                self.note(format!("{id}: status {status} is not in the contract"));
            }
        }
        let failures = failure_statuses();
        for status in documented {
            if !meant.contains(&status) && !failures.contains(&status) {
                self.note(format!("{id}: status {status} is never answered"));
            }
        }
    }

    fn answer(&mut self, declared: &Declared, operation: &Value) {
        let id = declared.id;
        let content = &operation["responses"][declared.status.to_string()]["content"];
        let schema = &content["application/json"]["schema"];
        match (&declared.answer, schema) {
            (Shape::Nothing, Value::Null) => {}
            (Shape::Octets, Value::Null) => match content.as_object() {
                Some(types) if types.contains_key("application/octet-stream") => {}
                Some(types) => {
                    let names: Vec<_> = types.keys().map(String::as_str).collect();
                    self.note(format!(
                        "{id}: the answer is bytes, not {}",
                        names.join(", ")
                    ));
                }
                None => self.note(format!("{id}: an answer that the contract does not have")),
            },
            (_, Value::Null) => {
                self.note(format!("{id}: an answer that the contract does not have"));
            }
            (shape, schema) => self.schema(&format!("{id} answer"), shape, schema),
        }
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let body = &response["content"]["application/json"]["schema"]["$ref"];
            let is_failure = status.starts_with(['4', '5']);
            if is_failure
                && body.is_string()
                && *body != "#/components/schemas/Error"
                && !declared.also.iter().any(|also| also.to_string() == *status)
            {
                self.note(format!("{id}: status {status} has another body"));
            }
        }
    }

    fn schema(&mut self, at: &str, shape: &Shape, schema: &Value) {
        let document = self.document;
        let schema = &whole(document, resolve(document, schema));
        let same = match (shape, schema["type"].as_str()) {
            (Shape::Scalar(Scalar::Flag), Some("boolean"))
            | (Shape::Scalar(Scalar::Integer64), Some("integer"))
            | (Shape::Scalar(Scalar::Text), Some("string")) => true,
            (Shape::OneOf(names), Some("string")) => {
                let allowed: BTreeSet<_> = schema["enum"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                allowed == names.iter().copied().collect()
            }
            (Shape::List(item), Some("array")) => {
                self.schema(&format!("{at}[]"), item, &schema["items"]);
                true
            }
            (Shape::Map(value), Some("object")) => {
                self.schema(&format!("{at}{{}}"), value, &schema["additionalProperties"]);
                true
            }
            (Shape::Object(fields), Some("object")) => {
                self.fields(at, fields, schema);
                true
            }
            _ => false,
        };
        if !same {
            self.note(format!("{at}: {shape:?} is not {schema}"));
        }
    }

    fn fields(&mut self, at: &str, fields: &[shape::Field], schema: &Value) {
        let empty = serde_json::Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        let required: Vec<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for name in properties.keys() {
            if !fields.iter().any(|field| field.name == name) {
                self.note(format!("{at}.{name}: no field"));
            }
        }
        for field in fields {
            let at = format!("{at}.{}", field.name);
            match properties.get(field.name) {
                None => self.note(format!("{at}: not in the contract")),
                Some(property) => self.schema(&at, &field.shape, property),
            }
            if required.contains(&field.name) != field.required {
                self.note(format!("{at}: required on one side only"));
            }
        }
    }
}

/// Every status that a failure can have.
fn failure_statuses() -> BTreeSet<u16> {
    use lakefs_service::ErrorKind as Kind;
    [
        Kind::Invalid,
        Kind::Unauthorized,
        Kind::Forbidden,
        Kind::NotFound,
        Kind::Conflict,
        Kind::MergeConflict,
        Kind::Gone,
        Kind::PreconditionFailed,
        Kind::RangeNotSatisfiable,
        Kind::TooManyRequests,
        Kind::Canceled,
        Kind::Internal,
        Kind::NotImplemented,
        Kind::Unavailable,
    ]
    .map(|kind| status_of(kind).as_u16())
    .into()
}

#[test]
fn handlers_and_contract_agree() {
    let document: Value = serde_json::from_str(OPENAPI).expect("JSON");
    let mut comparison = Comparison {
        document: &document,
        found: BTreeSet::new(),
    };
    for built in BUILT {
        comparison.operation(&(built.declared)());
    }
    let meant: BTreeSet<String> = EXCEPTIONS
        .iter()
        .map(|(what, _)| (*what).to_owned())
        .collect();
    let drift: Vec<_> = comparison.found.difference(&meant).collect();
    assert!(drift.is_empty(), "drift: {drift:#?}");
    let stale: Vec<_> = meant.difference(&comparison.found).collect();
    assert!(stale.is_empty(), "no longer true: {stale:#?}");
}

#[test]
fn every_built_operation_is_in_the_contract_once() {
    let ids: BTreeSet<_> = BUILT.iter().map(|built| built.id).collect();
    assert_eq!(ids.len(), BUILT.len());
    for id in ids {
        assert!(contract().operation(id).is_some(), "{id}");
    }
}
