//! Counts and times what the key-value store is asked.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use lakefs_kv::{KvError, KvStore, Pace, Predicate, ScanPage, SetIfOutcome, Write};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{Histograms, Metrics, store_histogram};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KvLabels {
    r#type: &'static str,
    operation: &'static str,
}

#[derive(Debug)]
pub(super) struct KvMetrics {
    durations: Histograms<KvLabels>,
    failures: Family<KvLabels, Counter>,
}

impl KvMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let durations = Histograms::new_with_constructor(store_histogram);
        let failures = Family::default();
        registry.register(
            "kv_request_duration_seconds",
            "Time of a key-value operation",
            durations.clone(),
        );
        registry.register(
            "kv_request_failures",
            "Key-value operations that failed",
            failures.clone(),
        );
        Self {
            durations,
            failures,
        }
    }
}

/// One operation's figures, looked up once.
#[derive(Debug)]
struct Meter {
    duration: Histogram,
    failures: Counter,
}

impl Meter {
    fn observe<T>(&self, begun: Instant, result: Result<T, KvError>) -> Result<T, KvError> {
        self.duration.observe(begun.elapsed().as_secs_f64());
        if result.is_err() {
            self.failures.inc();
        }
        result
    }
}

/// A [`KvStore`] that is measured.
#[derive(Debug)]
pub(crate) struct MeteredKv {
    inner: Arc<dyn KvStore>,
    get: Meter,
    set: Meter,
    set_if: Meter,
    delete: Meter,
    scan: Meter,
    write_batch: Meter,
    clear_partition: Meter,
}

impl MeteredKv {
    pub(crate) fn new(inner: Arc<dyn KvStore>, metrics: &Metrics) -> Self {
        let meter = |operation| {
            let labels = KvLabels {
                r#type: inner.kind(),
                operation,
            };
            Meter {
                duration: metrics.kv.durations.get_or_create_owned(&labels),
                failures: metrics.kv.failures.get_or_create_owned(&labels),
            }
        };
        Self {
            get: meter("get"),
            set: meter("set"),
            set_if: meter("set_if"),
            delete: meter("delete"),
            scan: meter("scan"),
            write_batch: meter("write_batch"),
            clear_partition: meter("clear_partition"),
            inner,
        }
    }
}

#[async_trait]
impl KvStore for MeteredKv {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    async fn get(&self, partition: &[u8], key: &[u8]) -> Result<Option<Bytes>, KvError> {
        let begun = Instant::now();
        self.get
            .observe(begun, self.inner.get(partition, key).await)
    }

    async fn set(&self, partition: &[u8], key: &[u8], value: &[u8]) -> Result<(), KvError> {
        let begun = Instant::now();
        let result = self.inner.set(partition, key, value).await;
        self.set.observe(begun, result)
    }

    async fn set_if(
        &self,
        partition: &[u8],
        key: &[u8],
        value: &[u8],
        predicate: Predicate<'_>,
    ) -> Result<SetIfOutcome, KvError> {
        let begun = Instant::now();
        let result = self.inner.set_if(partition, key, value, predicate).await;
        self.set_if.observe(begun, result)
    }

    async fn delete(&self, partition: &[u8], key: &[u8]) -> Result<(), KvError> {
        let begun = Instant::now();
        let result = self.inner.delete(partition, key).await;
        self.delete.observe(begun, result)
    }

    async fn scan(
        &self,
        partition: &[u8],
        start: &[u8],
        limit: usize,
    ) -> Result<ScanPage, KvError> {
        let begun = Instant::now();
        let result = self.inner.scan(partition, start, limit).await;
        self.scan.observe(begun, result)
    }

    async fn write_batch(&self, partition: &[u8], writes: &[Write<'_>]) -> Result<(), KvError> {
        let begun = Instant::now();
        let result = self.inner.write_batch(partition, writes).await;
        self.write_batch.observe(begun, result)
    }

    async fn clear_partition(&self, partition: &[u8], pace: Pace) -> Result<(), KvError> {
        let begun = Instant::now();
        let result = self.inner.clear_partition(partition, pace).await;
        self.clear_partition.observe(begun, result)
    }

    async fn ping(&self) -> Result<(), KvError> {
        self.inner.ping().await
    }
}
