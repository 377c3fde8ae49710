//! Values of configuration keys: read from YAML or from an environment variable, shown without
//! secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_norway::Value as Yaml;

use super::duration;
use super::keys::Kind;
use super::secret::Secret;

/// One HTML fragment of `ui.snippets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snippet {
    pub(crate) id: String,
    pub(crate) code: String,
}

/// A value of the type its key has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Secret(Secret),
    Path(PathBuf),
    Duration(Duration),
    List(Vec<String>),
    Map(BTreeMap<String, String>),
    Snippets(Vec<Snippet>),
}

impl Value {
    /// Reads text: a default, or an environment variable.
    pub(crate) fn from_text(kind: Kind, text: &str, home: Option<&Path>) -> Result<Self, String> {
        let trimmed = text.trim();
        Ok(match kind {
            Kind::Bool => Self::Bool(parse_bool(trimmed)?),
            Kind::Integer => Self::Integer(
                trimmed
                    .parse()
                    .map_err(|_| "needs a whole number".to_owned())?,
            ),
            Kind::Float => Self::Float(trimmed.parse().map_err(|_| "needs a number".to_owned())?),
            Kind::Text => Self::Text(text.to_owned()),
            Kind::Secret => Self::Secret(Secret::new(text)),
            Kind::Path => Self::Path(expand_home(text, home)?),
            Kind::Duration => Self::Duration(duration::parse(trimmed)?),
            Kind::Choice(words) => Self::Text(choose(words, trimmed)?),
            Kind::List if trimmed.starts_with('[') => return Self::from_inline(kind, text, home),
            Kind::List => Self::List(split_list(text)),
            Kind::Map if trimmed.starts_with('{') => return Self::from_inline(kind, text, home),
            Kind::Map => Self::Map(split_map(text)?),
            Kind::Snippets if trimmed.is_empty() => Self::Snippets(Vec::new()),
            Kind::Snippets => return Self::from_inline(kind, text, home),
        })
    }

    /// Reads a node of the configuration file. Scalars may stand for each other where that is clear:
    /// `"true"` for true, `5` for `"5"`.
    pub(crate) fn from_yaml(kind: Kind, node: &Yaml, home: Option<&Path>) -> Result<Self, String> {
        match (kind, node) {
            (Kind::List, Yaml::Sequence(items)) => items
                .iter()
                .map(|item| scalar(item).ok_or_else(|| "needs a list of texts".to_owned()))
                .collect::<Result<_, _>>()
                .map(Self::List),
            (Kind::Map, Yaml::Mapping(entries)) => entries
                .iter()
                .map(|(key, value)| {
                    scalar(key)
                        .zip(scalar(value))
                        .ok_or_else(|| "needs a mapping of text to text".to_owned())
                })
                .collect::<Result<_, _>>()
                .map(Self::Map),
            (Kind::Snippets, Yaml::Sequence(items)) => items
                .iter()
                .map(snippet)
                .collect::<Result<_, _>>()
                .map(Self::Snippets),
            (Kind::Float, Yaml::Number(number)) => number
                .as_f64()
                .map(Self::Float)
                .ok_or_else(|| "needs a number".to_owned()),
            (_, Yaml::Sequence(_) | Yaml::Mapping(_)) => {
                Err("needs a single value, not a list or mapping".to_owned())
            }
            (_, node) => {
                let text = scalar(node).ok_or_else(|| "has a value of no use here".to_owned())?;
                Self::from_text(kind, &text, home)
            }
        }
    }

    fn from_inline(kind: Kind, text: &str, home: Option<&Path>) -> Result<Self, String> {
        let node: Yaml = serde_norway::from_str(text)
            .map_err(|_| "is neither plain text nor readable JSON".to_owned())?;
        Self::from_yaml(kind, &node, home)
    }

    /// The value for people: secrets hidden.
    pub(crate) fn show(&self) -> serde_json::Value {
        match self {
            Self::Bool(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Float(value) => (*value).into(),
            Self::Text(value) => value.as_str().into(),
            Self::Secret(value) => format!("{value:?}").into(),
            Self::Path(value) => value.display().to_string().into(),
            Self::Duration(value) => duration::format(*value).into(),
            Self::List(value) => value.clone().into(),
            Self::Map(value) => value
                .iter()
                .map(|(key, value)| (key.clone(), value.clone().into()))
                .collect::<serde_json::Map<_, serde_json::Value>>()
                .into(),
            Self::Snippets(value) => value
                .iter()
                .map(|snippet| snippet.id.clone())
                .collect::<Vec<_>>()
                .into(),
        }
    }
}

fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" | "" => Ok(false),
        _ => Err("needs true or false".to_owned()),
    }
}

