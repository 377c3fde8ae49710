//! Fails chosen calls of another store, before or after they took effect, and counts all calls.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;

use crate::{KvError, KvStore, Pace, Predicate, ScanPage, SetIfOutcome, Write};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// [`KvError::Unavailable`]; nothing was done.
    Before,
    /// It was done, the answer is lost: [`KvError::Indeterminate`] from `set_if`,
    /// [`KvError::Unavailable`] from the others.
    After,
    /// It was not done but nobody can tell: [`KvError::Indeterminate`] from `set_if`,
    /// [`KvError::Unavailable`] from the others.
    LostBefore,
}

/// Calls made so far, by operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each field counts the operation it is named after"
)]
pub struct KvCalls {
    pub get: u64,
    pub set: u64,
    pub set_if: u64,
    pub delete: u64,
    pub scan: u64,
    pub write_batch: u64,
    pub clear_partition: u64,
    pub ping: u64,
}

impl KvCalls {
    /// All calls but `ping`.
    pub fn total(&self) -> u64 {
        self.reads() + self.writes()
    }

    /// `get` and `scan`.
    pub fn reads(&self) -> u64 {
        self.get + self.scan
    }

    /// Calls that change the store.
    pub fn writes(&self) -> u64 {
        self.set + self.set_if + self.delete + self.write_batch + self.clear_partition
    }
}

#[derive(Debug, Default)]
struct State {
    calls: KvCalls,
    /// Calls left until the planned fault, and the fault; 0 is the next call.
    planned: Option<(u64, Fault)>,
    fired: bool,
    down: bool,
}

/// A store whose calls can be made to fail.
#[derive(Debug)]
pub struct FaultyKv {
    inner: Arc<dyn KvStore>,
    state: Mutex<State>,
}

impl FaultyKv {
    /// Wraps a store; nothing fails until told to.
    pub fn new(inner: Arc<dyn KvStore>) -> Self {
        Self {
            inner,
            state: Mutex::default(),
        }
    }

    /// Lets the `nth` call from now fail (0 is the next one; `ping` does not count). Replaces an
    /// earlier plan.
    pub fn fail_at(&self, nth: u64, fault: Fault) {
        let mut state = self.state.lock();
        state.planned = Some((nth, fault));
        state.fired = false;
    }

    /// Forgets the planned fault.
    pub fn heal(&self) {
        self.state.lock().planned = None;
    }

    /// Whether the planned fault happened. A loop over `fail_at(0..)` ends when it did not.
    pub fn fired(&self) -> bool {
        self.state.lock().fired
    }

    /// Makes every call, `ping` included, fail with [`KvError::Unavailable`] until set back.
    pub fn set_down(&self, down: bool) {
        self.state.lock().down = down;
    }

    /// Calls since the start or the last [`FaultyKv::reset_calls`].
    pub fn calls(&self) -> KvCalls {
        self.state.lock().calls
    }

    /// Starts counting anew.
    pub fn reset_calls(&self) {
        self.state.lock().calls = KvCalls::default();
    }

    fn enter(
        &self,
        operation: &'static str,
        count: impl FnOnce(&mut KvCalls),
    ) -> Result<Option<Fault>, KvError> {
        let mut state = self.state.lock();
        count(&mut state.calls);
        if state.down {
            return Err(unavailable(operation));
        }
        match &mut state.planned {
            Some((0, fault)) => {
                let fault = *fault;
                state.planned = None;
                state.fired = true;
                Ok(Some(fault))
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(None)
            }
            None => Ok(None),
        }
    }

    async fn idempotent<T>(
        &self,
        operation: &'static str,
        count: impl FnOnce(&mut KvCalls) + Send,
        call: impl Future<Output = Result<T, KvError>> + Send,
    ) -> Result<T, KvError> {
        match self.enter(operation, count)? {
            None => call.await,
            Some(Fault::After) => {
                drop(call.await?);
                Err(unavailable(operation))
            }
            Some(Fault::Before | Fault::LostBefore) => Err(unavailable(operation)),
        }
    }
}

fn unavailable(operation: &'static str) -> KvError {
    KvError::Unavailable {
        operation,
        source: "injected fault".into(),
    }
}

fn indeterminate(operation: &'static str) -> KvError {
    KvError::Indeterminate {
        operation,
        source: "injected fault".into(),
    }
}

