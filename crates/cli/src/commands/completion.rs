//! `lakectl completion`: scripts that complete commands and flags in a shell.

use clap::{Args, ValueEnum};

use crate::cli;
use crate::error::Result;
use crate::ui::Ui;

/// Shells that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

/// Print a script that completes lakectl commands in a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  source <(lakectl completion bash)\n  lakectl completion zsh > \"${fpath[1]}/_lakectl\"\n  lakectl completion fish > ~/.config/fish/completions/lakectl.fish"
)]
pub(crate) struct Completion {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completion {
    pub(crate) fn run(&self, ui: &Ui) -> Result<()> {
        let shell = match self.shell {
            Shell::Bash => clap_complete::Shell::Bash,
            Shell::Zsh => clap_complete::Shell::Zsh,
            Shell::Fish => clap_complete::Shell::Fish,
            Shell::Powershell => clap_complete::Shell::PowerShell,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut cli::tree(), "lakectl", &mut script);
        ui.bytes(&script)
    }
}
