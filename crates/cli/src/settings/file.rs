//! The configuration file: where it is, reading it, and writing the few keys `lakectl config` asks.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde_norway::{Mapping, Value};

use super::Environment;
use crate::error::{Error, Result, reason};

/// A place to read the configuration from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigFile {
    /// The file; `None` when there is no home directory to look in.
    pub(crate) path: Option<PathBuf>,
    /// Whether somebody named it, so that it has to exist.
    pub(crate) explicit: bool,
}

impl ConfigFile {
    /// `--config`, else `LAKECTL_CONFIG_FILE`, else `~/.lakectl.yaml`.
    pub(crate) fn locate(flag: Option<PathBuf>, environment: &Environment) -> Self {
        let variable = environment
            .get("LAKECTL_CONFIG_FILE")
            .filter(|path| !path.is_empty())
            .map(PathBuf::from);
        let named = flag.or(variable);
        let explicit = named.is_some();
        let default = || environment.home().map(|home| home.join(".lakectl.yaml"));
        Self {
            path: named.or_else(default),
            explicit,
        }
    }

    /// The mapping in the file; empty when a file nobody named is absent.
    pub(crate) fn read(&self) -> Result<Mapping> {
        let Some(path) = &self.path else {
            return Ok(Mapping::new());
        };
        let bad = |why: String| {
            let path = path.display();
            Error::failed(format!("error reading configuration file {path}: {why}"))
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && !self.explicit => {
                return Ok(Mapping::new());
            }
            Err(error) => return Err(bad(reason(&error))),
        };
        match serde_norway::from_str(&text).map_err(|error| bad(error.to_string()))? {
            Value::Null => Ok(Mapping::new()),
            Value::Mapping(mapping) => Ok(mapping),
            _ => Err(bad("the file must hold keys and values".to_owned())),
        }
    }
}

/// Sets the three keys everyone needs and keeps the rest of the file. The file replaces the old one
/// in one step and only its owner can read it.
pub(crate) fn write_essentials(
    path: &Path,
    mut mapping: Mapping,
    access_key_id: &str,
    secret_access_key: &str,
    endpoint_url: &str,
) -> Result<()> {
    set(&mut mapping, "credentials", "access_key_id", access_key_id);
    set(
        &mut mapping,
        "credentials",
        "secret_access_key",
        secret_access_key,
    );
    set(&mut mapping, "server", "endpoint_url", endpoint_url);
    let text = serde_norway::to_string(&Value::Mapping(mapping))
        .map_err(|error| Error::failed(format!("write configuration: {error}")))?;
    let temporary = path.with_extension("yaml.tmp");
    let write = || -> std::io::Result<()> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().map_err(|error| Error::file("write", path, &error))
}

fn set(mapping: &mut Mapping, section: &str, key: &str, value: &str) {
    let section = mapping
        .entry(Value::from(section))
        .or_insert_with(|| Value::Mapping(Mapping::new()));
    if !section.is_mapping() {
        *section = Value::Mapping(Mapping::new());
    }
    if let Some(inner) = section.as_mapping_mut() {
        inner.insert(Value::from(key), Value::from(value));
    }
}
