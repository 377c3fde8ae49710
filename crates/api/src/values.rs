//! The parameters of one request, read once and checked against the contract.
//!
//! Everything here happens before authentication, so it touches nothing but the request. Texts
//! borrow from the request unless they were percent-encoded. Query parameters the contract does not
//! know are ignored; of a repeated scalar the first counts. An absent parameter takes its default.

use std::borrow::Cow;

use http::HeaderMap;
use http::request::Parts;

use crate::contract::schema::Kind;
use crate::contract::{DefaultValue, MAX_PARAMETERS, Operation, Parameter, PathMatch, Place};
use crate::error::Failure;

/// One parameter's value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Value<'r> {
    /// Not given, and without a default.
    #[default]
    Absent,
    /// Text.
    Text(Cow<'r, str>),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Flag(bool),
    /// A repeated text.
    List(Vec<Cow<'r, str>>),
}

/// The values of an operation's parameters, in the contract's order.
#[derive(Debug)]
pub(crate) struct Values<'r> {
    operation: &'static Operation,
    slots: [Value<'r>; MAX_PARAMETERS],
}

/// The raw texts of a parameter before they are checked.
enum Raw<'r> {
    None,
    One(Cow<'r, str>),
    Many(Vec<Cow<'r, str>>),
}

impl<'r> Values<'r> {
    /// Reads and checks all parameters; the first violation in the contract's order is told.
    pub(crate) fn read(
        operation: &'static Operation,
        path: &'r str,
        matched: PathMatch,
        parts: &'r Parts,
    ) -> Result<Self, Failure> {
        let mut raw: [Raw<'r>; MAX_PARAMETERS] = [const { Raw::None }; MAX_PARAMETERS];
        read_path(operation, path, matched, &mut raw)?;
        if let Some(query) = parts.uri.query() {
            read_query(operation, query, &mut raw)?;
        }
        read_headers(operation, &parts.headers, &mut raw)?;
        let mut slots: [Value<'r>; MAX_PARAMETERS] = [const { Value::Absent }; MAX_PARAMETERS];
        for ((parameter, raw), slot) in operation.parameters.iter().zip(raw).zip(&mut slots) {
            *slot =
                check(parameter, raw).map_err(|reason| parameter_failure(parameter, &reason))?;
        }
        Ok(Self { operation, slots })
    }

    /// The value of a parameter of the operation.
    pub(crate) fn get(&self, name: &str) -> &Value<'r> {
        self.operation
            .parameters
            .iter()
            .position(|parameter| parameter.name == name)
            .and_then(|at| self.slots.get(at))
            .unwrap_or(&Value::Absent)
    }
}

fn parameter_failure(parameter: &Parameter, reason: &str) -> Failure {
    Failure::invalid(format!(
        "parameter \"{}\" in {} has an error: {reason}",
        parameter.name,
        parameter.place.name()
    ))
}

fn read_path<'r>(
    operation: &'static Operation,
    path: &'r str,
    matched: PathMatch,
    raw: &mut [Raw<'r>; MAX_PARAMETERS],
) -> Result<(), Failure> {
    for (segment, at) in operation.path_parameters.iter().enumerate() {
        let (Some(parameter), Some(slot)) = (operation.parameters.get(*at), raw.get_mut(*at))
        else {
            continue;
        };
        let value = decode(matched.get(path, segment), false)
            .ok_or_else(|| parameter_failure(parameter, NOT_TEXT))?;
        *slot = Raw::One(value);
    }
    Ok(())
}

const NOT_TEXT: &str = "value is not percent-encoded UTF-8";

fn read_query<'r>(
    operation: &'static Operation,
    query: &'r str,
    raw: &mut [Raw<'r>; MAX_PARAMETERS],
) -> Result<(), Failure> {
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(name) = decode(name, true) else {
            continue;
        };
        let Some((at, parameter)) = operation
            .parameters
            .iter()
            .enumerate()
            .find(|(_, parameter)| parameter.place == Place::Query && parameter.name == name)
        else {
            continue;
        };
        let Some(slot) = raw.get_mut(at) else {
            continue;
        };
        let value = decode(value, true).ok_or_else(|| parameter_failure(parameter, NOT_TEXT))?;
        let repeated = matches!(parameter.schema.kind, Kind::Array { .. });
        match slot {
            Raw::Many(values) => values.push(value),
            Raw::None if repeated => *slot = Raw::Many(vec![value]),
            Raw::None => *slot = Raw::One(value),
            Raw::One(_) => {}
        }
    }
    Ok(())
}

fn read_headers<'r>(
    operation: &'static Operation,
    headers: &'r HeaderMap,
    raw: &mut [Raw<'r>; MAX_PARAMETERS],
) -> Result<(), Failure> {
    for (parameter, slot) in operation.parameters.iter().zip(raw) {
        if parameter.place != Place::Header {
            continue;
        }
        if let Some(value) = headers.get(parameter.name) {
            let text = value
                .to_str()
                .map_err(|_| parameter_failure(parameter, "value is not visible ASCII"))?;
            *slot = Raw::One(Cow::Borrowed(text));
        }
    }
    Ok(())
}

/// Percent-decodes; `None` for a broken escape or bytes that are no UTF-8. In a query a plus is a
/// space.
fn decode(text: &str, plus_is_space: bool) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    let special = |byte: &u8| *byte == b'%' || (plus_is_space && *byte == b'+');
    if !bytes.iter().any(special) {
        return Some(Cow::Borrowed(text));
    }
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn check<'r>(parameter: &Parameter, raw: Raw<'r>) -> Result<Value<'r>, String> {
    let text = match raw {
        Raw::None => return absent(parameter),
        Raw::Many(values) => return Ok(Value::List(values)),
        Raw::One(text) => text,
    };
    match &parameter.schema.kind {
        Kind::Integer { .. } | Kind::Boolean if text.is_empty() => absent(parameter),
        Kind::Integer { .. } => {
            let number = parse_integer(&text)?;
            parameter.schema.check_number(number)?;
            Ok(Value::Integer(number))
        }
        Kind::Boolean => parse_flag(&text).map(Value::Flag),
        _ if text.is_empty() && parameter.allow_empty => Ok(Value::Text(text)),
        _ if text.is_empty() => Err("empty value is not allowed".to_owned()),
        _ => {
            parameter.schema.check_text(&text)?;
            Ok(Value::Text(text))
        }
    }
}

