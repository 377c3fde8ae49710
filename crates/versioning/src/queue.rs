//! Turns: changes of one branch's head happen one after another inside a server, in the order they
//! asked. It saves work, not correctness: between servers compare-and-swap decides.

use std::collections::HashMap;
use std::sync::Arc;

use lakefs_types::BranchId;
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

type Key = (Arc<str>, BranchId);
type Queues = Arc<Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>>;

/// The queues of all branches that somebody waits for or works on; others take no room.
#[derive(Debug, Default)]
pub(crate) struct BranchQueues(Queues);

/// A place in a branch's queue; leaving it, also by being dropped while waiting, lets the next one in.
#[derive(Debug)]
pub(crate) struct Turn {
    queues: Queues,
    key: Key,
    queue: Option<Arc<tokio::sync::Mutex<()>>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl BranchQueues {
    /// Waits for the branch's turn. First come, first served.
    pub(crate) async fn enter(&self, partition: &Arc<str>, branch: &BranchId) -> Turn {
        let key = (Arc::clone(partition), branch.clone());
        let queue = Arc::clone(self.0.lock().entry(key.clone()).or_default());
        let mut turn = Turn {
            queues: Arc::clone(&self.0),
            key,
            queue: Some(Arc::clone(&queue)),
            guard: None,
        };
        turn.guard = Some(queue.lock_owned().await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut queues = self.queues.lock();
        drop(self.guard.take());
        drop(self.queue.take());
        // The map's own reference is the last one: nobody waits.
        if queues
            .get(&self.key)
            .is_some_and(|queue| Arc::strong_count(queue) == 1)
        {
            queues.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_come_in_order_and_leave_nothing_behind() {
        let queues = BranchQueues::default();
        let partition: Arc<str> = "repo-1".into();
        let branch = BranchId::from_stored("main");
        let order = Mutex::new(Vec::new());
        let first = queues.enter(&partition, &branch).await;
        let wait = |n: u32| {
            let (queues, partition, branch, order) = (&queues, &partition, &branch, &order);
            async move {
                let _turn = queues.enter(partition, branch).await;
                order.lock().push(n);
            }
        };
        let release = async {
            tokio::task::yield_now().await;
            drop(first);
        };
        tokio::join!(wait(1), wait(2), wait(3), release);
        assert_eq!(*order.lock(), [1, 2, 3]);
        assert!(queues.0.lock().is_empty());
    }

    #[tokio::test]
    async fn a_waiter_that_gives_up_leaves_the_queue() {
        let queues = BranchQueues::default();
        let partition: Arc<str> = "repo-1".into();
        let branch = BranchId::from_stored("main");
        let first = queues.enter(&partition, &branch).await;
        {
            let waiting = queues.enter(&partition, &branch);
            tokio::pin!(waiting);
            assert!(futures_util::poll!(&mut waiting).is_pending());
        }
        drop(first);
        assert!(queues.0.lock().is_empty());
    }
}
