//! Everything a command can fail with, and how each failure is reported: a message on standard
//! error, a second line that says what kind it was, and exit code 1.

use std::fmt::Write as _;

use http::StatusCode;

/// The result of anything a command does.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line itself is wrong: unknown command, flag or number of arguments.
    #[error("{0}")]
    Usage(String),
    /// The command cannot be carried out.
    #[error("{0}")]
    Failed(String),
    /// The server refused.
    #[error("{message}")]
    Api {
        /// What it answered.
        status: StatusCode,
        /// Why, in its words.
        message: String,
    },
    /// No usable answer arrived.
    #[error("{}", transport(.method, .url, .cause, *.attempts))]
    Transport {
        /// The method of the request.
        method: http::Method,
        /// Where it went.
        url: String,
        /// What went wrong.
        cause: String,
        /// Whether the same request may succeed when it is sent again.
        retryable: bool,
        /// How often it was sent.
        attempts: u32,
    },
    /// Whoever read our output went away; there is nobody left to tell.
    #[error("the reader of standard output is gone")]
    OutputClosed,
}

impl Error {
    /// A failure described by its message.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// A failure of a local file operation, in the form `verb path: reason`.
    pub(crate) fn file(verb: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::Failed(format!("{verb} {}: {}", path.display(), reason(error)))
    }

    /// The status the server refused with, if it was the server.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Api { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same request may succeed when it is sent again.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Transport { retryable, .. } => *retryable,
            Self::Api { status, .. } => crate::client::is_retryable_status(*status),
            _ => false,
        }
    }

    /// The text for standard error.
    pub(crate) fn report(&self) -> String {
        match self {
            Self::Usage(message) => format!("Error: {message}\n"),
            Self::Api { status, message } => {
                let mut text = format!("{message}\n");
                _ = writeln!(text, "{}", status_line(*status));
                text
            }
            Self::OutputClosed => String::new(),
            Self::Failed(_) | Self::Transport { .. } => {
                format!("{self}\nError executing command.\n")
            }
        }
    }
}

fn transport(method: &http::Method, url: &str, cause: &str, attempts: u32) -> String {
    let upper = method.as_str();
    let (first, rest) = upper.split_at(upper.len().min(1));
    let request = format!("{first}{} \"{url}\"", rest.to_ascii_lowercase());
    if attempts > 1 {
        format!("{request}: {upper} {url} giving up after {attempts} attempt(s): {cause}")
    } else {
        format!("{request}: {cause}")
    }
}

/// A status as number and words.
pub(crate) fn status_line(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(words) => format!("{} {words}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// An operating system error without the number the standard library appends.
pub(crate) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => error.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_ends_with_its_status_and_everything_else_with_a_fixed_line() {
        let refused = Error::Api {
            status: StatusCode::CONFLICT,
            message: "not unique".into(),
        };
        assert_eq!(refused.report(), "not unique\n409 Conflict\n");
        assert_eq!(
            Error::failed("no").report(),
            "no\nError executing command.\n"
        );
        assert_eq!(
            Error::Usage("bad flag".into()).report(),
            "Error: bad flag\n"
        );
    }

    #[test]
    fn operating_system_errors_are_told_as_scripts_know_them() {
        let error = std::io::Error::from_raw_os_error(2);
        assert_eq!(reason(&error), "no such file or directory");
    }
}
