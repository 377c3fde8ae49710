//! The Spark suites: one JVM on the gateway, for a version of Spark with its jars.
//!
//! Environment and jars are pinned in `tests/spark/<suite>` and kept under the target directory.

use crate::run::{Outcome, command, needs, run, run_watched, step, target};
use crate::suites::{self, Tally};
use crate::venv;

/// What CI runs: Spark 3.5 with the first AWS SDK.
pub(crate) const DEFAULT: &str = "spark-3.5";

/// `cargo xtask spark [SUITE] [PYTEST ARGS]`
pub(crate) fn command_line(args: &[String]) -> Outcome {
    let mut tally = Tally::default();
    match args.split_first() {
        Some((suite, rest)) if suite.starts_with("spark-") => spark(suite, rest, &mut tally),
        _ => spark(DEFAULT, args, &mut tally),
    }
}

/// Runs a suite and counts.
pub(crate) fn spark(suite: &str, args: &[String], tally: &mut Tally) -> Outcome {
    needs(
        "java",
        "Java 17 or later (Debian: apt-get install openjdk-17-jre-headless)",
    )?;
    let lakefs = suites::lakefs()?;
    let home = target().join(suite);
    let python = venv::with(
        &format!("{suite}/venv"),
        &format!("tests/spark/{suite}/requirements.txt"),
    )?;
    let jars = home.join("jars");
    run(command(&python)
        .arg("tests/spark/jars.py")
        .arg(suite)
        .arg(&jars))?;
    step(suite);
    let mut pytest = command(&python);
    pytest
        .args(["-m", "pytest", "--color=no", "-q", "tests/spark"])
        .args(args)
        .env("LAKEFS_BIN", lakefs)
        .env("SPARK_JARS", jars);
    run_watched(&mut pytest, |line| tally.add(suites::parse_pytest(line)))
}
