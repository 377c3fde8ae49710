//! The `lakefs` server: settings, wiring, telemetry, shutdown.
//!
//! The binary owns no behaviour of a lake. It reads settings, opens the stores, puts engine, use-cases
//! and routers together, and runs them behind one listener until it is told to stop.
//! Design: docs/design/0008-server.md.

use std::process::ExitCode;

use clap::Parser as _;

mod cli;
mod commands;
mod console;
mod http;
mod logging;
mod metrics;
mod quickstart;
mod request_id;
mod settings;
mod startup;
mod sweeper;
mod wiring;

/// A listing makes hundreds of small strings; they cost an eighth less than with the C library's. Without huge
/// pages, which take a third more memory and are no faster here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let help = !error.use_stderr();
            // A closed pipe is nobody to tell.
            let _unseen = error.print();
            return if help {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
    };
    match commands::execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console::complain(&failure);
            ExitCode::FAILURE
        }
    }
}
