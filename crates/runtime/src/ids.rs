//! Fresh identifiers and random bytes as a capability.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lakefs_types::xid::Xid;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};

use crate::Clock;

/// Source of randomness.
pub trait IdSource: Send + Sync + std::fmt::Debug + 'static {
    /// Fills a buffer with random bytes. The system source is fit for secrets.
    fn fill(&self, buffer: &mut [u8]);
}

#[derive(Debug)]
struct SystemSource;

impl IdSource for SystemSource {
    fn fill(&self, buffer: &mut [u8]) {
        rand::rng().fill_bytes(buffer);
    }
}

#[derive(Debug)]
struct SeededSource(Mutex<StdRng>);

impl IdSource for SeededSource {
    fn fill(&self, buffer: &mut [u8]) {
        self.0.lock().fill_bytes(buffer);
    }
}

/// Makes the identifiers of an installation: UUIDs, xids, random bytes.
#[derive(Debug)]
pub struct Ids {
    source: Box<dyn IdSource>,
    clock: Arc<dyn Clock>,
    machine: [u8; 3],
    process: u16,
    counter: AtomicU32,
}

impl Ids {
    /// Identifiers that no other process makes.
    pub fn system(clock: Arc<dyn Clock>) -> Self {
        let mut seed = RandomState::new().build_hasher();
        seed.write_u32(std::process::id());
        let [m0, m1, m2, p0, p1, c0, c1, c2] = seed.finish().to_le_bytes();
        Self {
            source: Box::new(SystemSource),
            clock,
            machine: [m0, m1, m2],
            process: u16::from_le_bytes([p0, p1]),
            counter: AtomicU32::new(u32::from_le_bytes([c0, c1, c2, 0])),
        }
    }

    /// Identifiers that are the same for the same seed, for tests.
    pub fn seeded(seed: u64, clock: Arc<dyn Clock>) -> Self {
        Self {
            source: Box::new(SeededSource(Mutex::new(StdRng::seed_from_u64(seed)))),
            clock,
            machine: [0; 3],
            process: 0,
            counter: AtomicU32::new(0),
        }
    }

    /// The clock these identifiers are dated by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.source.fill(&mut bytes);
        bytes
    }

    /// A version 4 UUID in its usual text form.
    pub fn uuid(&self) -> String {
        uuid::Builder::from_random_bytes(self.random())
            .into_uuid()
            .to_string()
    }

    /// A time-ordered identifier of now.
    pub fn xid(&self) -> Xid {
        self.xid_at(self.clock.now().seconds)
    }

    /// A time-ordered identifier whose time part is `base - now`, so that newer ones sort first; for
    /// bases see [`lakefs_types::xid`].
    pub fn descending_xid(&self, base: i64) -> Xid {
        self.xid_at(base.saturating_sub(self.clock.now().seconds))
    }

    fn xid_at(&self, seconds: i64) -> Xid {
        let counter = self.counter.fetch_add(1, Ordering::Relaxed);
        Xid::from_parts(seconds, self.machine, self.process, counter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ManualClock, Timestamp};

    #[test]
    fn seeded_identifiers_repeat_and_differ_from_each_other() {
        let ids = |seed| {
            let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_700_000_000)));
            let ids = Ids::seeded(seed, clock);
            (ids.uuid(), ids.uuid(), ids.xid(), ids.xid())
        };
        let (u1, u2, x1, x2) = ids(1);
        assert_eq!(ids(1), (u1.clone(), u2.clone(), x1, x2));
        assert_ne!(u1, u2);
        assert!(x1 < x2);
        assert_ne!(ids(2).0, u1);
    }
}
