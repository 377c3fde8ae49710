//! Staging partitions that no branch refers to any more: remembered in the key-value store, emptied in
//! the background.
//!
//! A dropped partition may still be read by requests that began before it was dropped: they took the
//! branch record that named it. Inside this server it is emptied only after the last of them ended
//! ([`Readers`]). The record of it is written first, so that a server that stops in between (or lakeFS)
//! finishes the work; [`Engine::start`](crate::Engine::start) looks for such leftovers, which the
//! reference server does not.

use std::sync::Arc;
use std::time::Duration;

use lakefs_kv::{Pace, Write};
use lakefs_types::StagingToken;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::engine::{Engine, Inner};
use crate::records::{CLEANUP, CLEANUP_VALUE};
use crate::{Error, Result};

/// Records of dropped partitions read at a time.
const CLEANUP_PAGE: usize = 512;
/// More dropped partitions than this are too much garbage to take one's time over.
const BACKLOG: usize = 4;
/// How often the end of reads under way is looked for.
const READERS_POLL: Duration = Duration::from_millis(20);
/// Pause after a failed round.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// Who reads uncommitted changes right now.
#[derive(Debug, Default)]
pub(crate) struct Readers(Mutex<Arc<()>>);

/// A read under way.
#[derive(Debug)]
#[must_use]
pub(crate) struct Reading {
    _generation: Arc<()>,
}

impl Readers {
    /// Begins a read. Hold it from before the branch record is read until the end.
    pub(crate) fn begin(&self) -> Reading {
        Reading {
            _generation: Arc::clone(&self.0.lock()),
        }
    }

    /// Waits until all reads that are under way now have ended.
    async fn drain(&self) {
        let before = std::mem::take(&mut *self.0.lock());
        let before = Arc::downgrade(&{ before });
        while before.strong_count() > 0 {
            tokio::time::sleep(READERS_POLL).await;
        }
    }
}

/// Wakes the loop that empties partitions.
#[derive(Debug, Default)]
pub(crate) struct Cleaner(Notify);

impl Cleaner {
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }
}

impl Engine {
    /// Gives up staging partitions that the branch record no longer names. Returns at once; a crash
    /// before the record of it is written leaves unreachable entries and nothing worse.
    pub(crate) fn drop_tokens(&self, tokens: Vec<StagingToken>) {
        if tokens.is_empty() {
            return;
        }
        let engine = self.clone();
        self.0.parts.tasks.spawn(async move {
            match engine.0.record_dropped(&tokens).await {
                Ok(()) => engine.0.cleaner.wake(),
                Err(error) => {
                    tracing::warn!(%error, ?tokens, "dropped uncommitted changes stay in the store");
                }
            }
        });
    }

    /// The loop that empties dropped partitions: once at the start, then whenever some were dropped.
    pub(crate) async fn clean_until_stopped(self) {
        let tasks = self.0.parts.tasks.clone();
        loop {
            let round = tokio::select! {
                round = self.clean_dropped() => round,
                () = tasks.stopping() => return,
            };
            if let Err(error) = &round {
                tracing::warn!(%error, "emptying dropped staging partitions failed; trying again");
            }
            tokio::select! {
                () = self.0.cleaner.0.notified() => {}
                () = tokio::time::sleep(RETRY_PAUSE), if round.is_err() => {}
                () = tasks.stopping() => return,
            }
        }
    }

    /// Empties every partition that is recorded as dropped. Answers how many.
    pub async fn clean_dropped(&self) -> Result<usize> {
        let kv = &self.0.parts.kv;
        let mut cleaned = 0;
        loop {
            let dropped = kv
                .scan(CLEANUP, b"", CLEANUP_PAGE)
                .await
                .map_err(Error::Kv)?;
            if dropped.is_empty() {
                return Ok(cleaned);
            }
            self.0.readers.drain().await;
            let pace = if dropped.len() > BACKLOG {
                Pace::Brisk
            } else {
                Pace::Leisurely
            };
            for (token, _) in dropped.iter() {
                kv.clear_partition(token, pace).await.map_err(Error::Kv)?;
            }
            let deletions: Vec<_> = dropped
                .iter()
                .map(|(key, _)| Write::Delete { key })
                .collect();
            kv.write_batch(CLEANUP, &deletions)
                .await
                .map_err(Error::Kv)?;
            cleaned += deletions.len();
        }
    }
}

impl Inner {
    /// Writes down that partitions are to be emptied.
    pub(crate) async fn record_dropped(&self, tokens: &[StagingToken]) -> Result<()> {
        let records: Vec<_> = tokens
            .iter()
            .map(|token| Write::Set {
                key: token.as_str().as_bytes(),
                value: CLEANUP_VALUE,
            })
            .collect();
        self.parts
            .kv
            .write_batch(CLEANUP, &records)
            .await
            .map_err(Error::Kv)
    }
}
