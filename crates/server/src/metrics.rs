//! Prometheus metrics, under the names lakeFS gives them where it has the same figure.
//!
//! What has no counterpart here (`go_*`, `pgxpool_*`, `dynamo_*`) is left out; docs/compat.md lists it.

use std::time::Duration;

use lakefs_service::SweepOutcome;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

mod block;
mod kv;
mod process;

pub(crate) use block::BlockMetrics;
pub(crate) use kv::MeteredKv;

/// Media type of [`Metrics::render`].
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const API_BUCKETS: [f64; 11] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0, 60.0];
const STORE_BUCKETS: [f64; 14] = [
    0.000_1, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 10.0, 60.0,
];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

fn api_histogram() -> Histogram {
    Histogram::new(API_BUCKETS)
}

fn store_histogram() -> Histogram {
    Histogram::new(STORE_BUCKETS)
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    code: u16,
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationCodeLabels {
    operation: &'static str,
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ServiceLabels {
    service: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VersionLabels {
    version: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

/// What is counted of an S3 request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GatewayAnswer {
    pub(crate) operation: &'static str,
    pub(crate) code: u16,
    /// S3's code, where the sender was not known.
    pub(crate) unproven: Option<&'static str>,
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) total: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Histograms<OperationCodeLabels>,
    first_bytes: Histograms<OperationLabels>,
    concurrent: Family<ServiceLabels, Gauge>,
    gateway: Histograms<OperationCodeLabels>,
    gateway_received: Family<OperationLabels, Counter>,
    gateway_sent: Family<OperationLabels, Counter>,
    gateway_unproven: Family<ReasonLabels, Counter>,
    gateway_swept: Family<OutcomeLabels, Counter>,
    kv: kv::KvMetrics,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        let requests = Family::default();
        let durations = Histograms::new_with_constructor(api_histogram);
        let first_bytes = Histograms::new_with_constructor(api_histogram);
        let concurrent = Family::<ServiceLabels, Gauge>::default();
        let gateway = Histograms::new_with_constructor(api_histogram);
        let gateway_received = Family::<OperationLabels, Counter>::default();
        let gateway_sent = Family::<OperationLabels, Counter>::default();
        let gateway_unproven = Family::<ReasonLabels, Counter>::default();
        let gateway_swept = Family::<OutcomeLabels, Counter>::default();
        let build = Family::<VersionLabels, Gauge>::default();
        build
            .get_or_create(&VersionLabels {
                version: env!("CARGO_PKG_VERSION"),
            })
            .set(1);
        registry.register("api_requests", "API requests", requests.clone());
        registry.register(
            "api_request_duration_seconds",
            "Time to answer an API request in full",
            durations.clone(),
        );
        registry.register(
            "api_request_ttfb_duration_seconds",
            "Time to the head of the answer to an API request",
            first_bytes.clone(),
        );
        registry.register(
            "lakefs_concurrent_requests",
            "Requests being served",
            concurrent.clone(),
        );
        registry.register(
            "gateway_request_duration_seconds",
            "Time to answer an S3 request",
            gateway.clone(),
        );
        registry.register(
            "gateway_received_bytes",
            "Bytes of bodies of S3 requests",
            gateway_received.clone(),
        );
        registry.register(
            "gateway_sent_bytes",
            "Bytes of bodies of answers to S3 requests",
            gateway_sent.clone(),
        );
        registry.register(
            "gateway_auth_failures",
            "S3 requests refused because their sender was not known, by S3's code",
            gateway_unproven.clone(),
        );
        registry.register(
            "gateway_swept_uploads",
            "Abandoned multipart uploads the background job dealt with",
            gateway_swept.clone(),
        );
        registry.register("lakefs_build_info", "Version of this server", build);
        let kv = kv::KvMetrics::register(&mut registry);
        registry.register_collector(Box::new(process::ProcessCollector));
        Self {
            registry,
            requests,
            durations,
            first_bytes,
            concurrent,
            gateway,
            gateway_received,
            gateway_sent,
            gateway_unproven,
            gateway_swept,
            kv,
        }
    }

    /// Figures of an object store of this kind.
    pub(crate) fn register_blocks(&mut self, kind: &str) -> BlockMetrics {
        BlockMetrics::register(kind, &mut self.registry)
    }

    /// The text a scraper reads.
    pub(crate) fn render(&self) -> String {
        let mut text = String::with_capacity(16 << 10);
        prometheus_client::encoding::text::encode(&mut text, &self.registry)
            .expect("writing to a string cannot fail");
        text
    }

    /// Counts what a sweep of abandoned uploads did.
    pub(crate) fn uploads_swept(&self, swept: &SweepOutcome) {
        for (outcome, count) in [
            ("aborted", swept.aborted),
            ("tidied", swept.tidied),
            ("failed", swept.failed),
        ] {
            self.gateway_swept
                .get_or_create(&OutcomeLabels { outcome })
                .inc_by(count);
        }
    }

    /// The number of requests of a service (`rest_api`, `s3_gateway`) being served; clones share it.
    pub(crate) fn concurrent(&self, service: &'static str) -> Gauge {
        self.concurrent
            .get_or_create_owned(&ServiceLabels { service })
    }

    /// Counts an answered API request.
    pub(crate) fn api_answered(
        &self,
        operation: &'static str,
        method: &'static str,
        code: u16,
        first_byte: Duration,
        total: Duration,
    ) {
        self.requests
            .get_or_create(&RequestLabels { code, method })
            .inc();
        self.durations
            .get_or_create(&OperationCodeLabels { operation, code })
            .observe(total.as_secs_f64());
        self.first_bytes
            .get_or_create(&OperationLabels { operation })
            .observe(first_byte.as_secs_f64());
    }

    /// Counts an answered S3 request.
    pub(crate) fn gateway_answered(&self, answer: &GatewayAnswer) {
        let &GatewayAnswer {
            operation, code, ..
        } = answer;
        self.gateway
            .get_or_create(&OperationCodeLabels { operation, code })
            .observe(answer.total.as_secs_f64());
        for (bytes, family) in [
            (answer.received, &self.gateway_received),
            (answer.sent, &self.gateway_sent),
        ] {
            if bytes > 0 {
                family
                    .get_or_create(&OperationLabels { operation })
                    .inc_by(bytes);
            }
        }
        if let Some(reason) = answer.unproven {
            self.gateway_unproven
                .get_or_create(&ReasonLabels { reason })
                .inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_lakefs() {
        let metrics = Metrics::new();
        let moment = Duration::from_millis(3);
        metrics.api_answered("getBranch", "GET", 200, moment, moment);
        metrics.gateway_answered(&GatewayAnswer {
            operation: "GetObject",
            code: 403,
            unproven: Some("SignatureDoesNotMatch"),
            received: 0,
            sent: 270,
            total: moment,
        });
        metrics.concurrent("rest_api").inc();
        let text = metrics.render();
        for line in [
            "api_requests_total{code=\"200\",method=\"GET\"} 1",
            "api_request_duration_seconds_count{operation=\"getBranch\",code=\"200\"} 1",
            "api_request_ttfb_duration_seconds_count{operation=\"getBranch\"} 1",
            "lakefs_concurrent_requests{service=\"rest_api\"} 1",
            "gateway_request_duration_seconds_count{operation=\"GetObject\",code=\"403\"} 1",
            "gateway_sent_bytes_total{operation=\"GetObject\"} 270",
            "gateway_auth_failures_total{reason=\"SignatureDoesNotMatch\"} 1",
            "process_resident_memory_bytes",
            "process_cpu_seconds_total",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
