//! Request bodies and reading answers within a limit.

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, LengthLimitError, Limited};
use hyper::body::Incoming;

/// What a request sends: fixed bytes or a stream.
pub(crate) type RequestBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// No body.
pub(crate) fn empty_body() -> RequestBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body of bytes at hand.
pub(crate) fn bytes_body(bytes: Bytes) -> RequestBody {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Reads a whole answer of at most `limit` bytes, or says what went wrong.
pub(crate) async fn collect(body: Incoming, limit: usize) -> Result<Vec<u8>, String> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(format!("the answer is longer than {limit} bytes"))
        }
        Err(error) => Err(super::transport::cause_of(error.as_ref())),
    }
}
