//! Exponential waiting between tries: a pure schedule, and the wait itself.

use std::time::Duration;

use crate::Ids;

/// A schedule of waits that grow by a factor, with jitter, up to a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The first wait.
    pub initial: Duration,
    /// What each next wait is multiplied by.
    pub factor: f64,
    /// No wait is longer than this (before jitter).
    pub max: Duration,
    /// Each wait is drawn from `wait * (1 ± jitter)`.
    pub jitter: f64,
}

impl Backoff {
    /// The wait before try number `retry` (0 is the first retry); `unit` in 0..1 places it inside its
    /// jitter.
    pub fn wait(&self, retry: u32, unit: f64) -> Duration {
        let exponent = i32::try_from(retry.min(64)).unwrap_or(64);
        let base = self.initial.as_secs_f64() * self.factor.powi(exponent);
        let capped = base.min(self.max.as_secs_f64());
        Duration::from_secs_f64((capped * (1.0 + self.jitter * (2.0 * unit - 1.0))).max(0.0))
    }

    /// Waits before try number `retry`.
    pub async fn sleep(&self, retry: u32, ids: &Ids) {
        let unit = f64::from(u32::from_le_bytes(ids.random())) / (f64::from(u32::MAX) + 1.0);
        tokio::time::sleep(self.wait(retry, unit)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_limit_and_stay_inside_their_jitter() {
        let backoff = Backoff {
            initial: Duration::from_millis(100),
            factor: 2.0,
            max: Duration::from_secs(1),
            jitter: 0.5,
        };
        assert_eq!(backoff.wait(0, 0.5), Duration::from_millis(100));
        assert_eq!(backoff.wait(1, 0.0), Duration::from_millis(100));
        assert_eq!(backoff.wait(30, 0.5), Duration::from_secs(1));
        assert_eq!(backoff.wait(u32::MAX, 0.5), Duration::from_secs(1));
    }
}
