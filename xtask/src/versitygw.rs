//! The cases of `versitygw test`, a conformance suite that other people wrote, against the gateway.

use std::path::PathBuf;

use crate::run::{Outcome, command, needs, run, run_watched, say, step, target};
use crate::suites::{self, Tally};

const MODULE: &str = "github.com/versity/versitygw/cmd/versitygw";
const VERSION: &str = "v1.8.0";

/// `cargo xtask versitygw [ARGS]`; what the arguments may be, tests/versitygw/run.py tells.
pub(crate) fn command_line(args: &[String]) -> Outcome {
    versitygw(args, &mut Tally::default())
}

/// Runs the suite and counts.
pub(crate) fn versitygw(args: &[String], tally: &mut Tally) -> Outcome {
    let binary = install()?;
    let lakefs = suites::lakefs()?;
    step("versitygw");
    let mut script = command("python3");
    script
        .arg("tests/versitygw/run.py")
        .arg("--lakefs")
        .arg(lakefs)
        .arg("--versitygw")
        .arg(binary)
        .args(args);
    run_watched(&mut script, |line| tally.add(suites::parse_counts(line)))
}

/// Builds the suite once.
pub(crate) fn install() -> Outcome<PathBuf> {
    let directory = target().join(format!("versitygw-{VERSION}"));
    let binary = directory.join("versitygw");
    if binary.exists() {
        return Ok(binary);
    }
    needs(
        "go",
        "Go 1.25 or later, to build versitygw (.ci/run tells how to get it)",
    )?;
    say("Building versitygw ...");
    run(command("go")
        .args(["install", &format!("{MODULE}@{VERSION}")])
        .env("GOBIN", &directory))?;
    Ok(binary)
}
