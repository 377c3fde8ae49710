//! The Python environments of the black-box suites, with pinned clients, under the target directory.

use std::path::PathBuf;

use crate::run::{Outcome, command, root, run, say, target};

/// Versions of what the packages need in turn.
const CONSTRAINTS: &str = "tests/constraints.txt";

/// The interpreter of the suites in `tests`.
pub(crate) fn python() -> Outcome<PathBuf> {
    with("venv", "tests/requirements.txt")
}

/// The interpreter of an environment that has what the requirements list; set up when needed.
pub(crate) fn with(name: &str, requirements: &str) -> Outcome<PathBuf> {
    let directory = target().join(name);
    let python = directory.join("bin/python");
    let stamp = directory.join("requirements.txt");
    let wanted = text(requirements)? + &text(CONSTRAINTS)?;
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    say(&format!("Setting up what {requirements} lists ..."));
    let missing = "the black-box suites need Python 3.9 or later with venv and pip \
                   (Debian: apt-get install python3-venv)";
    run(command("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&directory))
    .map_err(|error| format!("{error}; {missing}"))?;
    run(command(&python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--requirement",
        requirements,
        "--constraint",
        CONSTRAINTS,
    ]))?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
}

fn text(file: &str) -> Outcome<String> {
    std::fs::read_to_string(root().join(file)).map_err(|error| format!("{file}: {error}"))
}
