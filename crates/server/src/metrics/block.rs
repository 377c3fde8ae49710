//! Counts and times what the object store is asked: `<kind>_operation_duration_seconds`,
//! `<kind>_operation_size_bytes`, `blockstore_concurrent_operations`.

use lakefs_block::{BlockObserver, CallReport};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{Histograms, store_histogram};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    operation: &'static str,
    error: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
}

/// Figures of one object store.
#[derive(Debug)]
pub(crate) struct BlockMetrics {
    durations: Histograms<CallLabels>,
    sizes: Histograms<CallLabels>,
    running: Family<OperationLabels, Gauge>,
}

impl BlockMetrics {
    /// `kind` is that of the store: it begins the names.
    pub(super) fn register(kind: &str, registry: &mut Registry) -> Self {
        let durations = Histograms::new_with_constructor(store_histogram);
        let sizes = Histograms::new_with_constructor(size_histogram);
        let running = Family::default();
        registry.register(
            format!("{kind}_operation_duration_seconds"),
            "Time of an object store operation",
            durations.clone(),
        );
        registry.register(
            format!("{kind}_operation_size_bytes"),
            "Bytes moved by an object store operation",
            sizes.clone(),
        );
        registry.register(
            "blockstore_concurrent_operations",
            "Object store operations running",
            running.clone(),
        );
        Self {
            durations,
            sizes,
            running,
        }
    }

    fn running(&self, operation: &'static str, change: i64) {
        self.running
            .get_or_create(&OperationLabels { operation })
            .inc_by(change);
    }
}

fn size_histogram() -> Histogram {
    Histogram::new([1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10])
}

impl BlockObserver for BlockMetrics {
    fn started(&self, operation: &'static str) {
        self.running(operation, 1);
    }

    fn finished(&self, report: &CallReport) {
        self.running(report.operation, -1);
        let labels = CallLabels {
            operation: report.operation,
            error: if report.failed { "true" } else { "false" },
        };
        self.durations
            .get_or_create(&labels)
            .observe(report.duration.as_secs_f64());
        if let Some(bytes) = report.bytes {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a histogram of orders of magnitude"
            )]
            self.sizes.get_or_create(&labels).observe(bytes as f64);
        }
    }

    fn abandoned(&self, operation: &'static str) {
        self.running(operation, -1);
    }
}
