//! Usage: events that clients post, and the installation's own counts.

use serde::{Deserialize, Serialize};

/// Something a client counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsEvent {
    /// Kind of event.
    pub class: String,
    /// How often.
    pub count: i64,
    /// Name of the event.
    pub name: String,
}

/// Events that a client posts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsEventsList {
    /// The events.
    pub events: Vec<StatsEvent>,
}

/// Calls in one month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageReport {
    /// How many.
    pub count: i64,
    /// Month, 1 to 12.
    pub month: i64,
    /// Year.
    pub year: i64,
}

/// Calls by month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationUsageReport {
    /// The installation.
    pub installation_id: String,
    /// One report a month.
    pub reports: Vec<UsageReport>,
}
