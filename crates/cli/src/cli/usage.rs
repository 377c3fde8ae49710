//! What is said about a command line that cannot be parsed. Messages about commands, flags and the
//! number of arguments have the form scripts know; the words clap would use are never shown.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{Parsed, flags, tree};
use crate::error::Error;

const EXTRA: &str = "surplus-arguments";

/// Turns clap's error into help or into ours.
pub(crate) fn explain(error: &clap::Error, arguments: &[OsString]) -> Result<Parsed, Error> {
    let seen = Seen::of(arguments);
    match error.kind() {
        ErrorKind::DisplayHelp if arguments.get(1).is_some_and(|word| word == "help") => {
            Ok(Parsed::Help(error.render().to_string()))
        }
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::MissingSubcommand => Ok(Parsed::Help(seen.help())),
        ErrorKind::InvalidSubcommand => {
            let name = context(error, ContextKind::InvalidSubcommand).unwrap_or_default();
            let parent = seen.path.join(" ");
            Err(Error::Usage(format!(
                "unknown command {name:?} for {parent:?}\nRun '{parent} --help' for usage."
            )))
        }
        kind => Err(Error::Usage(seen.complaint(kind, error))),
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        _ => None,
    }
}

/// What could be made out of the command line nevertheless.
struct Seen {
    path: Vec<String>,
    command: Command,
    received: usize,
}

impl Seen {
    fn of(arguments: &[OsString]) -> Self {
        let matches = relaxed(flags::tolerant(tree()))
            .disable_help_subcommand(true)
            .try_get_matches_from(arguments)
            .unwrap_or_default();
        let mut built = tree();
        built.build();
        let mut seen = Self {
            path: vec![built.get_name().to_owned()],
            command: built,
            received: 0,
        };
        let mut matches: &ArgMatches = &matches;
        while let Some((name, inner)) = matches.subcommand() {
            let Some(command) = seen.command.find_subcommand(name).cloned() else {
                break;
            };
            seen.path.push(name.to_owned());
            seen.command = command;
            matches = inner;
        }
        let known = seen
            .command
            .get_positionals()
            .map(|arg| arg.get_id().as_str());
        let count = |id: &str| match matches.try_get_raw(id) {
            Ok(Some(values)) => values.len(),
            _ => 0,
        };
        seen.received = known.chain([EXTRA]).map(count).sum();
        seen
    }

    fn help(mut self) -> String {
        self.command.render_long_help().to_string()
    }

    fn complaint(&self, kind: ErrorKind, error: &clap::Error) -> String {
        let argument = context(error, ContextKind::InvalidArg).unwrap_or_default();
        let flag = argument.split([' ', '=', '[']).next().unwrap_or_default();
        let value = context(error, ContextKind::InvalidValue).unwrap_or_default();
        match kind {
            ErrorKind::UnknownArgument if flag.starts_with("--") => format!("unknown flag: {flag}"),
            ErrorKind::UnknownArgument if flag.starts_with('-') && flag.len() > 1 => {
                let letter = flag
                    .trim_start_matches('-')
                    .chars()
                    .next()
                    .unwrap_or_default();
                format!("unknown shorthand flag: {letter:?} in {flag}")
            }
            ErrorKind::MissingRequiredArgument if argument.starts_with('-') => {
                let names: Vec<String> = argument
                    .split(", ")
                    .filter_map(|flag| flag.split(' ').next())
                    .filter(|flag| flag.starts_with("--"))
                    .map(|flag| format!("{:?}", flag.trim_start_matches('-')))
                    .collect();
                format!("required flag(s) {} not set", names.join(", "))
            }
            ErrorKind::UnknownArgument
            | ErrorKind::MissingRequiredArgument
            | ErrorKind::TooFewValues
            | ErrorKind::TooManyValues
            | ErrorKind::WrongNumberOfValues => self.arity(),
            ErrorKind::InvalidValue if value.is_empty() => {
                format!("flag needs an argument: {flag}")
            }
            ErrorKind::InvalidValue => {
                let valid = context(error, ContextKind::ValidValue).unwrap_or_default();
                format!("invalid argument {value:?} for {flag:?} flag: must be one of {valid}")
            }
            ErrorKind::ValueValidation => {
                let why = std::error::Error::source(error).map(ToString::to_string);
                let why = why.unwrap_or_else(|| "not valid".to_owned());
                format!("invalid argument {value:?} for {flag:?} flag: {why}")
            }
            _ => {
                let text = error.render().to_string();
                let line = text.lines().next().unwrap_or_default();
                line.trim_start_matches("error: ").to_owned()
            }
        }
    }

    fn arity(&self) -> String {
        let positionals: Vec<&Arg> = self.command.get_positionals().collect();
        let min = positionals
            .iter()
            .filter(|arg| arg.is_required_set())
            .count();
        let endless = positionals
            .iter()
            .any(|arg| matches!(arg.get_action(), ArgAction::Append));
        let max = positionals.len();
        let received = self.received;
        if endless {
            format!("requires at least {min} arg(s), only received {received}")
        } else if min == max {
            format!("accepts {max} arg(s), received {received}")
        } else {
            format!("accepts between {min} and {max} arg(s), received {received}")
        }
    }
}

/// A tree that takes any number of arguments everywhere, to find out which command was meant and how
/// many it was given.
fn relaxed(command: Command) -> Command {
    let endless = command
        .get_positionals()
        .any(|arg| matches!(arg.get_action(), ArgAction::Append));
    let has_children = command.has_subcommands();
    let command = command
        .mut_args(|arg| arg.required(false))
        .mut_subcommands(relaxed)
        .ignore_errors(true)
        .arg_required_else_help(false)
        .subcommand_required(false)
        .disable_help_flag(true);
    if endless || has_children {
        return command;
    }
    command.arg(Arg::new(EXTRA).num_args(0..).hide(true))
}
