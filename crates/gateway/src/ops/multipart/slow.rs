//! Answers that take long. A completion may copy many gigabytes; load balancers and clients give up on a
//! connection that is silent for a minute. As S3 does, the answer is begun with status 200 after a while, and
//! white space is sent until there is something to say, be it the document of an error.
//!
//! An answer that comes in time has its true status. Dropped with its connection, the work stops where
//! it is: a retry does the rest.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use tokio::time::timeout;

use crate::error::S3Error;
use crate::{Body, response};

/// When the answer is begun, whether it is known or not.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often white space is sent after that.
const EVERY: Duration = Duration::from_secs(5);
/// What every document begins with. White space before it would make it no document.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Work that ends in a document.
pub(in crate::ops) type Work = Pin<Box<dyn Future<Output = Result<String, S3Error>> + Send>>;
/// Writes the document of an error.
pub(in crate::ops) type ErrorText = Box<dyn FnOnce(&S3Error) -> String + Send>;

enum Step {
    Begin(Work, ErrorText),
    Wait(Work, ErrorText),
    End,
}

/// Waits for the document, and begins the answer without it if that takes long.
pub(in crate::ops) async fn answer(
    mut work: Work,
    error_text: ErrorText,
) -> Result<Response<Body>, S3Error> {
    if let Ok(outcome) = timeout(PATIENCE, &mut work).await {
        return Ok(response::document(StatusCode::OK, outcome?));
    }
    let steps = futures_util::stream::unfold(Step::Begin(work, error_text), |step| async move {
        match step {
            Step::Begin(work, error_text) => {
                let begun = Bytes::from_static(DECLARATION.as_bytes());
                Some((Ok(begun), Step::Wait(work, error_text)))
            }
            Step::Wait(mut work, error_text) => match timeout(EVERY, &mut work).await {
                Err(_) => Some((Ok(Bytes::from_static(b" ")), Step::Wait(work, error_text))),
                Ok(outcome) => {
                    let document = outcome.unwrap_or_else(|error| error_text(&error));
                    let rest = document.strip_prefix(DECLARATION).unwrap_or(&document);
                    Some((Ok(Bytes::copy_from_slice(rest.as_bytes())), Step::End))
                }
            },
            Step::End => None,
        }
    });
    let mut response = Response::new(Body::open(Box::pin(steps)));
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, response::XML);
    Ok(response)
}
