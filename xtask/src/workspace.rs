//! What cargo knows about the workspace.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run::{Outcome, cargo, output, root};

/// A package of the workspace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Packages of the workspace it needs to be built; not what only its tests need.
    pub(crate) uses: Vec<String>,
}

/// Every package of the workspace.
pub(crate) fn packages() -> Outcome<Vec<Package>> {
    let text = output(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: Value =
        serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
    let list = metadata["packages"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let names: Vec<String> = list.iter().map(|package| text(&package["name"])).collect();
    Ok(list
        .iter()
        .map(|package| Package {
            name: text(&package["name"]),
            uses: package["dependencies"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|dependency| dependency["kind"].is_null() || dependency["kind"] == "build")
                .map(|dependency| text(&dependency["name"]))
                .filter(|name| names.contains(name))
                .collect(),
        })
        .collect())
}

/// Files of the repository with one of these extensions, generated ones left out.
pub(crate) fn files(extensions: &[&str]) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    walk(&root(), extensions, &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(directory: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) -> Outcome {
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", directory.display());
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "__pycache__" {
                walk(&path, extensions, found)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted))
        {
            found.push(path);
        }
    }
    Ok(())
}
