//! Bodies that are sent as they arrive, and hashed on the way. One is sent again as long as nothing was sent
//! but its beginning, which is kept: a connection that the service had given up, or a service that is
//! busy, shows there.

use std::sync::Arc;

use bytes::Bytes;
use lakefs_runtime::spawn_blocking;
use md5::{Digest as _, Md5};
use tokio::sync::Mutex;

use crate::{BlockError, BodyReader, ByteStream, PutOptions};

/// Above this a digest goes to the blocking pool; below, the trip costs more.
pub(super) const INLINE_DIGEST: usize = 64 << 10;

/// A body of declared length on its way from a client to the service.
#[derive(Clone)]
pub(super) struct Arriving {
    state: Arc<Mutex<State>>,
    length: u64,
}

struct State {
    beginning: Vec<Bytes>,
    reader: BodyReader,
    options: PutOptions,
    /// Which sending this is; an earlier one that is still being given up gets nothing any more.
    turn: u32,
    /// Chunks of the beginning that this one has sent, and bytes of all.
    chunks: usize,
    sent: u64,
    /// Whether more than the beginning was sent.
    gone: bool,
    md5: Md5,
    digest: Option<[u8; 16]>,
    error: Option<BlockError>,
}

impl Arriving {
    /// A body of which the beginning is in memory, and the rest is to be read.
    pub(super) fn new(
        beginning: Vec<Bytes>,
        reader: BodyReader,
        length: u64,
        options: &PutOptions,
    ) -> Self {
        let state = State {
            beginning,
            reader,
            options: options.clone(),
            turn: 0,
            chunks: 0,
            sent: 0,
            gone: false,
            md5: Md5::new(),
            digest: None,
            error: None,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            length,
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Whether only its beginning was sent. Somebody who waits for more of it is past that.
    pub(super) fn can_begin_again(&self) -> bool {
        self.state
            .try_lock()
            .is_ok_and(|state| !state.gone && state.error.is_none())
    }

    /// The bytes from the start; `None` where they cannot be had again.
    pub(super) fn stream(&self) -> Option<ByteStream> {
        let mut state = self.state.try_lock().ok()?;
        if state.gone || state.error.is_some() {
            return None;
        }
        state.turn += 1;
        (state.chunks, state.sent) = (0, 0);
        state.md5 = Md5::new();
        state.digest = None;
        let begun = (Arc::clone(&self.state), state.turn, self.length);
        Some(Box::pin(futures_util::stream::try_unfold(
            begun,
            |(state, turn, length)| async move {
                let chunk = state.lock().await.next(turn, length).await?;
                Ok(chunk.map(|chunk| (chunk, (state, turn, length))))
            },
        )))
    }

    /// What was wrong with the body itself. The transport tells that it failed, but not why.
    pub(super) async fn error(&self) -> Option<BlockError> {
        self.state.lock().await.error.take()
    }

    /// MD5 of the body; `None` unless all of it was sent.
    pub(super) async fn digest(&self) -> Option<[u8; 16]> {
        self.state.lock().await.digest
    }
}

impl State {
    async fn next(&mut self, turn: u32, length: u64) -> Result<Option<Bytes>, BlockError> {
        if turn != self.turn {
            return Err(BlockError::Body("the body is being sent again".into()));
        }
        self.take(length).await.map_err(|error| {
            self.error = Some(error);
            BlockError::Body("the body to send failed".into())
        })
    }

    async fn take(&mut self, length: u64) -> Result<Option<Bytes>, BlockError> {
        let chunk = if let Some(kept) = self.beginning.get(self.chunks) {
            self.chunks += 1;
            kept.clone()
        } else {
            let next = self.reader.next().await?;
            self.gone = true;
            match next {
                Some(chunk) => chunk,
                None => return Ok(None),
            }
        };
        self.hash(&chunk).await;
        self.sent += chunk.len() as u64;
        // With its last chunk the request is complete and the object exists, so whatever is wrong with the
        // body must be known before: that it goes on, fails at its end, or is another one.
        if self.sent == length {
            self.gone = true;
            self.reader.expect_end().await?;
            let digest = self.md5.clone().finalize().into();
            self.options.check_md5(digest)?;
            self.digest = Some(digest);
        }
        Ok(Some(chunk))
    }

    async fn hash(&mut self, chunk: &Bytes) {
        if chunk.len() <= INLINE_DIGEST {
            self.md5.update(chunk);
            return;
        }
        let (mut md5, chunk) = (std::mem::take(&mut self.md5), chunk.clone());
        self.md5 = spawn_blocking(move || {
            md5.update(&chunk);
            md5
        })
        .await;
    }
}
