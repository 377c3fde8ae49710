//! What commands say to the person who ran them. Log lines go through `logging`.

use std::io::Write as _;

/// Writes a line of result to standard output. A closed pipe is nobody to tell.
pub(crate) fn say(text: &str) {
    let _unseen = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes a line about what is going on to standard error.
pub(crate) fn note(text: &str) {
    let _unseen = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes what failed and every cause below it to standard error.
pub(crate) fn complain(failure: &dyn std::error::Error) {
    let mut text = format!("lakefs: {failure}");
    let mut source = failure.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    note(&text);
}
