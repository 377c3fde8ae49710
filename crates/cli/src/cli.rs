//! The command line: global flags, the tree of commands, and parsing.

mod flags;
mod usage;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};

use crate::commands::Command;
use crate::error::Error;
use crate::ui::OutputFormat;

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global flags")]
pub(crate) struct GlobalFlags {
    /// Text put before every address that does not begin with lakefs://
    #[arg(long, global = true, value_name = "TEXT")]
    pub(crate) base_uri: Option<String>,
    /// Configuration file (default: ~/.lakectl.yaml)
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Format of log lines
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// What to log: none, error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL", default_value = "none")]
    pub(crate) log_level: String,
    /// Where to log: `-` is standard output, `=` standard error, anything else a file
    #[arg(long, global = true, value_name = "OUTPUT", value_delimiter = ',')]
    pub(crate) log_output: Vec<String>,
    /// Write without colours (also: the `NO_COLOR` variable)
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// How to write results: text, or the objects of the REST API as JSON
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,
    /// Say more
    #[arg(long, global = true)]
    pub(crate) verbose: bool,
}

/// Version control for data in object stores, from the command line.
///
/// Addresses are `lakefs://REPOSITORY`, `lakefs://REPOSITORY/REF` and `lakefs://REPOSITORY/REF/PATH`.
/// Run `lakectl config` once to say where the server is.
#[derive(Debug, Parser)]
#[command(
    name = "lakectl",
    bin_name = "lakectl",
    disable_version_flag = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  lakectl repo list\n  lakectl branch create lakefs://example/dev --source lakefs://example/main\n  lakectl fs upload --source data.csv lakefs://example/dev/tables/data.csv\n  lakectl commit lakefs://example/dev -m \"Add a table\"\n  lakectl merge lakefs://example/dev lakefs://example/main"
)]
pub(crate) struct Cli {
    /// Global flags.
    #[command(flatten)]
    pub(crate) global: GlobalFlags,
    /// Print the version of this program and of the server
    #[arg(short = 'v', long)]
    pub(crate) version: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What a command line asks for.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// Run this.
    Run(Box<Cli>),
    /// Print this help.
    Help(String),
}

/// The tree of commands as the reference describes it.
pub(crate) fn tree() -> clap::Command {
    Cli::command()
}

/// Parses a command line, the first word being the program's name.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Parsed, Error> {
    let matches = match flags::tolerant(tree()).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return usage::explain(&error, arguments),
    };
    match Cli::from_arg_matches(&matches) {
        Ok(cli) => Ok(Parsed::Run(Box::new(cli))),
        Err(error) => usage::explain(&error, arguments),
    }
}

#[cfg(test)]
mod tests;
