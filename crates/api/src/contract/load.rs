//! Compilation of the OpenAPI document into [`Contract`].
//!
//! Runs once per process. Names are leaked: they live as long as the process and the set is fixed,
//! which spares every request a reference count.

use std::collections::BTreeMap;

use http::Method;
use regex_lite::Regex;
use serde_json::Value;

use super::paths::PathTree;
use super::schema::{Kind, OneOf, Pattern, Schema, SchemaId, Schemas};
use super::{Contract, DefaultValue, MAX_PARAMETERS, Operation, Parameter, Place, RequestBody};

const SCHEMA_PREFIX: &str = "#/components/schemas/";
const PARAMETER_PREFIX: &str = "#/components/parameters/";

/// Why the document cannot be used. A defect of the build: tests compile the embedded document.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompileError {
    #[error("the document is not JSON")]
    Json(#[source] serde_json::Error),
    #[error("{at}: {reason}")]
    Document { at: String, reason: String },
}

fn document(at: &str, reason: impl Into<String>) -> CompileError {
    CompileError::Document {
        at: at.to_owned(),
        reason: reason.into(),
    }
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.into())
}

impl Contract {
    /// Compiles a document.
    pub(crate) fn compile(text: &str) -> Result<Self, CompileError> {
        let root: Value = serde_json::from_str(text).map_err(CompileError::Json)?;
        let mut loader = Loader {
            root: &root,
            schemas: Schemas::default(),
            named: BTreeMap::new(),
        };
        let mut operations = Vec::new();
        let mut paths = PathTree::default();
        for (template, item) in fields(&root, "/paths") {
            let template = leak(template);
            let shared = list(item, "parameters");
            for (method, value) in fields(item, "") {
                let Some(method) = method_of(method) else {
                    continue;
                };
                let operation = loader.operation(template, method, shared, value)?;
                paths
                    .insert(&operation.method, template, operations.len())
                    .map_err(|error| document(template, error.to_string()))?;
                operations.push(operation);
            }
        }
        Ok(Self {
            operations,
            schemas: loader.schemas,
            paths,
        })
    }
}

fn method_of(name: &str) -> Option<Method> {
    match name {
        "get" => Some(Method::GET),
        "post" => Some(Method::POST),
        "put" => Some(Method::PUT),
        "delete" => Some(Method::DELETE),
        "head" => Some(Method::HEAD),
        "patch" => Some(Method::PATCH),
        _ => None,
    }
}

fn fields<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn size(value: &Value, key: &str) -> usize {
    value
        .get(key)
        .and_then(Value::as_u64)
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(0)
}

struct Loader<'v> {
    root: &'v Value,
    schemas: Schemas,
    named: BTreeMap<&'v str, SchemaId>,
}