fn choose(words: &[&str], text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    words
        .iter()
        .find(|word| word.eq_ignore_ascii_case(text))
        .map(|word| (*word).to_owned())
        .ok_or_else(|| format!("needs one of {}", words.join(", ")))
}

fn expand_home(text: &str, home: Option<&Path>) -> Result<PathBuf, String> {
    let Some(rest) = text.strip_prefix('~') else {
        return Ok(PathBuf::from(text));
    };
    if !(rest.is_empty() || rest.starts_with('/')) {
        return Err("begins with another user's home directory; write the path out".to_owned());
    }
    let home = home.ok_or("begins with ~, and HOME is not set")?;
    Ok(home.join(rest.trim_start_matches('/')))
}

fn split_list(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

fn split_map(text: &str) -> Result<BTreeMap<String, String>, String> {
    split_list(text)
        .into_iter()
        .map(|item| {
            item.split_once('=')
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .ok_or_else(|| "needs k=v pairs with commas between".to_owned())
        })
        .collect()
}

fn scalar(node: &Yaml) -> Option<String> {
    match node {
        Yaml::Bool(value) => Some(value.to_string()),
        Yaml::Number(value) => Some(value.to_string()),
        Yaml::String(value) => Some(value.clone()),
        _ => None,
    }
}

fn snippet(node: &Yaml) -> Result<Snippet, String> {
    let field = |name: &str| node.get(name).and_then(scalar);
    field("id")
        .zip(field("code"))
        .map(|(id, code)| Snippet { id, code })
        .ok_or_else(|| "needs a list of mappings with id and code".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(kind: Kind, text: &str) -> Result<Value, String> {
        let node: Yaml = serde_norway::from_str(text).unwrap();
        Value::from_yaml(kind, &node, Some(Path::new("/home/me")))
    }

    #[test]
    fn lists_and_maps_are_read_in_every_form() {
        let list = Value::List(vec!["a".into(), "b".into()]);
        assert_eq!(yaml(Kind::List, "[a, b]"), Ok(list.clone()));
        assert_eq!(yaml(Kind::List, "'a, b'"), Ok(list.clone()));
        assert_eq!(Value::from_text(Kind::List, r#"["a","b"]"#, None), Ok(list));
        let map = Value::Map([("a".to_owned(), "b".to_owned())].into());
        assert_eq!(yaml(Kind::Map, "{a: b}"), Ok(map.clone()));
        assert_eq!(Value::from_text(Kind::Map, "a=b", None), Ok(map.clone()));
        assert_eq!(Value::from_text(Kind::Map, r#"{"a":"b"}"#, None), Ok(map));
    }

    #[test]
    fn home_is_expanded_and_only_our_own() {
        assert_eq!(
            yaml(Kind::Path, "~/x"),
            Ok(Value::Path("/home/me/x".into()))
        );
        assert!(yaml(Kind::Path, "'~root/x'").is_err());
        assert!(Value::from_text(Kind::Path, "~/x", None).is_err());
    }

    #[test]
    fn wrong_types_say_what_is_needed() {
        assert_eq!(yaml(Kind::Bool, "maybe"), Err("needs true or false".into()));
        assert_eq!(
            yaml(Kind::Integer, "1.5"),
            Err("needs a whole number".into())
        );
        assert!(yaml(Kind::Text, "[a]").is_err());
        assert!(
            yaml(Kind::Choice(&["text", "json"]), "xml")
                .unwrap_err()
                .contains("text, json")
        );
        assert_eq!(
            yaml(Kind::Choice(&["INFO"]), "info"),
            Ok(Value::Text("INFO".into()))
        );
    }

    #[test]
    fn secrets_are_never_shown() {
        let value = yaml(Kind::Secret, "hunter2").unwrap();
        assert!(!format!("{value:?}{}", value.show()).contains("hunter2"));
    }
}
