//! A bounded number of tasks at a time. Dropping it stops them.

use tokio::task::JoinSet;

/// Running tasks, at most a fixed number.
#[derive(Debug)]
pub(crate) struct Workers<T> {
    tasks: JoinSet<T>,
    limit: usize,
}

impl<T: Send + 'static> Workers<T> {
    /// No tasks yet.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            tasks: JoinSet::new(),
            limit: limit.max(1),
        }
    }

    /// Starts a task. When all places are taken it first waits for one to end, and gives its result.
    pub(crate) async fn start(
        &mut self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let finished = if self.tasks.len() >= self.limit {
            self.next().await
        } else {
            None
        };
        self.tasks.spawn(task);
        finished
    }

    /// The result of the next task to end; `None` when none is running.
    pub(crate) async fn next(&mut self) -> Option<T> {
        match self.tasks.join_next().await? {
            Ok(result) => Some(result),
            // Nobody cancels single tasks, so this is a panic, which is ours too.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_cancelled) => None,
            },
        }
    }
}
