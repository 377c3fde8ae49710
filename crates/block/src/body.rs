//! Reading a body to its end and holding it to its declared length.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use crate::{BlockError, ByteStream, GetOutcome, PutBody};

/// Gives the chunks of a [`PutBody`] and fails with [`BlockError::BodyLength`] when it is shorter or longer
/// than it said.
pub struct BodyReader {
    stream: ByteStream,
    length: Option<u64>,
    received: u64,
    finished: bool,
    pushed_back: VecDeque<Bytes>,
}

impl std::fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyReader")
            .field("length", &self.length)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

impl BodyReader {
    /// Starts reading.
    pub fn new(body: PutBody) -> Self {
        Self {
            stream: body.stream,
            length: body.length,
            received: 0,
            finished: false,
            pushed_back: VecDeque::new(),
        }
    }

    /// The declared length, where there is one.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    fn wrong_length(&self, declared: u64) -> BlockError {
        BlockError::BodyLength {
            declared,
            received: self.received,
        }
    }

    /// The next chunk, never empty; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BlockError> {
        if let Some(chunk) = self.pushed_back.pop_front() {
            return Ok(Some(chunk));
        }
        while !self.finished {
            let Some(chunk) = self.stream.next().await else {
                self.finished = true;
                if let Some(length) = self.length
                    && self.received != length
                {
                    return Err(self.wrong_length(length));
                }
                break;
            };
            let chunk = chunk?;
            self.received += chunk.len() as u64;
            if let Some(length) = self.length
                && self.received > length
            {
                return Err(self.wrong_length(length));
            }
            if !chunk.is_empty() {
                return Ok(Some(chunk));
            }
        }
        Ok(None)
    }

    /// Fails unless all has been read and the stream ends here as it should.
    pub async fn expect_end(&mut self) -> Result<(), BlockError> {
        match self.next().await? {
            None => Ok(()),
            Some(_) => Err(self.wrong_length(self.received)),
        }
    }

    /// Chunks of together at least `target` bytes, or all that is left. The last chunk is cut so that
    /// no batch exceeds `target` by more than nothing: batches are exactly `target` long but the last.
    pub async fn batch(&mut self, target: usize) -> Result<Vec<Bytes>, BlockError> {
        let mut chunks = Vec::new();
        let mut total = 0;
        while total < target {
            let Some(mut chunk) = self.next().await? else {
                break;
            };
            let room = target - total;
            if chunk.len() > room {
                self.pushed_back.push_front(chunk.split_off(room));
            }
            total += chunk.len();
            chunks.push(chunk);
        }
        Ok(chunks)
    }
}

impl GetOutcome {
    /// The whole of the stream in memory, which must be at most `limit` bytes long.
    pub async fn collect(self, limit: u64) -> Result<Bytes, BlockError> {
        if self.length > limit {
            return Err(BlockError::InvalidRequest {
                reason: format!("object of {} bytes exceeds {limit} bytes", self.length),
            });
        }
        let mut stream = self.stream;
        let Some(first) = stream.next().await.transpose()? else {
            return Ok(Bytes::new());
        };
        let Some(second) = stream.next().await.transpose()? else {
            return Ok(first);
        };
        let capacity = usize::try_from(self.length).unwrap_or(0);
        let mut all = BytesMut::with_capacity(capacity.max(first.len() + second.len()));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while let Some(chunk) = stream.next().await.transpose()? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(chunks: &'static [&'static [u8]], length: Option<u64>) -> BodyReader {
        let chunks = chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk)));
        BodyReader::new(PutBody {
            stream: Box::pin(futures_util::stream::iter(chunks)),
            length,
        })
    }

    #[tokio::test]
    async fn batches_are_exact_but_the_last() {
        let mut reader = body(&[b"abc", b"", b"defgh", b"i"], Some(9));
        let mut sizes = Vec::new();
        loop {
            let batch = reader.batch(4).await.unwrap();
            if batch.is_empty() {
                break;
            }
            sizes.push(batch.iter().map(Bytes::len).sum::<usize>());
        }
        assert_eq!(sizes, [4, 4, 1]);
        assert_eq!(reader.received(), 9);
    }

    #[tokio::test]
    async fn a_body_of_another_length_is_refused() {
        for (length, chunks) in [(4, &[b"abc" as &[u8]]), (2, &[b"abc" as &[u8]])] {
            let mut reader = body(chunks, Some(length));
            let outcome = async {
                while reader.next().await?.is_some() {}
                Ok::<_, BlockError>(())
            };
            assert!(matches!(
                outcome.await,
                Err(BlockError::BodyLength { declared, received: 3 }) if declared == length
            ));
        }
    }
}
