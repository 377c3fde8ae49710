//! Reading objects: one request, whose stream continues with another from where a connection broke.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::client::{Call, Tries};
use super::failure::Failure;
use super::{S3BlockStore, etag};
use crate::{BlockError, ByteRange, GetOutcome, Location};

pub(super) async fn get(
    store: &S3BlockStore,
    location: &Location,
    range: Option<ByteRange>,
) -> Result<GetOutcome, BlockError> {
    let address = S3BlockStore::address(location);
    let nothing = |size| BlockError::RangeNotSatisfiable {
        address: address.clone(),
        size,
    };
    // What no service should be asked, because they disagree on the answer.
    let impossible = match range {
        Some(ByteRange::Suffix { length: 0 }) => true,
        Some(ByteRange::Bounded { start, end }) => start > end,
        _ => false,
    };
    if impossible {
        let size = store.head_size(location).await?;
        return Err(nothing(size));
    }
    let mut call = Call::new(Method::GET, location);
    if let Some(range) = range {
        call = call.header("range", &range.header())?;
    }
    let answer = match store.client().send(call).await {
        Ok(answer) => answer,
        Err(Failure::Refused(refusal)) if refusal.status == StatusCode::RANGE_NOT_SATISFIABLE => {
            return Err(nothing(store.head_size(location).await?));
        }
        Err(failure) => return Err(failure.into_error("get", &address)),
    };
    let (head, body) = answer.into_parts();
    let malformed = |what: &'static str| BlockError::Unavailable {
        operation: "get",
        address: address.clone(),
        source: what.into(),
    };
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let length: u64 = text("content-length")
        .and_then(|length| length.parse().ok())
        .ok_or_else(|| malformed("the answer has no length"))?;
    let (start, size) = match (head.status, range) {
        (StatusCode::PARTIAL_CONTENT, Some(_)) => text("content-range")
            .and_then(content_range)
            .filter(|(start, end, size)| end.checked_sub(*start) == Some(length) && end <= size)
            .map(|(start, _, size)| (start, size))
            .ok_or_else(|| malformed("the answer's range is not understood"))?,
        // Some services answer a range of an empty or a whole object with all of it.
        (_, Some(range)) => match range.resolve(length) {
            Some((0, all)) if all == length => (0, length),
            Some(_) => return Err(malformed("the service ignores ranges")),
            None => return Err(nothing(length)),
        },
        _ => (0, length),
    };
    let tail = Tail {
        store: store.clone(),
        location: location.clone(),
        etag: etag(&head.headers),
        position: start,
        end: start + length,
        body: Some(body),
    };
    let stream = futures_util::stream::try_unfold(tail, |mut tail| async move {
        let chunk = tail.next().await?;
        Ok(chunk.map(|chunk| (chunk, tail)))
    });
    Ok(GetOutcome {
        size,
        start,
        length,
        stream: Box::pin(stream),
    })
}

/// First byte, byte after the last, and size of `bytes 0-9/100`.
fn content_range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let end = end.parse::<u64>().ok()?.checked_add(1)?;
    Some((start.parse().ok()?, end, size.parse().ok()?))
}

/// What is left to read of an object.
struct Tail {
    store: S3BlockStore,
    location: Location,
    etag: Option<String>,
    position: u64,
    end: u64,
    body: Option<Incoming>,
}

impl Tail {
    async fn next(&mut self) -> Result<Option<Bytes>, BlockError> {
        // Counted from the first failure: a stream that stalled goes on through another connection.
        let mut tries = None;
        while self.position < self.end {
            let failure = match self.body.take() {
                Some(body) => match self.read(body).await {
                    Ok(chunk) => return Ok(Some(chunk)),
                    Err(failure) => failure,
                },
                None => match self.resume().await {
                    Ok(body) => {
                        self.body = Some(body);
                        continue;
                    }
                    Err(failure) => failure,
                },
            };
            // Without an entity tag nobody knows that it is still the same object.
            let again = failure.is_transient() && self.etag.is_some();
            let tries = tries.get_or_insert_with(Tries::begin);
            if !again || !self.store.client().back_off(tries).await {
                let address = S3BlockStore::address(&self.location);
                return Err(failure.into_error("get", &address));
            }
        }
        Ok(None)
    }

    async fn read(&mut self, mut body: Incoming) -> Result<Bytes, Failure> {
        let limit: Duration = self.store.client().timeout;
        loop {
            let frame = tokio::time::timeout(limit, body.frame()).await;
            let frame = frame.map_err(|_| Failure::Transport("the stream stalled".into()))?;
            let Some(frame) = frame else {
                return Err(Failure::Transport("the stream ended early".into()));
            };
            let frame = frame.map_err(|error| Failure::Transport(Box::new(error)))?;
            let Ok(mut chunk) = frame.into_data() else {
                continue;
            };
            if chunk.is_empty() {
                continue;
            }
            let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
            chunk.truncate(left);
            self.position += chunk.len() as u64;
            self.body = Some(body);
            return Ok(chunk);
        }
    }

    /// Asks for the rest, of exactly the object that was begun.
    async fn resume(&self) -> Result<Incoming, Failure> {
        let range = ByteRange::Bounded {
            start: self.position,
            end: self.end - 1,
        };
        let mut call = Call::new(Method::GET, &self.location)
            .once()
            .header("range", &range.header())
            .map_err(Failure::Body)?;
        if let Some(etag) = &self.etag {
            call = call
                .header("if-match", &format!("\"{etag}\""))
                .map_err(Failure::Body)?;
        }
        let answer = self.store.client().send(call).await?;
        let (head, body) = answer.into_parts();
        let range = head.headers.get("content-range");
        let range = range.and_then(|value| content_range(value.to_str().ok()?));
        match range {
            Some((start, end, _)) if start == self.position && end == self.end => Ok(body),
            _ if head.status == StatusCode::OK && self.position == 0 => Ok(body),
            _ => Err(Failure::Transport(
                "the service does not continue where it was asked to".into(),
            )),
        }
    }
}

impl S3BlockStore {
    async fn head_size(&self, location: &Location) -> Result<u64, BlockError> {
        use crate::BlockStore as _;
        let info = self.head(location).await?;
        info.map(|info| info.size)
            .ok_or_else(|| BlockError::NotFound {
                address: Self::address(location),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::content_range;

    #[test]
    fn content_ranges_are_read() {
        assert_eq!(content_range("bytes 0-9/100"), Some((0, 10, 100)));
        for bad in [
            "",
            "bytes */100",
            "bytes 0-9/*",
            "bytes 0-18446744073709551615/1",
            "0-9/100",
        ] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
    }
}
