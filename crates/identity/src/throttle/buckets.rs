use std::{collections::HashMap, hash::Hash, time::Duration};

use tokio::time::Instant;

/// Leaky buckets by key: `burst` attempts fit in, and one leaks out every `period`.
///
/// Only the moment when a bucket will be empty is kept (the generic cell rate algorithm); what is empty is forgotten.
pub(super) struct Buckets<K> {
    burst: u32,
    period: Duration,
    empty_at: HashMap<K, Instant>,
}

impl<K: Hash + Eq + Copy> Buckets<K> {
    /// How many buckets there may be: about a megabyte of them.
    pub(super) const LIMIT: usize = 10_000;

    pub(super) fn new((burst, period): (u32, Duration)) -> Self {
        Self { burst, period, empty_at: HashMap::new() }
    }

    /// Puts an attempt in if it fits; how long until one does, if not.
    pub(super) fn attempt(&mut self, key: K, now: Instant) -> Result<(), Duration> {
        let wait = self.wait(&key, now);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.add(key, now);
        Ok(())
    }

    /// How long until another attempt fits in; zero if one does.
    pub(super) fn wait(&self, key: &K, now: Instant) -> Duration {
        (self.level(key, now) + self.period).saturating_sub(self.period * self.burst)
    }

    /// Puts an attempt in.
    pub(super) fn add(&mut self, key: K, now: Instant) {
        let level = self.level(&key, now);
        if self.empty_at.len() >= Self::LIMIT && !self.empty_at.contains_key(&key) {
            self.make_room(now);
        }
        self.empty_at.insert(key, now + level + self.period);
    }

    /// Takes an attempt out again.
    pub(super) fn give_back(&mut self, key: &K) {
        if let Some(empty_at) = self.empty_at.get_mut(key) {
            *empty_at = empty_at.checked_sub(self.period).unwrap_or(*empty_at);
        }
    }

    /// How many attempts fit in, and how long until the bucket is empty.
    pub(super) fn left(&self, key: &K, now: Instant) -> (u32, Duration) {
        let level = self.level(key, now);
        let inside = level.as_nanos().div_ceil(self.period.as_nanos());
        (self.burst.saturating_sub(u32::try_from(inside).unwrap_or(u32::MAX)), level)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.empty_at.len()
    }

    fn level(&self, key: &K, now: Instant) -> Duration {
        self.empty_at.get(key).map_or(Duration::ZERO, |empty_at| empty_at.saturating_duration_since(now))
    }

    /// Forgets empty buckets; if all hold something, the one that would be empty first.
    fn make_room(&mut self, now: Instant) {
        self.empty_at.retain(|_, empty_at| *empty_at > now);
        if self.empty_at.len() >= Self::LIMIT {
            let soonest = self.empty_at.iter().min_by_key(|(_, empty_at)| **empty_at).map(|(key, _)| *key);
            soonest.map(|key| self.empty_at.remove(&key));
        }
    }
}
