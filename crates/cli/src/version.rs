//! Which lakectl this is.

use http::HeaderValue;

/// The release of the original whose command line this one speaks. Scripts compare it.
pub(crate) const COMPATIBLE: &str = "1.84.0";
/// The version of this program.
pub(crate) const OWN: &str = env!("CARGO_PKG_VERSION");

/// How requests name their sender: program, system, its version, processor.
pub(crate) fn user_agent() -> HeaderValue {
    let system = std::env::consts::OS;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel = match kernel.trim() {
        "" => "unknown",
        release => release,
    };
    let text = format!(
        "lakectl/{COMPATIBLE}/{system}/{kernel}/{}",
        std::env::consts::ARCH
    );
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("lakectl"))
}
