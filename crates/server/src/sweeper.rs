//! The background job that deals with abandoned uploads in parts (docs/design/0011-multipart.md). Every
//! server of an installation runs it; what one has done the others find done.

use std::sync::Arc;
use std::time::Duration;

use lakefs_runtime::TaskScope;
use lakefs_service::Service;

use crate::metrics::Metrics;

/// The first sweep comes soon, for servers that do not run long, but not among the first requests.
const FIRST: Duration = Duration::from_mins(2);
const EVERY: Duration = Duration::from_hours(1);

/// Sweeps uploads older than `lifetime` until the scope stops.
pub(crate) async fn sweep_until_stopped(
    service: Service,
    tasks: TaskScope,
    metrics: Arc<Metrics>,
    lifetime: Duration,
) {
    let mut wait = FIRST;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = tasks.stopping() => return,
        }
        wait = EVERY;
        let outcome = tokio::select! {
            outcome = service.sweep_uploads(lifetime) => outcome,
            // Each step may be dropped; the next server goes on.
            () = tasks.stopping() => return,
        };
        match outcome {
            Ok(outcome) => {
                metrics.uploads_swept(&outcome);
                tracing::info!(
                    in_progress = outcome.seen,
                    aborted = outcome.aborted,
                    tidied = outcome.tidied,
                    forgotten = outcome.forgotten,
                    failed = outcome.failed,
                    "swept uploads in parts"
                );
            }
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "uploads in parts were not swept"
            ),
        }
    }
}
