//! The only place that writes to the terminal.
//!
//! Results go to standard output, everything else to standard error. On a terminal lists are boxed
//! tables with colours; piped they are rows of tab-separated values without a header, which is what
//! scripts read. With `--output json` standard output holds the REST objects and nothing else.

mod json;
mod progress;
mod table;
mod text;

use std::io::{BufWriter, IsTerminal as _, Stdout, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::ValueEnum;
use serde::Serialize;

pub(crate) use json::JsonArray;
pub(crate) use progress::{Bar, Progress};
pub(crate) use table::Table;
pub(crate) use text::{date, escape_html, human_bytes, pad};

use crate::error::{Error, Result};
use crate::settings::Environment;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people and line-oriented scripts.
    #[default]
    Text,
    /// The objects of the REST API; a list is an array.
    Json,
}

/// A colour of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    /// Failures, removals, conflicts.
    Red,
    /// Additions.
    Green,
    /// Changes, commit ids, paths.
    Yellow,
}

impl Color {
    fn code(self) -> &'static str {
        match self {
            Self::Red => "91",
            Self::Green => "92",
            Self::Yellow => "93",
        }
    }
}

/// The terminal, or what stands in its place.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent properties of a terminal"
)]
pub(crate) struct Ui {
    out: Mutex<BufWriter<Stdout>>,
    interactive: bool,
    color: bool,
    color_stderr: bool,
    json: bool,
    verbose: bool,
}

impl Ui {
    /// Decides how to write from the flags, the environment and what standard output is.
    pub(crate) fn new(
        environment: &Environment,
        no_color: bool,
        format: OutputFormat,
        verbose: bool,
    ) -> Self {
        let interactive = environment
            .interactive()
            .unwrap_or_else(|| std::io::stdout().is_terminal());
        Self {
            out: Mutex::new(BufWriter::new(std::io::stdout())),
            interactive,
            color: interactive && !no_color,
            color_stderr: interactive && !no_color && std::io::stderr().is_terminal(),
            json: format == OutputFormat::Json,
            verbose,
        }
    }

    /// Whether somebody is watching: tables, colours, hints.
    pub(crate) fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether `--verbose` was given.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Colours a text, where colours are shown.
    pub(crate) fn paint(&self, color: Color, text: &str) -> String {
        if self.color {
            format!("\x1b[{}m{text}\x1b[0m", color.code())
        } else {
            text.to_owned()
        }
    }

    fn out(&self) -> MutexGuard<'_, BufWriter<Stdout>> {
        // A panic while the lock was held leaves a buffer that is still good for writing.
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes bytes to standard output.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<()> {
        self.out().write_all(bytes).map_err(|error| output(&error))
    }

    /// Writes a text to standard output as it is.
    pub(crate) fn text(&self, text: &str) -> Result<()> {
        self.bytes(text.as_bytes())
    }

    /// Writes a line to standard output.
    pub(crate) fn line(&self, line: &str) -> Result<()> {
        self.text(&format!("{line}\n"))
    }

    /// Repeats what is about to be done: `Branch: lakefs://…`. Not part of JSON.
    pub(crate) fn echo(&self, label: &str, value: impl std::fmt::Display) -> Result<()> {
        if self.json {
            return Ok(());
        }
        self.line(&format!("{label}: {value}"))
    }

    /// Writes a value as indented JSON.
    pub(crate) fn json<T: Serialize + ?Sized>(&self, value: &T) -> Result<()> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Error::failed(format!("write JSON: {error}")))?;
        self.line(&text)
    }

    /// Writes a value as JSON where that was asked for, else whatever `text` writes.
    pub(crate) fn result<T: Serialize + ?Sized>(
        &self,
        value: &T,
        text: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<()> {
        if self.json {
            self.json(value)
        } else {
            text(self)
        }
    }

    /// Hands over what is buffered.
    pub(crate) fn flush(&self) -> Result<()> {
        self.out().flush().map_err(|error| output(&error))
    }

    /// Writes a line to standard error. A failure to do so is ignored: there is nobody to tell.
    pub(crate) fn note(&self, line: &str) {
        let _unheard = self.flush();
        let _unheard = writeln!(std::io::stderr(), "{line}");
    }

    /// Writes a warning to standard error.
    pub(crate) fn warn(&self, message: &str) {
        self.note(&format!("Warning: {message}"));
    }

    /// Reports why the command failed.
    pub(crate) fn failure(&self, error: &Error) {
        let _unheard = self.flush();
        let report = error.report();
        let text = match report.split_once('\n') {
            Some((first, rest)) if self.color_stderr => format!("\x1b[91m{first}\x1b[0m\n{rest}"),
            _ => report,
        };
        let _unheard = std::io::stderr().write_all(text.as_bytes());
    }

    /// Asks a yes/no question unless `yes` already answers it; anything but yes fails with
    /// `aborted`.
    pub(crate) fn confirm(&self, yes: bool, question: &str, aborted: &str) -> Result<()> {
        if yes {
            return Ok(());
        }
        let prompt = format!("{question} [y/N]: ");
        if self.json {
            let _unheard = write!(std::io::stderr(), "{prompt}");
        } else {
            self.text(&prompt)?;
        }
        self.flush()?;
        let mut answer = String::new();
        std::io::stdin()
            .read_line(&mut answer)
            .map_err(|error| Error::failed(format!("read standard input: {error}")))?;
        if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
            return Ok(());
        }
        if !self.json {
            self.line("")?;
        }
        Err(Error::failed(aborted))
    }

    /// Asks for a line; an empty answer means `default`. End of input is a failure.
    pub(crate) fn ask(&self, question: &str, default: &str) -> Result<String> {
        let shown = if default.is_empty() {
            format!("{question}: ")
        } else {
            format!("{question} [{default}]: ")
        };
        self.line_of_input(&shown, default)
    }

    fn line_of_input(&self, shown: &str, default: &str) -> Result<String> {
        self.text(shown)?;
        self.flush()?;
        let mut answer = String::new();
        let read = std::io::stdin()
            .read_line(&mut answer)
            .map_err(|error| Error::failed(format!("read standard input: {error}")))?;
        match answer.trim() {
            "" if read == 0 => Err(Error::failed("no answer: standard input ended")),
            "" => Ok(default.to_owned()),
            answer => Ok(answer.to_owned()),
        }
    }

    /// Asks for a secret, which a terminal does not show. An empty answer means `default`.
    pub(crate) fn ask_secret(&self, question: &str, default: &str) -> Result<String> {
        let terminal = console::Term::stdout();
        // The secret that is kept is never shown either.
        let shown = if default.is_empty() {
            format!("{question}: ")
        } else {
            format!("{question} [as it is]: ")
        };
        if !std::io::stdin().is_terminal() || !terminal.is_term() {
            return self.line_of_input(&shown, default);
        }
        self.text(&shown)?;
        self.flush()?;
        let answer = terminal
            .read_secure_line()
            .map_err(|error| Error::failed(format!("read the terminal: {error}")))?;
        Ok(match answer.trim() {
            "" => default.to_owned(),
            answer => answer.to_owned(),
        })
    }

    /// The hint below a list that has more, on a terminal.
    pub(crate) fn more_hint(&self, amount: usize, after: &str) -> Result<()> {
        if self.interactive && !self.json {
            self.line(&format!(
                "for more results run with --amount {amount} --after \"{after}\""
            ))?;
        }
        Ok(())
    }
}

fn output(error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        Error::OutputClosed
    } else {
        Error::failed(format!("write standard output: {error}"))
    }
}
