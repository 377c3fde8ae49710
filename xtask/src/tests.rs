//! Everything CI runs once the system packages are there.

use crate::run::{Outcome, cargo, run, run_watched, say, step};
use crate::suites::{self, Tally};
use crate::{check, drift, spark, versitygw};

/// All of it; goes on after a failure, so that one run tells everything.
pub(crate) fn everything() -> Outcome {
    let mut tally = Tally::default();
    let mut problems = Vec::new();
    let mut note = |name: &str, outcome: Outcome| match outcome {
        Ok(()) => true,
        Err(problem) => {
            problems.push(format!("{name}: {problem}"));
            false
        }
    };
    let single = |ok: bool, tally: &mut Tally| {
        tally.add(Tally {
            passed: u64::from(ok),
            failed: u64::from(!ok),
        });
    };
    single(note("check", check::check()), &mut tally);
    let before = tally.failed;
    let ok = note("tests", workspace_tests(&mut tally));
    if !ok && tally.failed == before {
        single(false, &mut tally);
    }
    step("drift");
    single(note("drift", drift::drift(false)), &mut tally);
    let before = tally.failed;
    let ok = note("black-box suites", suites::pytest(&[], &mut tally));
    if !ok && tally.failed == before {
        single(false, &mut tally);
    }
    let before = tally.failed;
    let ok = note("crashes", suites::crash_briefly(&mut tally));
    if !ok && tally.failed == before {
        single(false, &mut tally);
    }
    let before = tally.failed;
    let ok = note("versitygw", versitygw::versitygw(&[], &mut tally));
    if !ok && tally.failed == before {
        single(false, &mut tally);
    }
    let before = tally.failed;
    let ok = note("spark", spark::spark(spark::DEFAULT, &[], &mut tally));
    if !ok && tally.failed == before {
        single(false, &mut tally);
    }
    for problem in &problems {
        say(&format!("FAILED {problem}"));
    }
    say(&format!(
        "\n{} passed, {} failed",
        tally.passed, tally.failed
    ));
    if problems.is_empty() {
        Ok(())
    } else {
        Err("not everything passed".to_owned())
    }
}

/// The tests of some packages.
pub(crate) fn crates(names: &[String]) -> Outcome {
    let mut test = cargo();
    test.args(["test", "--all-features"]);
    for name in names {
        let short = matches!(name.as_str(), "xtask" | "lakectl") || name.starts_with("lakefs-");
        let package = if short {
            name.clone()
        } else {
            format!("lakefs-{name}")
        };
        test.args(["--package", &package]);
    }
    run(&mut test)
}

fn workspace_tests(tally: &mut Tally) -> Outcome {
    step("unit and integration tests");
    let mut test = cargo();
    test.args(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    run_watched(&mut test, |line| tally.add(parse_result(line)))
}

/// Reads `test result: ok. 3 passed; 0 failed; …`.
fn parse_result(line: &str) -> Tally {
    let count = |word: &str| -> Option<u64> {
        let (before, _) = line.split_once(word)?;
        before.rsplit(' ').next()?.parse().ok()
    };
    if !line.starts_with("test result:") {
        return Tally::default();
    }
    Tally {
        passed: count(" passed").unwrap_or(0),
        failed: count(" failed").unwrap_or(0),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn results_of_cargo_are_counted() {
        let line =
            "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(
            parse_result(line),
            Tally {
                passed: 12,
                failed: 3
            }
        );
        assert_eq!(parse_result("test a ... ok"), Tally::default());
    }
}
