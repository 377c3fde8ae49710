//! `lakectl docs`: the reference of all commands, made from the same tree that parses them, so that
//! it cannot be out of date. `docs/reference/lakectl.md` is its output.

use std::fmt::Write as _;

use clap::{Arg, Args, Command};

use crate::cli;
use crate::error::Result;
use crate::ui::Ui;

/// Print the reference of all commands as Markdown
#[derive(Debug, Args)]
pub(crate) struct Docs {}

impl Docs {
    #[expect(clippy::unused_self, reason = "every command runs the same way")]
    pub(crate) fn run(&self, ui: &Ui) -> Result<()> {
        ui.text(&reference())
    }
}

/// The whole reference.
fn reference() -> String {
    let mut root = cli::tree();
    root.build();
    let mut text = String::from(
        "# lakectl\n\n<!-- Made by `lakectl docs`; do not edit. -->\n\n\
         Exit codes: 0 when the command did what it says, 1 when it did not. Results go to standard\n\
         output, everything else to standard error.\n\n## Global flags\n\n",
    );
    let global: Vec<&Arg> = root
        .get_arguments()
        .filter(|arg| arg.is_global_set())
        .collect();
    for arg in &global {
        flag(&mut text, arg);
    }
    command(&mut text, &root, "lakectl");
    text
}

fn command(text: &mut String, command_: &Command, path: &str) {
    if command_.get_name() == "help" {
        return;
    }
    let hidden = if command_.is_hide_set() {
        " (not listed by --help)"
    } else {
        ""
    };
    _ = writeln!(text, "\n## {path}{hidden}\n");
    if let Some(about) = command_.get_long_about().or_else(|| command_.get_about()) {
        _ = writeln!(text, "{about}\n");
    }
    let aliases: Vec<String> = command_
        .get_visible_aliases()
        .map(|alias| format!("`{alias}`"))
        .collect();
    if !aliases.is_empty() {
        _ = writeln!(text, "Also: {}.\n", aliases.join(", "));
    }
    if command_.has_subcommands() {
        let children: Vec<&Command> = command_
            .get_subcommands()
            .filter(|child| child.get_name() != "help")
            .collect();
        for child in &children {
            let about = child
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default();
            _ = writeln!(text, "- `{path} {}`: {about}", child.get_name());
        }
        for child in children {
            command(text, child, &format!("{path} {}", child.get_name()));
        }
        return;
    }
    let positionals: Vec<&Arg> = command_.get_positionals().collect();
    let words: Vec<String> = positionals.iter().map(|arg| word(arg)).collect();
    let usage = format!("{path} {} [flags]", words.join(" ")).replace("  ", " ");
    _ = writeln!(text, "```\n{usage}\n```\n");
    for (arg, word) in positionals.iter().zip(words) {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        _ = writeln!(text, "- `{word}`: {help}");
    }
    for arg in command_.get_arguments() {
        if !arg.is_global_set() && !arg.is_positional() && arg.get_id() != "help" {
            flag(text, arg);
        }
    }
    if let Some(examples) = command_.get_after_help() {
        let examples = examples.to_string();
        let lines: Vec<&str> = examples.lines().skip(1).map(str::trim).collect();
        _ = writeln!(text, "\n```sh\n{}\n```", lines.join("\n"));
    }
}

fn word(arg: &Arg) -> String {
    let name = arg
        .get_value_names()
        .and_then(|names| names.first())
        .map(ToString::to_string);
    let name = name.unwrap_or_else(|| arg.get_id().to_string().to_uppercase());
    let many = matches!(arg.get_action(), clap::ArgAction::Append);
    match (arg.is_required_set(), many) {
        (true, false) => name,
        (true, true) => format!("{name}..."),
        (false, _) => format!("[{name}]"),
    }
}

fn flag(text: &mut String, arg: &Arg) {
    let mut spelling = arg
        .get_short()
        .map(|short| format!("-{short}, "))
        .unwrap_or_default();
    _ = write!(spelling, "--{}", arg.get_long().unwrap_or_default());
    let takes_value = arg.get_action().takes_values();
    if let Some(name) = arg
        .get_value_names()
        .and_then(|names| names.first())
        .filter(|_| takes_value)
    {
        let (open, close) = if arg.is_require_equals_set() {
            ("[=", "]")
        } else {
            (" ", "")
        };
        _ = write!(spelling, "{open}{name}{close}");
    }
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let mut notes = Vec::new();
    if arg.is_required_set() {
        notes.push("required".to_owned());
    }
    let default: Vec<String> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .filter(|value| takes_value && !value.is_empty())
        .collect();
    if !default.is_empty() {
        notes.push(format!("default {}", default.join(", ")));
    }
    if arg.is_hide_set() {
        notes.push("not listed by --help".to_owned());
    }
    let notes = if notes.is_empty() {
        String::new()
    } else {
        format!(" ({})", notes.join("; "))
    };
    _ = writeln!(text, "- `{spelling}`: {help}{notes}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `cargo xtask drift --write` writes the file anew.
    #[test]
    fn the_reference_in_the_repository_is_this_one() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/reference/lakectl.md"
        );
        let stored = std::fs::read_to_string(path).unwrap();
        assert!(
            stored == reference(),
            "docs/reference/lakectl.md is out of date: cargo xtask drift --write"
        );
    }

    #[test]
    fn every_command_that_does_something_has_an_example() {
        fn check(command: &Command, path: &str) {
            for child in command.get_subcommands() {
                let path = format!("{path} {}", child.get_name());
                if child.has_subcommands() {
                    check(child, &path);
                } else if !child.is_hide_set() {
                    let help = child
                        .get_after_help()
                        .map(ToString::to_string)
                        .unwrap_or_default();
                    assert!(
                        help.starts_with("Examples:\n  lakectl") || help.contains("lakectl "),
                        "{path}"
                    );
                }
            }
        }
        check(&cli::tree(), "lakectl");
    }
}
