//! Two small in-process caches: values that are believed for a few seconds, and immutable values
//! bounded by their weight.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use lakefs_runtime::Timestamp;
use parking_lot::Mutex;

/// Most entries of a [`BelievedCache`]; beyond it the expired ones go, then all.
const MAX_BELIEVED: usize = 10_000;

/// Values that may be out of date by a known time at most, because other servers change them.
#[derive(Debug)]
pub(crate) struct BelievedCache<K, V> {
    ttl: Duration,
    state: Mutex<Believed<K, V>>,
}

#[derive(Debug)]
struct Believed<K, V> {
    entries: HashMap<K, (V, Timestamp)>,
    epoch: u64,
}

/// The moment a read began: a value read before an invalidation is not kept after it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadEpoch(u64);

impl<K: Hash + Eq + Clone, V: Clone> BelievedCache<K, V> {
    pub(crate) fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            state: Mutex::new(Believed {
                entries: HashMap::new(),
                epoch: 0,
            }),
        }
    }

    /// The value, if it is still believed; otherwise the epoch to store a fresh one with.
    pub(crate) fn get<Q>(&self, key: &Q, now: Timestamp) -> Result<V, ReadEpoch>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let state = self.state.lock();
        match state.entries.get(key) {
            // A clock that was set back makes an entry older than now can tell: not believed.
            Some((value, read)) if *read <= now && now.since(*read) < self.ttl => Ok(value.clone()),
            _ => Err(ReadEpoch(state.epoch)),
        }
    }

    /// Keeps a value that was read at `now`, unless something was invalidated since `epoch`.
    pub(crate) fn put(&self, key: K, value: V, now: Timestamp, epoch: ReadEpoch) {
        let mut state = self.state.lock();
        if state.epoch != epoch.0 {
            return;
        }
        if state.entries.len() >= MAX_BELIEVED {
            let ttl = self.ttl;
            state
                .entries
                .retain(|_, (_, read)| *read <= now && now.since(*read) < ttl);
            if state.entries.len() >= MAX_BELIEVED {
                state.entries.clear();
            }
        }
        state.entries.insert(key, (value, now));
    }

    /// Forgets a value and every read of anything that is under way.
    pub(crate) fn invalidate<Q>(&self, key: &Q)
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut state = self.state.lock();
        state.epoch += 1;
        state.entries.remove(key);
    }
}

/// Immutable values in two generations: a hit in the old one moves to the young one; when the young
/// one holds half the bound, it becomes the old one. What was not asked for meanwhile is gone.
#[derive(Debug)]
pub(crate) struct WeightedCache<K, V> {
    half: usize,
    state: Mutex<Generations<K, V>>,
}

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, (V, usize)>,
    old: HashMap<K, (V, usize)>,
    young_weight: usize,
}

impl<K: Hash + Eq, V: Clone> WeightedCache<K, V> {
    /// A cache of values that weigh `bound` together at most (one of them may weigh more).
    pub(crate) fn new(bound: usize) -> Self {
        Self {
            half: bound / 2,
            state: Mutex::new(Generations {
                young: HashMap::new(),
                old: HashMap::new(),
                young_weight: 0,
            }),
        }
    }

    pub(crate) fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut state = self.state.lock();
        if let Some((value, _)) = state.young.get(key) {
            return Some(value.clone());
        }
        let (key, (value, weight)) = state.old.remove_entry(key)?;
        self.insert(&mut state, key, value.clone(), weight);
        Some(value)
    }

    pub(crate) fn put(&self, key: K, value: V, weight: usize) {
        let mut state = self.state.lock();
        self.insert(&mut state, key, value, weight);
    }

    fn insert(&self, state: &mut Generations<K, V>, key: K, value: V, weight: usize) {
        if state.young_weight + weight > self.half && !state.young.is_empty() {
            state.old = std::mem::take(&mut state.young);
            state.young_weight = 0;
        }
        state.young_weight += weight;
        if let Some((_, replaced)) = state.young.insert(key, (value, weight)) {
            state.young_weight -= replaced;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: fn(i64) -> Timestamp = Timestamp::from_seconds;

    #[test]
    fn a_value_is_believed_for_its_time_and_not_by_a_clock_set_back() {
        let cache = BelievedCache::new(Duration::from_secs(5));
        let epoch = cache.get("a", T(10)).unwrap_err();
        cache.put("a", 1, T(10), epoch);
        assert_eq!(cache.get("a", T(14)).ok(), Some(1));
        assert_eq!(cache.get("a", T(15)).ok(), None);
        assert_eq!(cache.get("a", T(9)).ok(), None);
    }

    #[test]
    fn a_read_that_began_before_a_change_is_not_kept() {
        let cache = BelievedCache::new(Duration::from_secs(5));
        let epoch = cache.get("a", T(10)).unwrap_err();
        cache.invalidate("a");
        cache.put("a", 1, T(10), epoch);
        assert_eq!(cache.get("a", T(10)).ok(), None);
    }

    #[test]
    fn believed_values_are_bounded() {
        let cache = BelievedCache::new(Duration::from_secs(5));
        for i in 0..=MAX_BELIEVED {
            let epoch = cache.get(&i, T(0)).unwrap_err();
            cache.put(i, i, T(0), epoch);
        }
        assert_eq!(cache.state.lock().entries.len(), 1);
    }

    #[test]
    fn weight_is_bounded_and_what_is_asked_for_stays() {
        let cache = WeightedCache::new(100);
        for i in 0..1000 {
            cache.put(i, i, 10);
            assert_eq!(cache.get(&0), Some(0));
        }
        let state = cache.state.lock();
        assert!(state.young.len() + state.old.len() <= 10);
        drop(state);
        assert_eq!(cache.get(&500), None);
        cache.put(1, 1, 1_000_000);
        assert_eq!(cache.get(&1), Some(1));
    }
}
