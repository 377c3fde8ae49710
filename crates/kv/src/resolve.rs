//! Finds out how a conditional write ended whose answer was lost.

use crate::{KvError, KvStore, Predicate, SetIfOutcome};

/// How often the question is asked anew.
const TRIES: u32 = 5;

/// What reading back says about a write of unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadBack {
    /// Our value is there.
    Stored,
    /// The condition still holds: not done (yet).
    NotDone,
    /// Something else is there.
    Lost,
}

/// Decides from what is stored now.
fn decide_read_back(current: Option<&[u8]>, value: &[u8], predicate: Predicate<'_>) -> ReadBack {
    if current == Some(value) {
        ReadBack::Stored
    } else if predicate.holds(current) {
        ReadBack::NotDone
    } else {
        ReadBack::Lost
    }
}

/// [`KvStore::set_if`] that resolves [`KvError::Indeterminate`] by reading back and, where the write
/// did not happen, trying again.
///
/// `value` must be one that nobody else writes under this key (it holds a fresh identifier, say).
/// When somebody overwrote our value before it was read back, the answer is `Mismatch` although the
/// write had happened: callers for whom that matters look for their mark in what is stored.
///
/// # Errors
/// Those of the store; [`KvError::Indeterminate`] only if it kept losing answers.
pub async fn set_if_resolved(
    store: &dyn KvStore,
    partition: &[u8],
    key: &[u8],
    value: &[u8],
    predicate: Predicate<'_>,
) -> Result<SetIfOutcome, KvError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let lost = match store.set_if(partition, key, value, predicate).await {
            Err(lost @ KvError::Indeterminate { .. }) => lost,
            // A second try that finds our own first one in its way has succeeded.
            Ok(SetIfOutcome::Mismatch) if tries > 1 => {
                let current = store.get(partition, key).await?;
                if current.as_deref() == Some(value) {
                    return Ok(SetIfOutcome::Stored);
                }
                return Ok(SetIfOutcome::Mismatch);
            }
            answered => return answered,
        };
        // The outcome stays unknown, whatever the reason that it cannot be read back.
        let Ok(current) = store.get(partition, key).await else {
            return Err(lost);
        };
        match decide_read_back(current.as_deref(), value, predicate) {
            ReadBack::Stored => return Ok(SetIfOutcome::Stored),
            ReadBack::Lost => return Ok(SetIfOutcome::Mismatch),
            ReadBack::NotDone if tries < TRIES => {}
            ReadBack::NotDone => return Err(lost),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::MemKv;
    use crate::testing::{Fault, FaultyKv};

    #[tokio::test]
    async fn lost_answers_are_resolved_either_way() {
        for fault in [Fault::After, Fault::LostBefore] {
            let store = FaultyKv::new(Arc::new(MemKv::new()));
            for predicate in [Predicate::Absent, Predicate::Value(b"v"), Predicate::Exists] {
                let value = format!("{predicate:?}");
                let value: &[u8] = match predicate {
                    Predicate::Absent => b"v",
                    _ => value.as_bytes(),
                };
                store.fail_at(0, fault);
                let outcome = set_if_resolved(&store, b"p", b"k", value, predicate).await;
                assert_eq!(outcome.unwrap(), SetIfOutcome::Stored);
                assert_eq!(store.get(b"p", b"k").await.unwrap().unwrap(), value);
            }
        }
    }

    #[tokio::test]
    async fn a_failed_condition_stays_one() {
        let store = FaultyKv::new(Arc::new(MemKv::new()));
        store.set(b"p", b"k", b"theirs").await.unwrap();
        store.fail_at(0, Fault::After);
        let outcome = set_if_resolved(&store, b"p", b"k", b"ours", Predicate::Absent).await;
        assert_eq!(outcome.unwrap(), SetIfOutcome::Mismatch);
        assert_eq!(store.get(b"p", b"k").await.unwrap().unwrap(), "theirs");
    }

    #[test]
    fn reading_back_tells_ours_from_theirs() {
        let decide = |current| decide_read_back(current, b"ours", Predicate::Value(b"old"));
        assert_eq!(decide(Some(b"ours")), ReadBack::Stored);
        assert_eq!(decide(Some(b"old")), ReadBack::NotDone);
        assert_eq!(decide(Some(b"theirs")), ReadBack::Lost);
        assert_eq!(decide(None), ReadBack::Lost);
    }
}
