//! JSON schemas of the contract and the check of a value against one.
//!
//! Only the keywords the contract uses. The first violation is reported, in the words and the order
//! that recorded conversations show: the properties a value has, by name, then the ones it lacks.

use regex_lite::Regex;
use serde_json::Value;

/// Index of a schema in [`Schemas`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SchemaId(pub(super) usize);

/// Every schema a body may need.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    pub(super) all: Vec<Schema>,
}

/// One schema.
#[derive(Debug)]
pub(crate) struct Schema {
    /// Name below `#/components/schemas/`, if it has one.
    pub(super) name: Option<&'static str>,
    pub(super) nullable: bool,
    pub(crate) kind: Kind,
}

/// What a value must be.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Anything.
    Any,
    Boolean,
    Integer {
        minimum: Option<i64>,
        maximum: Option<i64>,
    },
    Text {
        pattern: Option<Pattern>,
        min_length: usize,
        one_of: Option<OneOf>,
        date_time: bool,
    },
    Array {
        items: SchemaId,
        min_items: usize,
    },
    Object {
        /// Sorted by name.
        properties: Vec<(&'static str, SchemaId)>,
        required: Vec<&'static str>,
        additional: Option<SchemaId>,
    },
    All(Vec<SchemaId>),
}

/// A regular expression and its text.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(super) text: &'static str,
    pub(super) regex: Regex,
}

/// Allowed values.
#[derive(Debug)]
pub(crate) struct OneOf {
    pub(super) values: Vec<&'static str>,
    /// The values as the message shows them.
    pub(super) shown: String,
}

/// Where a value breaks its schema, and how.
#[derive(Debug, Default)]
pub(crate) struct Violation {
    /// Segments from the innermost outwards.
    path: Vec<String>,
    reason: String,
}

impl Violation {
    fn new(reason: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            reason: reason.into(),
        }
    }

    fn below(mut self, segment: impl Into<String>) -> Self {
        self.path.push(segment.into());
        self
    }

    /// `Error at "/pointer": reason`, or just the reason for the value itself.
    fn describe(&self) -> String {
        if self.path.is_empty() {
            return self.reason.clone();
        }
        let pointer = self
            .path
            .iter()
            .rev()
            .fold(String::new(), |mut text, segment| {
                text.push('/');
                text.push_str(segment);
                text
            });
        format!("Error at \"{pointer}\": {}", self.reason)
    }
}

impl Schemas {
    pub(crate) fn get(&self, id: SchemaId) -> Option<&Schema> {
        self.all.get(id.0)
    }

    /// Checks a whole request body; the message is for the client.
    pub(crate) fn check_body(&self, id: SchemaId, value: &Value) -> Result<(), String> {
        self.check(id, value).map_err(|violation| {
            let name = self.get(id).and_then(|schema| schema.name);
            let whole = violation.describe();
            match name {
                Some(name) => format!("doesn't match schema #/components/schemas/{name}: {whole}"),
                None => format!("doesn't match schema: {whole}"),
            }
        })
    }

    /// Whether reading a body straight into its type proves everything the schema asks: an object of
    /// unbounded scalars, texts by text and lists of text.
    pub(crate) fn is_proven_by_type(&self, id: SchemaId) -> bool {
        let plain = |id: SchemaId| {
            self.get(id).is_some_and(|schema| match &schema.kind {
                Kind::Boolean
                | Kind::Integer {
                    minimum: None,
                    maximum: None,
                }
                | Kind::Text {
                    pattern: None,
                    min_length: 0,
                    one_of: None,
                    date_time: false,
                } => !schema.nullable,
                _ => false,
            })
        };
        let Some(Schema {
            kind:
                Kind::Object {
                    properties,
                    additional: None,
                    ..
                },
            ..
        }) = self.get(id)
        else {
            return false;
        };
        properties.iter().all(|(_, property)| {
            plain(*property)
                || self
                    .get(*property)
                    .is_some_and(|schema| match &schema.kind {
                        Kind::Array {
                            items,
                            min_items: 0,
                        } => plain(*items),
                        Kind::Object {
                            properties,
                            additional: Some(additional),
                            ..
                        } => properties.is_empty() && plain(*additional),
                        _ => false,
                    })
        })
    }

