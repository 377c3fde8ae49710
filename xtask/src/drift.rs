//! Documents that are made from code: compared with what is checked in, or written anew.

use crate::run::{Outcome, cargo, output, root, run, say, shared, target};

/// Document and the command of a built binary that prints it.
const GENERATED: [(&str, &str, &[&str]); 2] = [
    ("docs/reference/settings.md", "lakefs", &["reference"]),
    ("docs/reference/lakectl.md", "lakectl", &["docs"]),
];

/// Compares, or with `write` replaces.
pub(crate) fn drift(write: bool) -> Outcome {
    let packages = ["--package", "lakefs-server", "--package", "lakectl"];
    run(cargo().args(["build", "--quiet"]).args(packages))?;
    let mut stale = Vec::new();
    for (document, binary, args) in GENERATED {
        let wanted = output(crate::run::command(target().join("debug").join(binary)).args(args))?;
        let path = root().join(document);
        if std::fs::read_to_string(&path).unwrap_or_default() == wanted {
            continue;
        }
        if write {
            std::fs::write(&path, wanted).map_err(|error| format!("{document}: {error}"))?;
            say(&format!("{document} written"));
        } else {
            stale.push(document);
        }
    }
    contract()?;
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!(
        "out of date: {} (cargo xtask drift --write)",
        stale.join(", ")
    ))
}

/// The embedded contract is the shared one, byte for byte.
fn contract() -> Outcome {
    let Some(shared) = shared() else {
        say("skipped: ../shared/api/openapi.json is not here");
        return Ok(());
    };
    let read = |path: std::path::PathBuf| {
        std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let embedded = read(root().join("crates/api/openapi.json"))?;
    if embedded == read(shared.join("api/openapi.json"))? {
        Ok(())
    } else {
        Err("crates/api/openapi.json differs from ../shared/api/openapi.json".to_owned())
    }
}
