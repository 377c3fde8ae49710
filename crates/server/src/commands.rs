//! The subcommands: each reads settings, opens what it needs, does one thing.

use std::io;

use crate::cli::{Cli, Command, Global};
use crate::logging::Logging;
use crate::settings::{Settings, SettingsError, Sources, process_environment};
use crate::wiring::WiringError;

mod completion;
mod kv;
mod migrate;
mod run;
mod setup;
mod superuser;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Wiring(#[from] WiringError),
    #[error(transparent)]
    Startup(#[from] crate::startup::StartupError),
    #[error(transparent)]
    Listen(#[from] crate::http::listen::ListenError),
    #[error(transparent)]
    Tls(#[from] crate::http::tls::TlsError),
    #[error("cannot open log output")]
    Logging(#[source] io::Error),
    #[error("cannot start the asynchronous runtime")]
    Runtime(#[source] io::Error),
    #[error("key-value store")]
    Kv(#[source] lakefs_kv::KvError),
    #[error(transparent)]
    Auth(#[from] lakefs_auth::AuthError),
    #[error("cannot make the sample repository")]
    Sample(#[source] lakefs_service::Error),
    #[error("{what}")]
    Io {
        what: String,
        #[source]
        source: io::Error,
    },
    #[error("{0}")]
    Refused(String),
}

/// Runs the command that was asked for.
pub(crate) fn execute(cli: Cli) -> Result<(), CommandError> {
    let Cli { global, command } = cli;
    match command {
        Command::Completion { shell } => {
            completion::print(shell);
            Ok(())
        }
        Command::Reference => {
            crate::console::say(crate::settings::reference_markdown().trim_end());
            Ok(())
        }
        Command::Run(args) => {
            let settings = load(&global)?;
            let logging = Logging::start(&settings.logging).map_err(CommandError::Logging)?;
            runtime()?.block_on(run::run(settings, logging, &args))
        }
        Command::Setup(args) => {
            with_runtime(&global, async |settings| setup::setup(settings, args).await)
        }
        Command::Superuser(args) => with_runtime(&global, async |settings| {
            superuser::create(settings, args).await
        }),
        Command::Migrate(command) => with_runtime(&global, async |settings| {
            migrate::migrate(settings, command).await
        }),
        Command::Kv(command) => {
            with_runtime(&global, async |settings| kv::kv(settings, command).await)
        }
    }
}

fn load(global: &Global) -> Result<Settings, SettingsError> {
    Settings::load(&Sources {
        file: global.config.clone(),
        preset: global.preset(),
        environment: process_environment(),
    })
}

/// For commands that end: results own standard output, so log lines go to standard error, and only
/// what is wrong is logged.
fn with_runtime(
    global: &Global,
    command: impl AsyncFnOnce(Settings) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let settings = load(global)?;
    let mut quiet = settings.logging.clone();
    quiet.outputs = vec!["=".to_owned()];
    "WARN".clone_into(&mut quiet.level);
    Logging::start(&quiet).map_err(CommandError::Logging)?;
    runtime()?.block_on(command(settings))
}

/// One worker per processor this process may use (`taskset`, containers).
fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(64)
        .enable_all()
        .build()
        .map_err(CommandError::Runtime)
}
