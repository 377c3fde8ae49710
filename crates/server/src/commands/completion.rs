//! `lakefs completion`.

use clap::CommandFactory as _;

use crate::cli::Cli;

/// Prints the script.
pub(super) fn print(shell: clap_complete::Shell) {
    let mut command = Cli::command();
    clap_complete::generate(shell, &mut command, "lakefs", &mut std::io::stdout());
}
