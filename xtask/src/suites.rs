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

/// The server: the one that `LAKEFS_BIN` names, or a fresh build.
pub(crate) fn lakefs() -> Outcome<PathBuf> {
    match std::env::var_os("LAKEFS_BIN") {
        Some(named) => Ok(PathBuf::from(named)),
        None => Ok(build()?.join("lakefs")),
    }
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

/// Kill and power-loss tests, briefly.
pub(crate) fn crash_briefly(tally: &mut Tally) -> Outcome {
    let lakefs = build()?.join("lakefs");
    let python = venv::python()?;
    let mut outcome = Ok(());
    for (name, args) in [("kill", &["--cycles", "20"][..]), ("power_loss", &[])] {
        step(name);
        let mut script = command(&python);
        script
            .arg(format!("tests/crash/{name}.py"))
            .arg("--lakefs")
            .arg(&lakefs)
            .args(args);
        let ran = run_watched(&mut script, |line| tally.add(parse_counts(line)));
        outcome = outcome.and(ran.map_err(|error| format!("{name}: {error}")));
    }
    outcome
}

/// Reads `3 passed, 0 failed`.
pub(crate) fn parse_counts(line: &str) -> Tally {
    let counts = line
        .split_once(" passed, ")
        .and_then(|(passed, rest)| Some((passed, rest.split_once(" failed")?.0)));
    match counts.map(|(passed, failed)| (passed.parse(), failed.parse())) {
        Some((Ok(passed), Ok(failed))) => Tally { passed, failed },
        _ => Tally::default(),
    }
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
pub(crate) fn parse_pytest(line: &str) -> Tally {
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
        assert_eq!(parse_counts("118 passed, 4 failed"), tally(118, 4));
        assert_eq!(parse_counts("3 passed, 0 failed, 1 skipped"), tally(3, 0));
        assert_eq!(parse_counts("320 paths, 83 commits"), tally(0, 0));
    }
}
