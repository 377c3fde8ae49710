//! The commands. Each noun is a module, each verb a file with its flags and what it does.

mod annotate;
mod branch;
mod branch_protect;
mod cherry_pick;
mod commit;
mod commit_text;
mod completion;
mod config;
mod diff;
mod docs;
mod doctor;
mod find_merge_base;
mod fs;
mod gc;
mod identity;
mod list_flags;
mod log;
mod merge;
mod meta_flag;
mod repo;
mod show;
mod tag;
mod version;

use std::sync::Arc;

use clap::Subcommand;

use crate::cli::GlobalFlags;
use crate::client::Client;
use crate::error::Result;
use crate::settings::{Environment, Settings};
use crate::ui::Ui;
use crate::uri::UriParser;

/// What a command works with.
#[derive(Debug)]
pub(crate) struct Context {
    /// The terminal.
    pub(crate) ui: Arc<Ui>,
    /// The server.
    pub(crate) client: Arc<Client>,
    /// The configuration.
    pub(crate) settings: Settings,
    /// How addresses are read.
    pub(crate) uris: UriParser,
}

/// Everything lakectl can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show which commit last changed each object
    #[command(visible_alias = "blame")]
    Annotate(annotate::Annotate),
    /// Create, list, change and delete branches
    #[command(subcommand, arg_required_else_help = true)]
    Branch(branch::Branch),
    /// Protect branches from direct writes
    #[command(subcommand, arg_required_else_help = true)]
    BranchProtect(branch_protect::BranchProtect),
    /// Repeat a commit on a branch
    CherryPick(cherry_pick::CherryPick),
    /// Commit the uncommitted changes of a branch
    Commit(commit::Commit),
    /// Print a script that completes lakectl commands in a shell
    Completion(completion::Completion),
    /// Say where the server is and who you are
    Config(config::Config),
    /// Show what differs
    Diff(diff::Diff),
    /// Print the reference of all commands as Markdown
    #[command(hide = true)]
    Docs(docs::Docs),
    /// Check the configuration and the connection to the server
    Doctor(doctor::Doctor),
    /// Find the commit that a merge would start from
    #[command(hide = true)]
    FindMergeBase(find_merge_base::FindMergeBase),
    /// Work with objects
    #[command(subcommand, arg_required_else_help = true)]
    Fs(fs::Fs),
    /// Say how long deleted objects are kept
    #[command(subcommand, arg_required_else_help = true)]
    Gc(gc::Gc),
    /// Show who you are to the server
    Identity(identity::Identity),
    /// Show the history of a ref
    Log(log::Log),
    /// Merge a ref into a branch
    Merge(merge::Merge),
    /// Create, list and delete repositories
    #[command(subcommand, arg_required_else_help = true)]
    Repo(repo::Repo),
    /// Show one thing in full
    #[command(subcommand, arg_required_else_help = true)]
    Show(show::Show),
    /// Create, list and delete tags
    #[command(subcommand, arg_required_else_help = true)]
    Tag(tag::Tag),
    /// Print the version of this program and of the server
    Version(version::Version),
}

impl Command {
    /// Runs the command.
    pub(crate) async fn run(
        &self,
        ui: &Arc<Ui>,
        global: &GlobalFlags,
        environment: &Environment,
    ) -> Result<()> {
        match self {
            // These work without, or with a broken, configuration.
            Self::Completion(command) => command.run(ui),
            Self::Docs(command) => command.run(ui),
            Self::Config(command) => command.run(ui, global, environment),
            Self::Version(_) => version::run(ui, global, environment, true).await,
            _ => self.run_in(&Context::new(ui, global, environment)?).await,
        }
    }

    async fn run_in(&self, context: &Context) -> Result<()> {
        match self {
            Self::Annotate(command) => command.run(context).await,
            Self::Branch(command) => command.run(context).await,
            Self::BranchProtect(command) => command.run(context).await,
            Self::CherryPick(command) => command.run(context).await,
            Self::Commit(command) => command.run(context).await,
            Self::Diff(command) => command.run(context).await,
            Self::Doctor(command) => command.run(context).await,
            Self::FindMergeBase(command) => command.run(context).await,
            Self::Fs(command) => command.run(context).await,
            Self::Gc(command) => command.run(context).await,
            Self::Identity(command) => command.run(context).await,
            Self::Log(command) => command.run(context).await,
            Self::Merge(command) => command.run(context).await,
            Self::Repo(command) => command.run(context).await,
            Self::Show(command) => command.run(context).await,
            Self::Tag(command) => command.run(context).await,
            Self::Completion(_) | Self::Config(_) | Self::Docs(_) | Self::Version(_) => Ok(()),
        }
    }
}

pub(crate) use version::run as print_version;

impl Context {
    /// Reads the configuration.
    pub(crate) fn new(
        ui: &Arc<Ui>,
        global: &GlobalFlags,
        environment: &Environment,
    ) -> Result<Self> {
        let settings = Settings::load(global.config.clone(), environment)?;
        let client = Client::new(&settings)?;
        let base = global
            .base_uri
            .as_deref()
            .or_else(|| environment.get("LAKECTL_BASE_URI"));
        Ok(Self {
            ui: Arc::clone(ui),
            client: Arc::new(client),
            settings,
            uris: UriParser::new(base.unwrap_or_default()),
        })
    }

    /// How many transfers at a time: a flag, else the configuration, else 25.
    pub(crate) fn parallelism(&self, flag: Option<usize>) -> usize {
        const DEFAULT: usize = 25;
        let configured = Some(self.settings.parallelism).filter(|number| *number > 0);
        flag.filter(|number| *number > 0)
            .or(configured)
            .unwrap_or(DEFAULT)
    }
}
