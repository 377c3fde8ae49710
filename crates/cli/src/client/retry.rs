//! When a request is sent again: after transport failures that may pass, and after the statuses 429,
//! 500 and 503. Other statuses, such as 502 and 504, are not ours to repeat.

use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};

use crate::error::{Error, Result};
use crate::settings::RetryPolicy;

/// Why one try failed and how long the server asked to wait.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The failure.
    pub(crate) error: Error,
    /// The wait asked for by `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
}

impl From<Error> for Attempt {
    fn from(error: Error) -> Self {
        Self {
            error,
            retry_after: None,
        }
    }
}

/// Whether a refusal with this status may pass.
pub(crate) fn is_retryable_status(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::SERVICE_UNAVAILABLE
    )
}

/// The wait a server asks for, in whole seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// Tries until it succeeds, fails for good, or the tries are used up.
pub(crate) async fn run<T, F>(
    policy: &RetryPolicy,
    mut attempt: impl FnMut() -> F + Send,
) -> Result<T>
where
    F: Future<Output = std::result::Result<T, Attempt>> + Send,
{
    let mut retry = 0;
    loop {
        let Attempt { error, retry_after } = match attempt().await {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        if !error.is_retryable() || retry >= policy.extra_attempts {
            return Err(count(error, retry + 1));
        }
        let wait = retry_after
            .unwrap_or_else(|| policy.wait(retry))
            .min(policy.max_wait);
        tokio::time::sleep(wait).await;
        retry += 1;
    }
}

fn count(error: Error, tries: u32) -> Error {
    match error {
        Error::Transport {
            method,
            url,
            cause,
            retryable,
            ..
        } => Error::Transport {
            method,
            url,
            cause,
            retryable,
            attempts: tries,
        },
        other => other,
    }
}
