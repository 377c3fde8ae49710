//! `process_*`: what the operating system says about this process, read at each scrape.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Kernel clock ticks a second in `/proc/self/stat`; 100 on every Linux this runs on.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Debug)]
pub(super) struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        // Elsewhere than on Linux there is nothing to read, and nothing is reported.
        let status = read("/proc/self/status");
        let gauges = [
            (
                "process_resident_memory_bytes",
                "Memory in use",
                field(&status, "VmRSS:").map(|kib| kib * 1024.0),
            ),
            (
                "process_virtual_memory_bytes",
                "Address space in use",
                field(&status, "VmSize:").map(|kib| kib * 1024.0),
            ),
            ("process_open_fds", "Open files", open_files()),
            (
                "process_max_fds",
                "Most files that may be open",
                field(&read("/proc/self/limits"), "Max open files"),
            ),
            (
                "process_start_time_seconds",
                "Unix time of the start",
                start_time(),
            ),
        ];
        for (name, help, value) in gauges {
            if let Some(value) = value {
                let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
                ConstGauge::new(value).encode(metric)?;
            }
        }
        if let Some(seconds) = cpu_seconds() {
            let metric = encoder.encode_descriptor(
                "process_cpu_seconds",
                "Processor time used",
                None,
                MetricType::Counter,
            )?;
            ConstCounter::new(seconds).encode(metric)?;
        }
        Ok(())
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The first number after a label at the start of a line.
fn field(text: &str, label: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(label))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Field `index` of `/proc/self/stat`, counted as its manual does, from 1; the name in field 2 may hold
/// spaces.
fn stat_field(index: usize) -> Option<f64> {
    let text = read("/proc/self/stat");
    let (_, after_name) = text.rsplit_once(')')?;
    after_name
        .split_whitespace()
        .nth(index.checked_sub(3)?)?
        .parse()
        .ok()
}

fn cpu_seconds() -> Option<f64> {
    Some((stat_field(14)? + stat_field(15)?) / TICKS_PER_SECOND)
}

fn start_time() -> Option<f64> {
    let boot = field(&read("/proc/stat"), "btime")?;
    Some(boot + stat_field(22)? / TICKS_PER_SECOND)
}

fn open_files() -> Option<f64> {
    let count = std::fs::read_dir("/proc/self/fd").ok()?.count();
    u32::try_from(count).ok().map(f64::from)
}
