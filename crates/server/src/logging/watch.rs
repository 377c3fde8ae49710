//! Follows `logging.level` of the configuration file while the server runs. Nothing else is re-read:
//! every other key is part of how the server was put together.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lakefs_runtime::{TaskScope, spawn_blocking};

use super::Logging;
use crate::settings::level_in_file;

const INTERVAL: Duration = Duration::from_secs(2);

/// Looks at the file now and then until the server stops.
pub(crate) async fn watch_level(file: PathBuf, logging: Logging, tasks: TaskScope) {
    let mut seen = modified(&file);
    loop {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = tasks.stopping() => return,
        }
        let path = file.clone();
        let now = spawn_blocking(move || modified(&path)).await;
        if now == seen {
            continue;
        }
        seen = now;
        match level_in_file(&file) {
            Some(level) => {
                logging.set_level(&level);
                tracing::info!(level, "configuration file changed: logging.level applied");
            }
            None => {
                tracing::warn!("configuration file changed and cannot be used: nothing applied");
            }
        }
    }
}

fn modified(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).ok()?.modified().ok()
}
