//! Gathers the value of every key from defaults, a preset, the configuration file and the environment,
//! in that order of precedence, and refuses what it cannot honour.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_norway::Value as Yaml;

use super::keys::{self, DOCUMENTED_PREFIXES, KEYS, Key, Kind, Standing};
use super::value::Value;

/// Values given beforehand by a command line flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Preset {
    /// None.
    #[default]
    Plain,
    /// `--local-settings`: everything on this machine.
    LocalSettings,
    /// `--quickstart`: that, and a first administrator whose keys everybody knows.
    Quickstart,
}

/// Access key of the quickstart administrator.
pub(crate) const QUICKSTART_ACCESS_KEY: &str = "AKIAIOSFOLQUICKSTART";
/// Secret key of the quickstart administrator; public by design.
pub(crate) const QUICKSTART_SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

const LOCAL: &[(&str, &str)] = &[
    ("database.type", "local"),
    ("blockstore.type", "local"),
    (
        "auth.encrypt.secret_key",
        "THIS_MUST_BE_CHANGED_IN_PRODUCTION",
    ),
];
const QUICKSTART: &[(&str, &str)] = &[
    ("installation.user_name", "quickstart"),
    ("installation.access_key_id", QUICKSTART_ACCESS_KEY),
    ("installation.secret_access_key", QUICKSTART_SECRET_KEY),
];
const REQUIRED: [&str; 4] = [
    "database.type",
    "auth.encrypt.secret_key",
    "blockstore.type",
    "blockstore.signing.secret_key",
];

/// Where settings come from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// `--config`.
    pub(crate) file: Option<PathBuf>,
    pub(crate) preset: Preset,
    /// The whole environment.
    pub(crate) environment: BTreeMap<String, String>,
}

/// Why the settings cannot be used. Says everything that is wrong, not just the first.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("cannot read configuration file {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("configuration file {} is not YAML", path.display())]
    NotYaml {
        path: PathBuf,
        #[source]
        source: serde_norway::Error,
    },
    #[error("{}", problems.join("\n"))]
    Wrong { problems: Vec<String> },
    #[error("missing required keys: {}", names.join(", "))]
    Missing { names: Vec<&'static str> },
}

/// The value of every key that has one.
#[derive(Debug, Default)]
pub(crate) struct Values {
    by_key: BTreeMap<&'static str, Value>,
    /// The file that was read.
    pub(crate) file: Option<PathBuf>,
    /// What the operator should know: keys without effect.
    pub(crate) warnings: Vec<String>,
}

impl Values {
    /// The value of a key of the table, unless it has none.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.by_key.get(name)
    }

    /// Every key and its value for people, secrets hidden.
    pub(crate) fn show(&self) -> serde_json::Map<String, serde_json::Value> {
        self.by_key
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.show()))
            .collect()
    }
}

/// Reads the settings.
pub(crate) fn load(sources: &Sources) -> Result<Values, SettingsError> {
    let home = sources.environment.get("HOME").map(PathBuf::from);
    let home = home.as_deref();
    let mut loader = Loader {
        home,
        values: Values::default(),
        problems: Vec::new(),
        given: BTreeMap::new(),
    };
    for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
        loader.set(key, key.default, None);
    }
    for (name, text) in preset_values(sources.preset) {
        let key = keys::find(name).expect("presets name keys of the table");
        loader.set(key, text, None);
    }
    loader.values.file = find_file(sources, home);
    if let Some(path) = loader.values.file.clone() {
        loader.read_file(&path)?;
    }
    loader.read_environment(&sources.environment);
    loader.check_standings();
    loader.check_preset(sources.preset);
    loader.finish()
}

fn preset_values(preset: Preset) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    let local: &[_] = if preset == Preset::Plain { &[] } else { LOCAL };
    let quick: &[_] = if preset == Preset::Quickstart {
        QUICKSTART
    } else {
        &[]
    };
    local.iter().chain(quick)
}

fn find_file(sources: &Sources, home: Option<&Path>) -> Option<PathBuf> {
    if sources.file.is_some() {
        return sources.file.clone();
    }
    let in_home = |name| home.map(|home| home.join(name));
    [
        Some(PathBuf::from("config.yaml")),
        in_home(".lakefs/config.yaml"),
        in_home("lakefs/config.yaml"),
        Some(PathBuf::from("/etc/lakefs/config.yaml")),
        in_home(".lakefs.yaml"),
    ]
    .into_iter()
    .flatten()
    .find(|path| path.is_file())
}

struct Loader<'a> {
    home: Option<&'a Path>,
    values: Values,
    problems: Vec<String>,
    /// Where each key that was set outside of this program was set.
    given: BTreeMap<&'static str, String>,
}

