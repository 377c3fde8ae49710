//! Compare-and-swap that survives lost answers.
//!
//! A conditional write can end without an answer. Reading back tells: our bytes are there (stored),
//! the old state is there (try again: the condition protects us from ourselves), or something else is
//! there, which only the caller can judge, knowing what its value would have led to.

use bytes::Bytes;
use lakefs_kv::{KvError, Predicate, SetIfOutcome};

use crate::engine::Inner;
use crate::{Error, Result};

/// How often a write without an answer is tried again before giving up.
const MAX_UNANSWERED: u32 = 3;

/// How a compare-and-swap ended.
#[derive(Debug)]
#[must_use]
pub(crate) enum Cas {
    /// The value is stored.
    Stored,
    /// The condition did not hold; nothing was written.
    Mismatch,
    /// No answer came, and by now something else is there: ours may have been in between.
    Unclear,
}

impl Inner {
    /// The value under a key.
    pub(crate) async fn kv_get(&self, partition: &str, key: &[u8]) -> Result<Option<Bytes>> {
        self.parts
            .kv
            .get(partition.as_bytes(), key)
            .await
            .map_err(Error::Kv)
    }

    /// Stores a value if the condition holds; resolves lost answers as far as the bytes tell.
    pub(crate) async fn cas(
        &self,
        partition: &[u8],
        key: &[u8],
        value: &[u8],
        predicate: Predicate<'_>,
    ) -> Result<Cas> {
        let kv = &self.parts.kv;
        let mut unanswered = 0;
        loop {
            match kv.set_if(partition, key, value, predicate).await {
                Ok(SetIfOutcome::Stored) => return Ok(Cas::Stored),
                Ok(SetIfOutcome::Mismatch) if unanswered == 0 => return Ok(Cas::Mismatch),
                Ok(SetIfOutcome::Mismatch) => {}
                Err(error @ KvError::Indeterminate { .. }) => {
                    unanswered += 1;
                    if unanswered > MAX_UNANSWERED {
                        return Err(Error::Kv(error));
                    }
                }
                Err(error) => return Err(Error::Kv(error)),
            }
            let current = kv.get(partition, key).await.map_err(Error::Kv)?;
            if current.as_deref() == Some(value) {
                return Ok(Cas::Stored);
            }
            let unchanged = match predicate {
                Predicate::Absent => current.is_none(),
                Predicate::Exists => current.is_some(),
                Predicate::Value(expected) => current.as_deref() == Some(expected),
            };
            if !unchanged {
                return Ok(Cas::Unclear);
            }
        }
    }
}
