//! Spellings of flags that scripts for the original client use and clap does not know by itself:
//! `--yes=false`, the same flag twice (the last counts), values that begin with a hyphen.

use clap::{Arg, ArgAction, Command};

use crate::settings::parse_bool;

/// The same tree of commands, taking those spellings too.
pub(crate) fn tolerant(command: Command) -> Command {
    command.mut_args(tolerant_arg).mut_subcommands(tolerant)
}

fn tolerant_arg(arg: Arg) -> Arg {
    if arg.is_positional() {
        return arg;
    }
    let id = arg.get_id().clone();
    match arg.get_action() {
        ArgAction::SetTrue => arg
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .value_name("BOOL")
            .default_value("false")
            .default_missing_value("true")
            .value_parser(boolean)
            .overrides_with(id),
        // Required equals: a flag that is mostly used without a value.
        ArgAction::Set if arg.is_require_equals_set() => {
            arg.value_parser(boolean).overrides_with(id)
        }
        ArgAction::Set => arg.allow_hyphen_values(true).overrides_with(id),
        ArgAction::Append => arg.allow_hyphen_values(true),
        _ => arg,
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    parse_bool(text).ok_or_else(|| format!("{text:?} is neither true nor false"))
}