impl<'v> Loader<'v> {
    fn operation(
        &mut self,
        template: &'static str,
        method: Method,
        shared: &'v [Value],
        value: &'v Value,
    ) -> Result<Operation, CompileError> {
        let id = text(value, "operationId").ok_or_else(|| document(template, "no operationId"))?;
        let parameters = shared
            .iter()
            .chain(list(value, "parameters"))
            .map(|parameter| self.parameter(parameter))
            .collect::<Result<Vec<_>, _>>()?;
        if parameters.len() > MAX_PARAMETERS {
            return Err(document(id, "too many parameters"));
        }
        let path_parameters = template
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| {
                parameters
                    .iter()
                    .position(|known| known.place == Place::Path && known.name == name)
                    .ok_or_else(|| document(id, format!("path parameter {name} is not declared")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let body = match value.get("requestBody") {
            Some(body) => Some(self.body(body, flag(value, "x-validation-exclude-body"))?),
            None => None,
        };
        Ok(Operation {
            id: leak(id),
            method,
            template,
            open: value
                .get("security")
                .and_then(Value::as_array)
                .is_some_and(Vec::is_empty),
            parameters,
            path_parameters,
            body,
        })
    }

    fn body(&mut self, body: &'v Value, exempt: bool) -> Result<RequestBody, CompileError> {
        let json = match body.pointer("/content/application~1json/schema") {
            Some(schema) if !exempt => Some(self.schema_id(schema)?),
            _ => None,
        };
        Ok(RequestBody {
            required: flag(body, "required"),
            json,
            proven_by_type: json.is_some_and(|id| self.schemas.is_proven_by_type(id)),
        })
    }

    fn parameter(&mut self, value: &'v Value) -> Result<Parameter, CompileError> {
        let value = match text(value, "$ref") {
            Some(reference) => self.referred(reference, PARAMETER_PREFIX, "parameters")?,
            None => value,
        };
        let name = leak(text(value, "name").ok_or_else(|| document("parameter", "no name"))?);
        let place = match text(value, "in") {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            _ => return Err(document(name, "unknown place")),
        };
        let schema = value
            .get("schema")
            .ok_or_else(|| document(name, "no schema"))?;
        let default = match schema.get("default") {
            None => None,
            Some(Value::Bool(default)) => Some(DefaultValue::Flag(*default)),
            Some(Value::String(default)) => Some(DefaultValue::Text(leak(default))),
            Some(default) => Some(DefaultValue::Integer(
                default
                    .as_i64()
                    .ok_or_else(|| document(name, "unusable default"))?,
            )),
        };
        Ok(Parameter {
            name,
            place,
            required: flag(value, "required"),
            allow_empty: flag(value, "allowEmptyValue"),
            schema: self.schema(schema, None)?,
            default,
        })
    }

    fn referred(
        &self,
        reference: &str,
        prefix: &str,
        kind: &str,
    ) -> Result<&'v Value, CompileError> {
        reference
            .strip_prefix(prefix)
            .and_then(|name| self.root.get("components")?.get(kind)?.get(name))
            .ok_or_else(|| document(reference, "refers to nothing"))
    }

    fn schema_id(&mut self, value: &'v Value) -> Result<SchemaId, CompileError> {
        let Some(reference) = text(value, "$ref") else {
            let schema = self.schema(value, None)?;
            self.schemas.all.push(schema);
            return Ok(SchemaId(self.schemas.all.len() - 1));
        };
        if let Some(id) = self.named.get(reference) {
            return Ok(*id);
        }
        // The place is taken before the schema is compiled, so that a recursive one refers to itself.
        let id = SchemaId(self.schemas.all.len());
        let name = reference.strip_prefix(SCHEMA_PREFIX).map(leak);
        self.schemas.all.push(Schema {
            name,
            nullable: true,
            kind: Kind::Any,
        });
        let value = self.referred(reference, SCHEMA_PREFIX, "schemas")?;
        self.named.insert(reference, id);
        let schema = self.schema(value, name)?;
        if let Some(slot) = self.schemas.all.get_mut(id.0) {
            *slot = schema;
        }
        Ok(id)
    }

    fn schema(
        &mut self,
        value: &'v Value,
        name: Option<&'static str>,
    ) -> Result<Schema, CompileError> {
        let at = name.unwrap_or("schema");
        let kind = match text(value, "type") {
            Some("boolean") => Kind::Boolean,
            Some("integer") => Kind::Integer {
                minimum: value.get("minimum").and_then(Value::as_i64),
                maximum: value.get("maximum").and_then(Value::as_i64),
            },
            Some("string") => text_kind(value, at)?,
            Some("array") => {
                let items = value
                    .get("items")
                    .ok_or_else(|| document(at, "array without items"))?;
                Kind::Array {
                    items: self.schema_id(items)?,
                    min_items: size(value, "minItems"),
                }
            }
            Some("object") => self.object_kind(value)?,
            None if value.get("properties").is_some() || value.get("required").is_some() => {
                self.object_kind(value)?
            }
            None if value.get("allOf").is_some() => Kind::All(
                list(value, "allOf")
                    .iter()
                    .map(|part| self.schema_id(part))
                    .collect::<Result<_, _>>()?,
            ),
            None => Kind::Any,
            Some(other) => return Err(document(at, format!("unknown type {other}"))),
        };
        Ok(Schema {
            name,
            nullable: flag(value, "nullable"),
            kind,
        })
    }

    fn object_kind(&mut self, value: &'v Value) -> Result<Kind, CompileError> {
        let mut properties = fields(value, "/properties")
            .map(|(name, property)| Ok((leak(name), self.schema_id(property)?)))
            .collect::<Result<Vec<_>, CompileError>>()?;
        properties.sort_unstable_by_key(|(name, _)| *name);
        let additional = match value.get("additionalProperties") {
            Some(schema) if schema.is_object() => Some(self.schema_id(schema)?),
            _ => None,
        };
        Ok(Kind::Object {
            properties,
            required: list(value, "required")
                .iter()
                .filter_map(Value::as_str)
                .map(leak)
                .collect(),
            additional,
        })
    }
}

fn text_kind(value: &Value, at: &str) -> Result<Kind, CompileError> {
    let pattern = match text(value, "pattern") {
        Some(pattern) => {
            let text = leak(pattern);
            let regex = Regex::new(text).map_err(|error| document(at, error.to_string()))?;
            Some(Pattern { text, regex })
        }
        None => None,
    };
    let one_of = value.get("enum").map(|values| OneOf {
        values: list(value, "enum")
            .iter()
            .filter_map(Value::as_str)
            .map(leak)
            .collect(),
        shown: values.to_string(),
    });
    Ok(Kind::Text {
        pattern,
        min_length: size(value, "minLength"),
        one_of,
        date_time: text(value, "format") == Some("date-time"),
    })
}
