//! How many calls the installation served, by month; and the statistics clients send.

use crate::{Caller, Result, Service};

/// Calls of one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageReport {
    /// Year.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u32,
    /// Calls.
    pub count: i64,
}

/// Calls of all months.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageSummary {
    /// Installation.
    pub installation_id: String,
    /// Months, oldest first.
    pub reports: Vec<UsageReport>,
}

impl Service {
    /// `POST /statistics`: accepted from any user, kept nowhere, sent nowhere.
    pub async fn post_stats_events(&self, caller: &Caller, events: usize) -> Result<()> {
        let _ = (caller, events);
        Err(crate::Error::not_implemented())
    }

    /// `GET /usage-report/summary`.
    pub async fn get_usage_report_summary(&self, caller: &Caller) -> Result<UsageSummary> {
        let _ = caller;
        Err(crate::Error::not_implemented())
    }

    /// Adds the calls counted since the last time to the stored counter. The server calls it
    /// periodically and once when it stops.
    pub async fn flush_usage(&self) -> Result<()> {
        Err(crate::Error::not_implemented())
    }

    /// Identifier of the installation; empty before the first start wrote one.
    pub async fn installation_id(&self) -> Result<String> {
        Err(crate::Error::not_implemented())
    }

    /// Whether records and objects can be reached, for readiness probes.
    pub async fn ready(&self) -> Result<()> {
        Err(crate::Error::not_implemented())
    }
}
