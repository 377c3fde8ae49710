//! `lakectl`, the command line of the lake: parses the command line, runs one command, and turns its
//! outcome into an exit code. 0 is success, 1 everything else.

mod cli;
mod client;
mod commands;
mod error;
mod logging;
mod settings;
mod transfer;
mod ui;
mod uri;
mod version;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use cli::{Cli, GlobalFlags, Parsed};
use error::{Error, Result};
use settings::Environment;
use ui::{OutputFormat, Ui};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let environment = Environment::of_process();
    let (ui, outcome) = match cli::parse(&arguments) {
        Ok(Parsed::Run(cli)) => {
            let ui = Arc::new(terminal(&cli.global, &environment));
            let outcome = run(&cli, &ui, &environment);
            (ui, outcome)
        }
        Ok(Parsed::Help(text)) => {
            let ui = Arc::new(plain(&environment));
            let outcome = ui.text(&text);
            (ui, outcome)
        }
        Err(error) => (Arc::new(plain(&environment)), Err(error)),
    };
    match outcome.and_then(|()| ui.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui.failure(&error);
            ExitCode::FAILURE
        }
    }
}

fn plain(environment: &Environment) -> Ui {
    Ui::new(
        environment,
        environment.no_color(),
        OutputFormat::Text,
        false,
    )
}

fn terminal(global: &GlobalFlags, environment: &Environment) -> Ui {
    let no_color = global.no_color || environment.no_color();
    Ui::new(environment, no_color, global.output, global.verbose)
}

fn run(cli: &Cli, ui: &Arc<Ui>, environment: &Environment) -> Result<()> {
    let Cli {
        global,
        version,
        command,
    } = cli;
    logging::start(global)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::failed(format!("start: {error}")))?;
    let work = async {
        match (command, version) {
            (_, true) => commands::print_version(ui, global, environment, false).await,
            (Some(command), false) => command.run(ui, global, environment).await,
            (None, false) => ui.text(&cli::tree().render_help().to_string()),
        }
    };
    runtime.block_on(async {
        tokio::select! {
            outcome = work => outcome,
            // Dropping the work removes half-written files.
            _ = tokio::signal::ctrl_c() => Err(Error::failed("interrupted")),
        }
    })
}
