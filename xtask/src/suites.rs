//! The black-box suites: real binaries, real clients, from Python.

use std::path::PathBuf;

use crate::run::{Outcome, cargo, command, run, run_watched, shared, step, target};
use crate::venv;

/// How many tests ran and how many of them failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Builds the binaries the suites run; answers their directory.
pub(crate) fn build() -> Outcome<PathBuf> {
    step("binaries");
    run(cargo().args([
        "build",
        "--quiet",
        "--package",
        "lakefs-server",
        "--package",
        "lakectl",
    ]))?;
    Ok(target().join("debug"))
}

/// The suites, with further arguments for pytest.
pub(crate) fn e2e(args: &[String]) -> Outcome {
    let mut tally = Tally::default();
    pytest(args, &mut tally)
}

/// Runs pytest and counts.
pub(crate) fn pytest(args: &[String], tally: &mut Tally) -> Outcome {
    let binaries = build()?;
    let python = venv::python()?;
    step("black-box suites");
    let mut pytest = command(python);
    pytest
        .args(["-m", "pytest", "--color=no", "-q", "tests"])
        .args(args)
        .env("LAKEFS_BIN", binaries.join("lakefs"))
        .env("LAKECTL_BIN", binaries.join("lakectl"));
    if let Some(shared) = shared() {
        pytest.env("LAKEFS_SHARED", shared);
    }
    run_watched(&mut pytest, |line| tally.add(parse_pytest(line)))
}

/// Kill and power-loss tests, at length.
pub(crate) fn crash(args: &[String]) -> Outcome {
    let binaries = build()?;
    let python = venv::python()?;
    let cycles: Vec<String> = if args.is_empty() {
        vec!["--cycles".to_owned(), "200".to_owned()]
    } else {
        args.to_vec()
    };
    step("kill");
    run(command(&python)
        .arg("tests/crash/kill.py")
        .arg("--lakefs")
        .arg(binaries.join("lakefs"))
        .args(cycles))?;
    step("power loss");
    run(command(&python)
        .arg("tests/crash/power_loss.py")
        .arg("--lakefs")
        .arg(binaries.join("lakefs")))
}

/// Reads pytest's last line: `3 failed, 10 passed, 1 skipped in 1.23s`.
fn parse_pytest(line: &str) -> Tally {
    let mut tally = Tally::default();
    let Some((counts, _)) = line.trim_matches(['=', ' ']).split_once(" in ") else {
        return tally;
    };
    for part in counts.split(", ") {
        let Some((number, word)) = part.split_once(' ') else {
            return Tally::default();
        };
        let Ok(number) = number.parse::<u64>() else {
            return Tally::default();
        };
        match word {
            "passed" => tally.passed += number,
            "failed" | "error" | "errors" => tally.failed += number,
            _ => {}
        }
    }
    tally
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_last_line_of_pytest_is_counted_and_no_other() {
        let tally = |passed, failed| Tally { passed, failed };
        assert_eq!(
            parse_pytest("3 failed, 10 passed, 1 skipped in 1.23s"),
            tally(10, 3)
        );
        assert_eq!(
            parse_pytest("=== 2 passed in 61.00s (0:01:01) ==="),
            tally(2, 0)
        );
        assert_eq!(parse_pytest("1 passed, 2 errors in 3s"), tally(1, 2));
        assert_eq!(parse_pytest("waiting for it in vain"), tally(0, 0));
    }
}