impl Loader<'_> {
    fn set(&mut self, key: &'static Key, text: &str, origin: Option<String>) {
        let value = Value::from_text(key.kind, text, self.home);
        self.store(key, value, origin);
    }

    fn store(&mut self, key: &'static Key, value: Result<Value, String>, origin: Option<String>) {
        match value {
            Ok(value) => {
                self.values.by_key.insert(key.name, value);
                if let Some(origin) = origin {
                    self.given.insert(key.name, origin);
                }
            }
            // Without a home directory the defaults below it are no values; a key that needs one says so.
            Err(_) if origin.is_none() && key.kind == Kind::Path => {}
            Err(problem) => {
                let origin = origin.unwrap_or_else(|| "default".to_owned());
                self.problems
                    .push(format!("{origin}: {} {problem}", key.name));
            }
        }
    }

    fn read_file(&mut self, path: &Path) -> Result<(), SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let root: Yaml =
            serde_norway::from_str(&text).map_err(|source| SettingsError::NotYaml {
                path: path.to_owned(),
                source,
            })?;
        let origin = path.display().to_string();
        match &root {
            Yaml::Null => {}
            Yaml::Mapping(_) => self.read_node("", &root, &origin),
            _ => self
                .problems
                .push(format!("{origin}: needs a mapping of keys to values")),
        }
        Ok(())
    }

    /// Walks the tree of the file; its depth is that of the text, which the YAML reader bounds.
    fn read_node(&mut self, name: &str, node: &Yaml, origin: &str) {
        if let Some(key) = keys::find(name) {
            if !node.is_null() {
                let value = Value::from_yaml(key.kind, node, self.home);
                self.store(key, value, Some(origin.to_owned()));
            }
            return;
        }
        let is_section = name.is_empty() || is_section(name);
        match node {
            Yaml::Mapping(entries) if is_section => {
                for (key, child) in entries {
                    let Some(key) = key.as_str() else {
                        self.problems
                            .push(format!("{origin}: a key of {name} is not text"));
                        continue;
                    };
                    let key = key.to_lowercase();
                    let child_name = if name.is_empty() {
                        key
                    } else {
                        format!("{name}.{key}")
                    };
                    self.read_node(&child_name, child, origin);
                }
            }
            Yaml::Null if is_section => {}
            _ if is_section => self
                .problems
                .push(format!("{origin}: {name} needs keys below it")),
            _ => self.unknown(name, origin),
        }
    }

    fn unknown(&mut self, name: &str, origin: &str) {
        if DOCUMENTED_PREFIXES
            .iter()
            .any(|prefix| format!("{name}.").starts_with(prefix))
        {
            self.values.warnings.push(format!(
                "{origin}: {name} has no effect: it exists in documentation only"
            ));
            return;
        }
        let hint = nearest(name).map_or_else(String::new, |key| format!(" (did you mean {key}?)"));
        self.problems
            .push(format!("{origin}: unknown key {name}{hint}"));
    }

    fn read_environment(&mut self, environment: &BTreeMap<String, String>) {
        for key in KEYS {
            let variable = key.environment();
            // An empty variable counts as unset, as it does there.
            if let Some(text) = environment.get(&variable).filter(|text| !text.is_empty()) {
                self.set(key, text, Some(variable));
            }
        }
        // Not refused: orchestrators put variables of their own there (LAKEFS_SERVICE_HOST).
        for variable in environment.keys() {
            if variable.starts_with("LAKEFS_") && !KEYS.iter().any(|k| k.environment() == *variable)
            {
                self.values
                    .warnings
                    .push(format!("environment variable {variable} names no key"));
            }
        }
    }

    fn check_standings(&mut self) {
        for (name, origin) in &self.given {
            let key = keys::find(name).expect("only keys of the table are given");
            let default = Value::from_text(key.kind, key.default, self.home).ok();
            let same = self.values.get(name) == default.as_ref();
            let empty = key.default.is_empty()
                && self.values.get(name).is_some_and(|value| {
                    matches!(value, Value::Duration(d) if d.is_zero())
                        || matches!(value, Value::Integer(0) | Value::Bool(false))
                });
            match key.standing {
                Standing::Built => {}
                Standing::Ignored(_) if same => {}
                Standing::Ignored(reason) => self
                    .values
                    .warnings
                    .push(format!("{origin}: {name} has no effect: {reason}")),
                Standing::Unbuilt(_) if same || empty => {}
                Standing::Unbuilt(feature) => self.problems.push(format!(
                    "{origin}: {name} needs {feature}, which this version does not have"
                )),
            }
        }
    }

    fn check_preset(&mut self, preset: Preset) {
        if preset != Preset::Quickstart {
            return;
        }
        for (name, text) in preset_values(preset) {
            let key = keys::find(name).expect("presets name keys of the table");
            let wanted = Value::from_text(key.kind, text, self.home).ok();
            if self.values.get(name) != wanted.as_ref() {
                let origin = self.given.get(name).map_or("", String::as_str);
                self.problems.push(format!(
                    "{origin}: {name} cannot be changed with --quickstart"
                ));
            }
        }
    }

    fn finish(self) -> Result<Values, SettingsError> {
        if !self.problems.is_empty() {
            return Err(SettingsError::Wrong {
                problems: self.problems,
            });
        }
        let missing: Vec<_> = REQUIRED
            .into_iter()
            .filter(|name| match self.values.get(name) {
                None => true,
                Some(Value::Text(text)) => text.is_empty(),
                Some(Value::Secret(secret)) => secret.is_empty(),
                Some(_) => false,
            })
            .collect();
        if !missing.is_empty() {
            return Err(SettingsError::Missing { names: missing });
        }
        Ok(self.values)
    }
}

fn is_section(name: &str) -> bool {
    KEYS.iter().any(|key| {
        key.name
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// The known key that looks most like `name`, if any is close.
fn nearest(name: &str) -> Option<&'static str> {
    KEYS.iter()
        .map(|key| (edit_distance(name, key.name), key.name))
        .min()
        .filter(|(distance, _)| *distance <= 3.min(name.len() / 3))
        .map(|(_, key)| key)
}

fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(128).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().take(128).enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (b, cell) in right.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = *cell;
            before = replaced.min(*cell + 1).min(before + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
