//! A snapshot of the environment variables: taken once at start, passed down, replaceable in tests.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Environment variables.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process; those that are not UTF-8 are none of ours.
    pub(crate) fn of_process() -> Self {
        let utf8 = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(utf8).collect())
    }

    /// The value of a variable, also when it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The user's home directory.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        self.get(name)
            .filter(|home| !home.is_empty())
            .map(PathBuf::from)
    }

    /// Whether colours are off by default: `NO_COLOR` is set to something other than `0`.
    pub(crate) fn no_color(&self) -> bool {
        !matches!(self.get("NO_COLOR"), None | Some("" | "0"))
    }

    /// What `LAKECTL_INTERACTIVE` says about tables, colours and hints; `None` when it says nothing.
    pub(crate) fn interactive(&self) -> Option<bool> {
        let value = self.get("LAKECTL_INTERACTIVE")?;
        Some(super::parse_bool(value).unwrap_or(true))
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(pairs: [(&str, &str); N]) -> Self {
        let own = |(k, v): (&str, &str)| (k.to_owned(), v.to_owned());
        Self(pairs.into_iter().map(own).collect())
    }
}
