//! Background work that has an owner: nothing outlives its scope unnoticed.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Owns the tasks started through it. Clones share one scope.
#[derive(Debug, Clone, Default)]
pub struct TaskScope {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl TaskScope {
    /// A scope with no tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task that goes on when its handle is dropped.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tracker.spawn(task)
    }

    /// Resolves once [`TaskScope::shutdown`] was called; loops select on it.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Whether [`TaskScope::shutdown`] was called.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Asks every task to stop and waits for them. Answers whether all ended within `grace`.
    pub async fn shutdown(&self, grace: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(grace, self.tracker.wait())
            .await
            .is_ok()
    }
}

/// Runs blocking work on the blocking pool.
///
/// # Panics
/// Carries on a panic of the work.
pub async fn spawn_blocking<T, F>(work: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Starts a named operating system thread.
pub fn spawn_thread<T, F>(name: &str, work: F) -> std::io::Result<std::thread::JoinHandle<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shutdown_waits_for_tasks_that_heed_the_stop() {
        let scope = TaskScope::new();
        let inner = scope.clone();
        let task = scope.spawn(async move {
            inner.stopping().await;
            7
        });
        assert!(scope.shutdown(Duration::from_secs(5)).await);
        assert_eq!(task.await.unwrap(), 7);
    }
}
