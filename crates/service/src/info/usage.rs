//! How many calls the installation served, by month; and the statistics clients send.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use lakefs_kv::{KvError, Predicate, SetIfOutcome};
use lakefs_runtime::{Backoff, Timestamp};

use crate::audit::Call;
use crate::authorize::require_user;
use crate::failure::{auth_failure, kv_failure};
use crate::{Caller, Error, ErrorKind, Result, Service};

const PARTITION: &[u8] = b"usage";
/// Tries to add to a counter that other servers add to as well.
const MAX_TRIES: u32 = 20;
/// Most months of a summary: eighty years.
const MAX_MONTHS: usize = 1000;
const BACKOFF: Backoff = Backoff {
    initial: Duration::from_millis(200),
    factor: 1.0,
    max: Duration::from_millis(200),
    jitter: 0.5,
};

/// Calls that are not in the stored counter yet. A crash loses those of one interval: a figure of
/// use, not a bill.
#[derive(Debug, Default)]
pub(crate) struct UsageCounter(AtomicI64);

impl UsageCounter {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

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
        let _ = events;
        self.audited(caller, Call::new("postStatsEvents"), async {
            require_user(caller).map(|_| ())
        })
        .await
    }

    /// `GET /usage-report/summary`.
    pub async fn get_usage_report_summary(&self, caller: &Caller) -> Result<UsageSummary> {
        self.audited(caller, Call::new("getUsageReportSummary"), async {
            self.may_read_config(caller).await?;
            self.flush_usage().await?;
            let installation_id = self.installation_id().await?;
            let prefix = format!("usage/monthly/{installation_id}/");
            let page = self
                .kv()
                .scan(PARTITION, prefix.as_bytes(), MAX_MONTHS)
                .await
                .map_err(kv_failure)?;
            let reports = page
                .iter()
                .map_while(|(key, value)| Some((key.strip_prefix(prefix.as_bytes())?, value)))
                .map(|(month, value)| read_report(month, value))
                .collect::<Result<_>>()?;
            Ok(UsageSummary {
                installation_id,
                reports,
            })
        })
        .await
    }

    /// Adds the calls counted since the last time to the stored counter. The server calls it
    /// periodically and once when it stops.
    pub async fn flush_usage(&self) -> Result<()> {
        let pending = self.usage().0.swap(0, Ordering::Relaxed);
        if pending == 0 {
            return Ok(());
        }
        // Dropped or failed half way, the calls are counted next time.
        let mut unflushed = Unflushed {
            counter: self.usage(),
            calls: pending,
        };
        let installation = self.auth().installation().ensure_id(None).await;
        let installation = installation.map_err(auth_failure)?;
        let key = format!(
            "usage/monthly/{installation}/{}",
            year_and_month(self.now())
        );
        for retry in 0..MAX_TRIES {
            if self.add(key.as_bytes(), pending).await? {
                unflushed.calls = 0;
                return Ok(());
            }
            BACKOFF.sleep(retry, self.ids()).await;
        }
        Err(Error::new(
            ErrorKind::Unavailable,
            "usage counter is contended, try again later",
        ))
    }

    /// Identifier of the installation; empty before the first start wrote one.
    pub async fn installation_id(&self) -> Result<String> {
        let id = self.auth().installation().id().await;
        let id = id.map_err(auth_failure)?;
        Ok(id.map(|id| id.to_string()).unwrap_or_default())
    }

    /// One try; answers whether it went through.
    async fn add(&self, key: &[u8], calls: i64) -> Result<bool> {
        let raw = self.kv().get(PARTITION, key).await.map_err(kv_failure)?;
        let before = raw.as_deref().map_or(Ok(0), |raw| read_count(key, raw))?;
        let after = before.saturating_add(calls).to_string();
        let predicate = raw.as_deref().map_or(Predicate::Absent, Predicate::Value);
        match self
            .kv()
            .set_if(PARTITION, key, after.as_bytes(), predicate)
            .await
        {
            Ok(outcome) => Ok(outcome == SetIfOutcome::Stored),
            Err(KvError::Indeterminate { .. }) => {
                let now = self.kv().get(PARTITION, key).await.map_err(kv_failure)?;
                Ok(now.as_deref() == Some(after.as_bytes()))
            }
            Err(error) => Err(kv_failure(error)),
        }
    }
}

struct Unflushed<'a> {
    counter: &'a UsageCounter,
    calls: i64,
}

impl Drop for Unflushed<'_> {
    fn drop(&mut self) {
        self.counter.0.fetch_add(self.calls, Ordering::Relaxed);
    }
}

/// The month in UTC, as `202601`. (lakeFS takes the server's own time zone; servers in different
/// zones then disagree for some hours.)
fn year_and_month(now: Timestamp) -> String {
    let date = jiff::Timestamp::from_second(now.seconds)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(jiff::tz::TimeZone::UTC);
    format!("{:04}{:02}", date.year(), date.month())
}

fn read_count(key: &[u8], value: &[u8]) -> Result<i64> {
    let text = std::str::from_utf8(value).ok();
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let key = String::from_utf8_lossy(key);
        Error::internal(format!("stored record {key} is corrupt"))
    })
}

fn read_report(month: &[u8], value: &[u8]) -> Result<UsageReport> {
    let digits = std::str::from_utf8(month)
        .ok()
        .filter(|text| text.len() == 6);
    let parts = digits.and_then(|text| {
        let (year, month) = text.split_at_checked(4)?;
        Some((year.parse().ok()?, month.parse().ok()?))
    });
    let (year, month_number) = parts.ok_or_else(|| {
        let key = String::from_utf8_lossy(month);
        Error::internal(format!("stored usage record of month {key:?} is corrupt"))
    })?;
    Ok(UsageReport {
        year,
        month: month_number,
        count: read_count(month, value)?,
    })
}