fn absent(parameter: &Parameter) -> Result<Value<'static>, String> {
    match parameter.default {
        _ if parameter.required => Err("value is required but missing".to_owned()),
        None => Ok(Value::Absent),
        Some(DefaultValue::Flag(flag)) => Ok(Value::Flag(flag)),
        Some(DefaultValue::Integer(number)) => Ok(Value::Integer(number)),
        Some(DefaultValue::Text(text)) => Ok(Value::Text(Cow::Borrowed(text))),
    }
}

fn parse_integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|error: std::num::ParseIntError| {
        let reason = match error.kind() {
            std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => {
                "value out of range"
            }
            _ => "invalid syntax",
        };
        format!("value {text}: an invalid integer: {reason}")
    })
}

/// The spellings that existing clients send.
fn parse_flag(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("value {text}: an invalid boolean: invalid syntax")),
    }
}

/// A type that a handler's parameter can have.
pub(crate) trait FromValue<'v> {
    /// The checked value as this type.
    fn from_value(value: &'v Value<'_>) -> Self;
}

impl<'v> FromValue<'v> for Option<&'v str> {
    fn from_value(value: &'v Value<'_>) -> Self {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Text that is required, or whose absence means the same as emptiness.
impl<'v> FromValue<'v> for &'v str {
    fn from_value(value: &'v Value<'_>) -> Self {
        Option::from_value(value).unwrap_or("")
    }
}

impl FromValue<'_> for Option<i64> {
    fn from_value(value: &Value<'_>) -> Self {
        match value {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

/// A flag whose absence means no; a default of the contract was put in before.
impl FromValue<'_> for bool {
    fn from_value(value: &Value<'_>) -> Self {
        matches!(value, Value::Flag(true))
    }
}

impl FromValue<'_> for Vec<String> {
    fn from_value(value: &Value<'_>) -> Self {
        match value {
            Value::List(texts) => texts.iter().map(|text| text.clone().into_owned()).collect(),
            _ => Self::new(),
        }
    }
}

/// The parameters a handler reads.
pub(crate) trait Parameters<'v>: Sized {
    /// Their names in the contract, for the drift test.
    #[cfg(test)]
    const NAMES: &'static [&'static str];

    /// Takes them from a request.
    fn from_values(values: &'v Values<'_>) -> Self;
}

/// Declares the parameters of an operation as a structure. A field has the parameter's name; where
/// that is no identifier, `= "name"` gives it.
macro_rules! parameters {
    ($name:ident { $($field:ident: $type:ty $(= $wire:literal)?,)* }) => {
        #[derive(Debug)]
        pub(crate) struct $name<'v> {
            $($field: $type,)*
            lifetime: std::marker::PhantomData<&'v ()>,
        }

        impl<'v> $crate::values::Parameters<'v> for $name<'v> {
            #[cfg(test)]
            const NAMES: &'static [&'static str] =
                &[$($crate::values::parameters!(@name $field $($wire)?),)*];

            fn from_values(values: &'v $crate::values::Values<'_>) -> Self {
                $(let $field = $crate::values::FromValue::from_value(
                    values.get($crate::values::parameters!(@name $field $($wire)?)));)*
                _ = values;
                Self { $($field,)* lifetime: std::marker::PhantomData }
            }
        }
    };
    (@name $field:ident $wire:literal) => { $wire };
    (@name $field:ident) => { stringify!($field) };
}

pub(crate) use parameters;

#[cfg(test)]
mod tests;
