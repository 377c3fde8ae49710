//! The command line: names and flags are lakeFS's, words are ours.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::settings::Preset;

/// Git-like version control for the data in your object storage.
#[derive(Debug, Parser)]
#[command(
    name = "lakefs",
    version,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Configuration file. Every key can also be given as LAKEFS_<KEY>, with _ for each dot.
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Keep everything on this machine: embedded metadata, local objects.
    #[arg(long, global = true)]
    pub(crate) local_settings: bool,
    /// The same, with a sample repository and an administrator whose keys everybody knows.
    #[arg(long, global = true, conflicts_with = "local_settings")]
    pub(crate) quickstart: bool,
}

impl Global {
    pub(crate) fn preset(&self) -> Preset {
        match (self.quickstart, self.local_settings) {
            (true, _) => Preset::Quickstart,
            (false, true) => Preset::LocalSettings,
            (false, false) => Preset::Plain,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server.
    ///
    /// Examples:
    ///   lakefs run --quickstart
    ///   lakefs --config /etc/lakefs/config.yaml run
    #[command(verbatim_doc_comment)]
    Run(RunArgs),
    /// Prepare a new installation and make its first administrator.
    ///
    /// Example:
    ///   lakefs --config config.yaml setup --user-name admin
    #[command(visible_alias = "init", verbatim_doc_comment)]
    Setup(SetupArgs),
    /// Make an administrator where there is none any more.
    Superuser(SuperuserArgs),
    /// Look at and raise the version of the stored metadata.
    #[command(subcommand)]
    Migrate(MigrateCommand),
    /// Print a completion script for a shell.
    Completion {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Look into the key-value store. For support and tests; the server must not be running on an
    /// embedded store meanwhile.
    #[command(subcommand, hide = true)]
    Kv(KvCommand),
    /// Print reference documentation.
    #[command(hide = true)]
    Reference,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Start although repositories live in another kind of storage than the configured one.
    #[arg(short = 'm', long, hide = true)]
    pub(crate) allow_mismatched_repos: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    /// Name of the administrator.
    #[arg(long)]
    pub(crate) user_name: String,
    /// Access key to use instead of a random one.
    #[arg(long, hide = true, requires = "secret_access_key")]
    pub(crate) access_key_id: Option<String>,
    /// Secret key to use instead of a random one.
    #[arg(long, hide = true, requires = "access_key_id")]
    pub(crate) secret_access_key: Option<String>,
    /// Do not look whether the installation was set up before.
    #[arg(long, hide = true)]
    pub(crate) no_check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SuperuserArgs {
    /// Name of the administrator.
    #[arg(long)]
    pub(crate) user_name: String,
    /// Access key to use instead of a random one; alone, the one to keep of an older installation.
    #[arg(long)]
    pub(crate) access_key_id: Option<String>,
    /// Secret key to use instead of a random one.
    #[arg(long, requires = "access_key_id")]
    pub(crate) secret_access_key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Print the version of the stored metadata and the one this server works with.
    Version,
    /// Raise the stored metadata to the version this server works with.
    Up {
        /// Also when the stored version is newer or unreadable.
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KvCommand {
    /// Print the value of a key, as text where it is text, else base64.
    Get {
        /// Its partition.
        partition: String,
        /// The key.
        key: String,
    },
    /// Print the keys of a partition.
    Scan {
        /// The partition.
        partition: String,
        /// The key to begin at.
        #[arg(default_value = "")]
        start: String,
        /// Keys from this one on are left out.
        #[arg(long)]
        until: Option<String>,
        /// Print at most this many.
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Store records from a dump, or from lines of JSON with base64 fields.
    Load {
        /// The file; `-` is standard input.
        #[arg(long)]
        input: PathBuf,
        /// What happens to keys that are there already.
        #[arg(long, value_enum, default_value = "overwrite")]
        strategy: LoadStrategy,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LoadStrategy {
    /// They stay as they are.
    Skip,
    /// They are replaced.
    Overwrite,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn presets_can_stand_before_and_after_the_command() {
        for line in [
            &["lakefs", "run", "--quickstart"],
            &["lakefs", "--quickstart", "run"],
        ] {
            assert_eq!(
                Cli::try_parse_from(line).unwrap().global.preset(),
                Preset::Quickstart
            );
        }
    }
}
