//! The keys of the configuration and their values from file and environment.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use serde_norway::{Mapping, Value};

use super::{Environment, duration};
use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Secret,
    Boolean,
    Number,
    Duration,
    Map,
}

/// Every key there is. Those of features that are not here are accepted, because the same file
/// serves the original client.
const KEYS: &[(&str, Kind)] = &[
    ("credentials.access_key_id", Kind::Secret),
    ("credentials.secret_access_key", Kind::Secret),
    ("credentials.provider.type", Kind::Text),
    ("credentials.provider.aws_iam.token_ttl_seconds", Kind::Text),
    (
        "credentials.provider.aws_iam.url_presign_ttl_seconds",
        Kind::Text,
    ),
    ("credentials.provider.aws_iam.refresh_interval", Kind::Text),
    (
        "credentials.provider.aws_iam.token_request_headers",
        Kind::Map,
    ),
    (
        "credentials.provider.aws_iam.client_log_pre_signing_request",
        Kind::Boolean,
    ),
    ("network.http2.enabled", Kind::Boolean),
    ("server.endpoint_url", Kind::Text),
    ("server.retries.enabled", Kind::Boolean),
    ("server.retries.max_attempts", Kind::Number),
    ("server.retries.min_wait_interval", Kind::Duration),
    ("server.retries.max_wait_interval", Kind::Duration),
    ("server.login_retries.enabled", Kind::Boolean),
    ("server.login_retries.max_attempts", Kind::Number),
    ("server.login_retries.min_wait_interval", Kind::Duration),
    ("server.login_retries.max_wait_interval", Kind::Duration),
    ("options.parallelism", Kind::Number),
    ("local.skip_non_regular_files", Kind::Boolean),
    ("local.symlink_support", Kind::Boolean),
    (
        "experimental.local.posix_permissions.enabled",
        Kind::Boolean,
    ),
    (
        "experimental.local.posix_permissions.include_uid",
        Kind::Boolean,
    ),
    (
        "experimental.local.posix_permissions.include_gid",
        Kind::Boolean,
    ),
];

/// The value of each key that has one, as text, and where it came from.
#[derive(Debug, Default)]
pub(crate) struct Values(BTreeMap<&'static str, String>);

impl Values {
    /// Merges the file's mapping with the environment, which wins.
    pub(crate) fn collect(file: &Mapping, environment: &Environment) -> Result<Self> {
        let mut values = BTreeMap::new();
        flatten("", file, &mut values)?;
        for (key, _) in KEYS {
            if let Some(value) = environment.get(&variable(key)) {
                values.insert(key, value.to_owned());
            }
        }
        Ok(Self(values))
    }

    /// A text; empty when absent.
    pub(crate) fn text(&self, key: &'static str) -> String {
        self.0.get(key).cloned().unwrap_or_default()
    }

    /// A truth value.
    pub(crate) fn boolean(&self, key: &'static str, default: bool) -> Result<bool> {
        self.convert(key, default, "true or false", parse_bool)
    }

    /// A whole number.
    pub(crate) fn number<T: FromStr>(&self, key: &'static str, default: T) -> Result<T> {
        self.convert(key, default, "a whole number", |text| text.parse().ok())
    }

    /// A duration.
    pub(crate) fn duration(&self, key: &'static str, default: Duration) -> Result<Duration> {
        self.convert(
            key,
            default,
            "a duration such as 200ms or 30s",
            duration::parse,
        )
    }

    fn convert<T>(
        &self,
        key: &'static str,
        default: T,
        what: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T> {
        match self.0.get(key).map(|text| text.trim()) {
            None | Some("") => Ok(default),
            Some(text) => parse(text).ok_or_else(|| {
                Error::failed(format!("configuration key {key}: {text:?} is not {what}"))
            }),
        }
    }
}

/// The environment variable of a key.
fn variable(key: &str) -> String {
    format!("LAKECTL_{}", key.to_ascii_uppercase().replace('.', "_"))
}

/// Truth values as the original client spells them.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn flatten(
    prefix: &str,
    mapping: &Mapping,
    values: &mut BTreeMap<&'static str, String>,
) -> Result<()> {
    for (name, value) in mapping {
        let name = name.as_str().map(str::to_ascii_lowercase).ok_or_else(|| {
            Error::failed(format!(
                "configuration: the keys under {prefix:?} must be texts"
            ))
        })?;
        let path = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        if let Some((key, kind)) = KEYS.iter().find(|(key, _)| *key == path) {
            if let Some(text) = scalar(key, *kind, value)? {
                values.insert(key, text);
            }
        } else if let Some(inner) = section(&path, value) {
            flatten(&path, inner, values)?;
        } else if !(value.is_null() && is_section(&path)) {
            return Err(Error::failed(format!("unknown configuration key {path:?}")));
        }
    }
    Ok(())
}

fn is_section(path: &str) -> bool {
    KEYS.iter().any(|(key, _)| {
        key.strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

fn section<'a>(path: &str, value: &'a Value) -> Option<&'a Mapping> {
    value.as_mapping().filter(|_| is_section(path))
}

/// The value as text. A secret that YAML reads as a number has already lost its leading zeros or its
/// precision, hence must be quoted.
fn scalar(key: &str, kind: Kind, value: &Value) -> Result<Option<String>> {
    match (kind, value) {
        (_, Value::Null) | (Kind::Map, Value::Mapping(_)) => Ok(None),
        (_, Value::String(text)) => Ok(Some(text.clone())),
        (Kind::Secret, _) => Err(Error::failed(format!(
            "configuration key {key} must be a string: put its value in quotes"
        ))),
        (_, Value::Number(number)) => Ok(Some(number.to_string())),
        (_, Value::Bool(truth)) => Ok(Some(truth.to_string())),
        _ => Err(Error::failed(format!(
            "configuration key {key} must be a single value"
        ))),
    }
}
