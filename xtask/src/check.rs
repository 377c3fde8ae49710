//! Everything that can be said about the code without running it.

use crate::run::{Outcome, cargo, run, step};
use crate::{layers, sizes};

/// Formatting, lints, layers, sizes.
pub(crate) fn check() -> Outcome {
    let problems: Vec<String> = [fmt(), layers(), sizes(), clippy()]
        .into_iter()
        .filter_map(Outcome::err)
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems.join("\n"))
    }
}

fn fmt() -> Outcome {
    step("formatting");
    run(cargo().args(["fmt", "--all", "--check"]))
}

fn layers() -> Outcome {
    step("crate layers");
    layers::layers()
}

fn sizes() -> Outcome {
    step("file sizes");
    sizes::sizes()
}

fn clippy() -> Outcome {
    step("clippy");
    run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))
}
