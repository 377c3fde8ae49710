//! What a failed database call means: a pure classification.

use tokio_postgres::error::SqlState;

use crate::{Cause, KvError};

/// What to do about a failed statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// It was not executed; trying again may work.
    NotExecuted,
    /// The connection broke: it may have been executed.
    Unknown,
    /// The server has too much to do.
    Overloaded,
    /// It was not executed, and trying again at once is of no use.
    Final,
}

/// Classifies an error of a statement that was sent.
pub(super) fn classify(error: &tokio_postgres::Error) -> Failure {
    match error.code() {
        Some(code) => classify_code(code),
        None => Failure::Unknown,
    }
}

fn classify_code(code: &SqlState) -> Failure {
    match code.code() {
        // Serialisation failure, deadlock, lock not available, starting up, and a replica that was
        // told to write (a failover is under way).
        "40001" | "40P01" | "55P03" | "57P03" | "25006" => Failure::NotExecuted,
        // Too many connections, out of other resources.
        "53300" | "53400" | "53200" => Failure::Overloaded,
        // Shut down by an administrator or a crash: possibly after the statement took effect.
        "57P01" | "57P02" | "57P05" => Failure::Unknown,
        code if code.starts_with("08") => Failure::Unknown,
        _ => Failure::Final,
    }
}

/// Whether a refusal to connect lasts until someone changes something.
pub(super) fn is_misconfigured(error: &tokio_postgres::Error) -> bool {
    // Wrong password or role, no such database, no right to.
    error
        .code()
        .is_some_and(|code| matches!(code.code(), "28000" | "28P01" | "3D000" | "42501" | "3F000"))
}

/// The error of an unconditional call.
pub(super) fn report(operation: &'static str, error: tokio_postgres::Error) -> KvError {
    let corrupt = error
        .code()
        .is_some_and(|code| matches!(code.code(), "XX001" | "XX002"));
    match classify(&error) {
        Failure::Overloaded => KvError::SlowDown {
            operation,
            source: Cause::from(error),
        },
        Failure::Final if corrupt => KvError::Corrupt {
            detail: format!("database table ({operation})"),
            source: Cause::from(error),
        },
        _ => KvError::Unavailable {
            operation,
            source: Cause::from(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_what_happened() {
        for (code, expected) in [
            ("40P01", Failure::NotExecuted),
            ("57P03", Failure::NotExecuted),
            ("53300", Failure::Overloaded),
            ("57P01", Failure::Unknown),
            ("08006", Failure::Unknown),
            ("42P01", Failure::Final),
            ("53100", Failure::Final),
        ] {
            assert_eq!(
                classify_code(&SqlState::from_code(code)),
                expected,
                "{code}"
            );
        }
    }
}
