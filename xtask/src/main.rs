//! Development commands: `cargo xtask <command>`. CI calls the same ones.
//!
//! Plain std and cargo: this crate is compiled before anything else can be said, so it depends on
//! next to nothing.

use std::process::ExitCode;

mod bench;
mod check;
mod drift;
mod layers;
mod quickstart;
mod run;
mod sizes;
mod spark;
mod suites;
mod tests;
mod venv;
mod versitygw;
mod workspace;

use run::say;

const USAGE: &str = "\
usage: cargo xtask <command>

  quickstart [FLAGS]   build the release binaries and run `lakefs run --quickstart [FLAGS]`
  check                formatting, clippy, crate layers, file sizes, open to-dos
  test                 everything CI runs: check, unit and integration tests, drift, black-box suites
  test CRATE...        the tests of some crates
  e2e [PYTEST ARGS]    the black-box suites, all or some (e.g. `-k golden`)
  spark [SUITE] [PYTEST ARGS]   Spark on the gateway; SUITE is spark-3.5 (what CI runs) or spark-4
  versitygw [ARGS]     versitygw's conformance suite against the gateway
  drift [--write]      generated documents against the code they come from
  crash [--cycles N]   kill and power-loss tests of the real server, at length
  bench [BENCH ARGS]   ../shared/bench against a release server on one core
  bench large          objects of a gigabyte beside a plain file server
  bench remote         objects in a store 10 ms away, through the server and directly
  venv                 set up the Python environment of the suites and print its interpreter
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match args.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match command {
        "quickstart" => quickstart::quickstart(rest),
        "check" => check::check(),
        "test" if rest.is_empty() => tests::everything(),
        "test" => tests::crates(rest),
        "e2e" => suites::e2e(rest),
        "spark" => spark::command_line(rest),
        "versitygw" => versitygw::command_line(rest),
        "drift" => drift::drift(rest.iter().any(|arg| arg == "--write")),
        "crash" => suites::crash(rest),
        "bench" => bench::command_line(rest),
        "venv" => venv::python().map(|python| say(&python.display().to_string())),
        _ => {
            say(USAGE);
            return if command == "help" {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            say(&format!("xtask: {problem}"));
            ExitCode::FAILURE
        }
    }
}