#[async_trait]
impl KvStore for FaultyKv {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    async fn get(&self, partition: &[u8], key: &[u8]) -> Result<Option<Bytes>, KvError> {
        self.idempotent(
            "get",
            |calls| calls.get += 1,
            self.inner.get(partition, key),
        )
        .await
    }

    async fn set(&self, partition: &[u8], key: &[u8], value: &[u8]) -> Result<(), KvError> {
        let call = self.inner.set(partition, key, value);
        self.idempotent("set", |calls| calls.set += 1, call).await
    }

    async fn set_if(
        &self,
        partition: &[u8],
        key: &[u8],
        value: &[u8],
        predicate: Predicate<'_>,
    ) -> Result<SetIfOutcome, KvError> {
        const OPERATION: &str = "set_if";
        match self.enter(OPERATION, |calls| calls.set_if += 1)? {
            None => self.inner.set_if(partition, key, value, predicate).await,
            Some(Fault::Before) => Err(unavailable(OPERATION)),
            Some(Fault::LostBefore) => Err(indeterminate(OPERATION)),
            Some(Fault::After) => {
                let _: SetIfOutcome = self.inner.set_if(partition, key, value, predicate).await?;
                Err(indeterminate(OPERATION))
            }
        }
    }

    async fn delete(&self, partition: &[u8], key: &[u8]) -> Result<(), KvError> {
        let call = self.inner.delete(partition, key);
        self.idempotent("delete", |calls| calls.delete += 1, call)
            .await
    }

    async fn scan(
        &self,
        partition: &[u8],
        start: &[u8],
        limit: usize,
    ) -> Result<ScanPage, KvError> {
        let call = self.inner.scan(partition, start, limit);
        self.idempotent("scan", |calls| calls.scan += 1, call).await
    }

    async fn write_batch(&self, partition: &[u8], writes: &[Write<'_>]) -> Result<(), KvError> {
        let call = self.inner.write_batch(partition, writes);
        self.idempotent("write_batch", |calls| calls.write_batch += 1, call)
            .await
    }

    async fn clear_partition(&self, partition: &[u8], pace: Pace) -> Result<(), KvError> {
        let call = self.inner.clear_partition(partition, pace);
        self.idempotent("clear_partition", |calls| calls.clear_partition += 1, call)
            .await
    }

    async fn ping(&self) -> Result<(), KvError> {
        let down = {
            let mut state = self.state.lock();
            state.calls.ping += 1;
            state.down
        };
        if down {
            return Err(unavailable("ping"));
        }
        self.inner.ping().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemKv;

    #[tokio::test]
    async fn an_undisturbed_wrapper_keeps_the_contract_and_counts() {
        let store = Arc::new(FaultyKv::new(Arc::new(MemKv::new())));
        store.set(b"p", b"k", b"v").await.unwrap();
        store.get(b"p", b"k").await.unwrap();
        assert_eq!(
            store.calls(),
            KvCalls {
                get: 1,
                set: 1,
                ..KvCalls::default()
            }
        );
        crate::conformance::run(store).await;
    }

    #[tokio::test]
    async fn faults_hit_the_chosen_call_before_or_after_its_effect() {
        let store = FaultyKv::new(Arc::new(MemKv::new()));
        store.fail_at(1, Fault::After);
        store.set(b"p", b"a", b"1").await.unwrap();
        assert!(!store.fired());
        let lost = store.set_if(b"p", b"b", b"2", Predicate::Absent).await;
        assert!(matches!(lost, Err(KvError::Indeterminate { .. })));
        assert!(store.fired());
        assert_eq!(store.get(b"p", b"b").await.unwrap().unwrap(), "2");

        store.fail_at(0, Fault::LostBefore);
        let lost = store.set_if(b"p", b"c", b"3", Predicate::Absent).await;
        assert!(matches!(lost, Err(KvError::Indeterminate { .. })));
        store.fail_at(0, Fault::Before);
        let refused = store.set(b"p", b"c", b"3").await;
        assert!(matches!(refused, Err(KvError::Unavailable { .. })));
        assert_eq!(store.get(b"p", b"c").await.unwrap(), None);

        store.set_down(true);
        assert!(store.ping().await.is_err());
        assert!(store.get(b"p", b"a").await.is_err());
        store.set_down(false);
        assert!(store.ping().await.is_ok());
    }
}
