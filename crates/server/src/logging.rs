//! Log lines: text or JSON, to any number of outputs, at a level that can change while running.
//!
//! Field names follow lakeFS (`time`, `level`, `msg`, `file`, then the fields of the line), so that
//! what reads its logs reads ours. Libraries below us speak from WARN up, at TRACE freely. Lines are
//! written synchronously: losing the last lines before a crash is worse than a slow terminal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use lakefs_runtime::{Clock as _, SystemClock};
use parking_lot::Mutex;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::request_id::RequestId;
use crate::settings::LoggingSettings;

mod line;
mod output;
mod watch;

use line::Line;
use output::Output;
pub(crate) use watch::watch_level;

/// Where audit lines come from.
const AUDIT: &str = "lakefs::audit";

/// The running logger.
#[derive(Debug, Clone)]
pub(crate) struct Logging {
    threshold: Arc<Threshold>,
}

impl Logging {
    /// Sets up logging for the process.
    pub(crate) fn start(settings: &LoggingSettings) -> std::io::Result<Self> {
        let outputs = settings
            .outputs
            .iter()
            .map(|name| Output::open(name, settings.file_max_bytes, settings.files_keep))
            .collect::<std::io::Result<Vec<_>>>()?;
        let threshold = Arc::new(Threshold::new(parse_level(&settings.level)));
        let layer = Lines {
            threshold: Arc::clone(&threshold),
            audit: parse_level(&settings.audit_level).is_some(),
            json: settings.json,
            outputs: Mutex::new(outputs),
        };
        // Only a second start in one process can fail here; the first logger stays.
        let _already_set =
            tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
        Ok(Self { threshold })
    }

    /// Changes the level of the running logger.
    pub(crate) fn set_level(&self, level: &str) {
        self.threshold.set(parse_level(level));
        tracing::callsite::rebuild_interest_cache();
    }
}

/// A level as the settings name it; `None` is "nothing".
pub(crate) fn parse_level(name: &str) -> Option<Level> {
    match name.to_ascii_uppercase().as_str() {
        "TRACE" => Some(Level::TRACE),
        "DEBUG" => Some(Level::DEBUG),
        "WARN" => Some(Level::WARN),
        "ERROR" => Some(Level::ERROR),
        "NULL" | "NONE" => None,
        _ => Some(Level::INFO),
    }
}

/// The level below which lines are dropped.
#[derive(Debug)]
struct Threshold(AtomicU8);

impl Threshold {
    fn new(level: Option<Level>) -> Self {
        let threshold = Self(AtomicU8::new(0));
        threshold.set(level);
        threshold
    }

    fn set(&self, level: Option<Level>) {
        let number = match level {
            None => 0,
            Some(Level::ERROR) => 1,
            Some(Level::WARN) => 2,
            Some(Level::INFO) => 3,
            Some(Level::DEBUG) => 4,
            Some(_) => 5,
        };
        self.0.store(number, Ordering::Relaxed);
    }

    fn filter(&self) -> LevelFilter {
        match self.0.load(Ordering::Relaxed) {
            0 => LevelFilter::OFF,
            1 => LevelFilter::ERROR,
            2 => LevelFilter::WARN,
            3 => LevelFilter::INFO,
            4 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        }
    }

    fn lets_through(&self, metadata: &Metadata<'_>) -> bool {
        let filter = self.filter();
        let ours = metadata.target().starts_with("lakefs");
        let quiet = !ours && filter != LevelFilter::TRACE;
        *metadata.level()
            <= if quiet {
                filter.min(LevelFilter::WARN)
            } else {
                filter
            }
    }
}

#[derive(Debug)]
struct Lines {
    threshold: Arc<Threshold>,
    /// Whether audit lines are wanted at all.
    audit: bool,
    json: bool,
    outputs: Mutex<Vec<Output>>,
}

impl Lines {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        // Events and the question whether one would be written; spans are not used.
        !metadata.is_span()
            && self.threshold.lets_through(metadata)
            && (self.audit || metadata.target() != AUDIT)
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Decided once per place in the code and again after a change of level: a line that is off
        // costs one load.
        if self.wants(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.threshold.filter())
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let line = Line::of(event, SystemClock.now(), RequestId::current());
        let text = if self.json { line.json() } else { line.text() };
        for output in self.outputs.lock().iter_mut() {
            output.write_line(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_in_any_case_and_none_is_silence() {
        assert_eq!(parse_level("debug"), Some(Level::DEBUG));
        assert_eq!(parse_level("NONE"), None);
        let threshold = Threshold::new(parse_level("none"));
        assert_eq!(threshold.filter(), LevelFilter::OFF);
        threshold.set(parse_level("trace"));
        assert_eq!(threshold.filter(), LevelFilter::TRACE);
    }
}