    fn check(&self, id: SchemaId, value: &Value) -> Result<(), Violation> {
        let Some(schema) = self.get(id) else {
            return Ok(());
        };
        if value.is_null() && !matches!(schema.kind, Kind::Any | Kind::All(_)) {
            return if schema.nullable {
                Ok(())
            } else {
                Err(Violation::new("Value is not nullable"))
            };
        }
        match &schema.kind {
            Kind::Any => Ok(()),
            Kind::Boolean => expect(value.is_boolean(), "value must be a boolean"),
            Kind::Integer { minimum, maximum } => check_integer(value, *minimum, *maximum),
            Kind::Text { .. } => match value.as_str() {
                Some(text) => schema.check_text(text).map_err(Violation::new),
                None => Err(Violation::new("value must be a string")),
            },
            Kind::Array { items, min_items } => self.check_array(*items, *min_items, value),
            Kind::Object {
                properties,
                required,
                additional,
            } => self.check_object(properties, required, *additional, value),
            Kind::All(parts) => parts.iter().try_for_each(|part| self.check(*part, value)),
        }
    }

    fn check_array(
        &self,
        items: SchemaId,
        min_items: usize,
        value: &Value,
    ) -> Result<(), Violation> {
        let Some(values) = value.as_array() else {
            return Err(Violation::new("value must be an array"));
        };
        if values.len() < min_items {
            return Err(Violation::new(format!(
                "minimum number of items is {min_items}"
            )));
        }
        values.iter().enumerate().try_for_each(|(at, item)| {
            self.check(items, item)
                .map_err(|violation| violation.below(at.to_string()))
        })
    }

    fn check_object(
        &self,
        properties: &[(&'static str, SchemaId)],
        required: &[&'static str],
        additional: Option<SchemaId>,
        value: &Value,
    ) -> Result<(), Violation> {
        let Some(object) = value.as_object() else {
            return Err(Violation::new("value must be an object"));
        };
        for (name, value) in object {
            let property = properties
                .binary_search_by(|(known, _)| (*known).cmp(name.as_str()))
                .ok()
                .and_then(|at| properties.get(at))
                .map(|(_, id)| *id)
                .or(additional);
            if let Some(id) = property {
                self.check(id, value)
                    .map_err(|violation| violation.below(name.clone()))?;
            }
        }
        match required.iter().find(|name| !object.contains_key(**name)) {
            Some(name) => {
                Err(Violation::new(format!("property \"{name}\" is missing")).below(*name))
            }
            None => Ok(()),
        }
    }
}

impl Schema {
    /// Checks a text, which may be a parameter.
    pub(crate) fn check_text(&self, text: &str) -> Result<(), String> {
        let Kind::Text {
            pattern,
            min_length,
            one_of,
            date_time,
        } = &self.kind
        else {
            return Ok(());
        };
        if let Some(one_of) = one_of
            && !one_of.values.contains(&text)
        {
            return Err(format!(
                "value is not one of the allowed values {}",
                one_of.shown
            ));
        }
        if text.chars().take(*min_length).count() < *min_length {
            return Err(format!("minimum string length is {min_length}"));
        }
        if let Some(pattern) = pattern
            && !pattern.regex.is_match(text)
        {
            return Err(format!(
                "string doesn't match the regular expression \"{}\"",
                pattern.text
            ));
        }
        if *date_time && text.parse::<jiff::Timestamp>().is_err() {
            return Err("string is not a date and time as in RFC 3339".to_owned());
        }
        Ok(())
    }

    /// Checks a whole number, which may be a parameter.
    pub(crate) fn check_number(&self, number: i64) -> Result<(), String> {
        match self.kind {
            Kind::Integer { minimum, maximum } => check_bounds(number, minimum, maximum),
            _ => Ok(()),
        }
    }
}

fn expect(holds: bool, otherwise: &str) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation::new(otherwise))
    }
}

fn check_integer(
    value: &Value,
    minimum: Option<i64>,
    maximum: Option<i64>,
) -> Result<(), Violation> {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(number) => check_bounds(number, minimum, maximum).map_err(Violation::new),
            None if number.is_u64() => Err(Violation::new("number must be an int64")),
            None => Err(Violation::new("value must be an integer")),
        },
        _ => Err(Violation::new("value must be an integer")),
    }
}

fn check_bounds(number: i64, minimum: Option<i64>, maximum: Option<i64>) -> Result<(), String> {
    match (minimum, maximum) {
        (Some(minimum), _) if number < minimum => Err(format!("number must be at least {minimum}")),
        (_, Some(maximum)) if number > maximum => Err(format!("number must be at most {maximum}")),
        _ => Ok(()),
    }
}
