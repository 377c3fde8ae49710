//! Builds the release binaries and runs the server with a sample repository.

use crate::run::{Outcome, cargo, command, run, say, target};

/// Further flags go to `lakefs run`.
pub(crate) fn quickstart(flags: &[String]) -> Outcome {
    say("Building the release binaries (a few minutes the first time) ...");
    run(cargo().args([
        "build",
        "--release",
        "--package",
        "lakefs-server",
        "--package",
        "lakectl",
    ]))?;
    let lakefs = target().join("release/lakefs");
    run(command(lakefs).args(["run", "--quickstart"]).args(flags))
}
