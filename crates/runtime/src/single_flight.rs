//! One computation for any number of simultaneous askers.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OnceCell;

/// Joins simultaneous computations of the same key. Nothing is remembered after the last asker left:
/// caching is another layer's work.
#[derive(Debug)]
pub struct SingleFlight<K, V> {
    flights: Mutex<HashMap<K, Arc<OnceCell<V>>>>,
}

impl<K, V> Default for SingleFlight<K, V> {
    fn default() -> Self {
        Self {
            flights: Mutex::new(HashMap::new()),
        }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> SingleFlight<K, V> {
    /// The value of `key`, computed once for all who ask while it is being computed. When the
    /// computation fails or is dropped, another asker's takes its place.
    #[expect(
        clippy::future_not_send,
        reason = "Send exactly when the computation is"
    )]
    pub async fn run<F, E>(&self, key: K, compute: impl FnOnce() -> F) -> Result<V, E>
    where
        F: Future<Output = Result<V, E>>,
    {
        let cell = Arc::clone(self.flights.lock().entry(key.clone()).or_default());
        let flight = Flight {
            owner: self,
            key,
            cell: Some(cell),
        };
        let cell = flight.cell.as_ref().expect("taken only on drop");
        cell.get_or_try_init(compute).await.cloned()
    }
}

struct Flight<'a, K: Hash + Eq, V> {
    owner: &'a SingleFlight<K, V>,
    key: K,
    cell: Option<Arc<OnceCell<V>>>,
}

impl<K: Hash + Eq, V> Drop for Flight<'_, K, V> {
    fn drop(&mut self) {
        let mut flights = self.owner.flights.lock();
        self.cell.take();
        if flights
            .get(&self.key)
            .is_some_and(|cell| Arc::strong_count(cell) == 1)
        {
            flights.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn simultaneous_askers_share_one_computation() {
        let flight = SingleFlight::<&str, u32>::default();
        let runs = AtomicU32::new(0);
        let ask = || {
            flight.run("k", || async {
                tokio::task::yield_now().await;
                Ok::<_, ()>(runs.fetch_add(1, Ordering::SeqCst))
            })
        };
        let (a, b, c) = tokio::join!(ask(), ask(), ask());
        assert_eq!((a, b, c), (Ok(0), Ok(0), Ok(0)));
        assert_eq!(ask().await, Ok(1));
        assert!(flight.flights.lock().is_empty());
    }

    #[tokio::test]
    async fn a_failure_is_not_shared() {
        let flight = SingleFlight::<&str, u32>::default();
        let fail = flight.run("k", || async { Err("broken") }).await;
        let fine = flight.run("k", || async { Ok::<_, &str>(1) }).await;
        assert_eq!((fail, fine), (Err("broken"), Ok(1)));
    }
}
