use std::{collections::HashMap, hash::Hash, time::Duration};

use tokio::time::Instant;

/// Failed attempts by key, and the wait that follows them: none after the first few, then one that doubles with each.
pub(super) struct Delays<K> {
    free: u32,
    failed: HashMap<K, Failed>,
}

#[derive(Clone, Copy)]
struct Failed {
    attempts: u32,
    last: Instant,
}

impl<K: Hash + Eq + Copy> Delays<K> {
    /// How many keys there may be: about a megabyte of them.
    pub(super) const LIMIT: usize = 10_000;
    /// The first wait.
    const FIRST: Duration = Duration::from_secs(10);
    /// The longest: whoever shares an address with somebody who guesses must still get in.
    const LONGEST: Duration = Duration::from_mins(5);
    /// Failures are forgotten when there was none for so long.
    const MEMORY: Duration = Duration::from_mins(15);

    /// After `free` attempts there is a wait.
    pub(super) fn new(free: u32) -> Self {
        Self { free, failed: HashMap::new() }
    }

    /// How long until another attempt is allowed; zero if one is.
    pub(super) fn wait(&self, key: &K, now: Instant) -> Duration {
        self.wait_after(self.free, key, now)
    }

    /// How long it would be if only `free` attempts went without a wait.
    pub(super) fn wait_after(&self, free: u32, key: &K, now: Instant) -> Duration {
        let Some(failed) = self.remembered(key, now) else { return Duration::ZERO };
        let Some(more) = failed.attempts.checked_sub(free) else { return Duration::ZERO };
        let wait = Self::FIRST.saturating_mul(1_u32.checked_shl(more).unwrap_or(u32::MAX)).min(Self::LONGEST);
        (failed.last + wait).saturating_duration_since(now)
    }

    /// Counts an attempt as failed; says when the one before did.
    pub(super) fn add(&mut self, key: K, now: Instant) -> Option<Instant> {
        let before = self.remembered(&key, now);
        let attempts = before.map_or(0, |failed| failed.attempts);
        if self.failed.len() >= Self::LIMIT && !self.failed.contains_key(&key) {
            self.make_room(now);
        }
        self.failed.insert(key, Failed { attempts: attempts.saturating_add(1), last: now });
        before.map(|failed| failed.last)
    }

    /// Counts the failure of this moment no more: who has to wait does so from the one `before` it, unless others followed.
    pub(super) fn take_back(&mut self, key: &K, at: Instant, before: Option<Instant>) {
        if let Some(failed) = self.failed.get_mut(key) {
            failed.attempts -= 1;
            if failed.last == at {
                failed.last = before.unwrap_or(at);
            }
            if failed.attempts == 0 {
                self.failed.remove(key);
            }
        }
    }

    /// Forgets all failures.
    pub(super) fn forgive(&mut self, key: &K) {
        self.failed.remove(key);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.failed.len()
    }

    fn remembered(&self, key: &K, now: Instant) -> Option<Failed> {
        let failed = self.failed.get(key).copied();
        failed.filter(|failed| now.saturating_duration_since(failed.last) < Self::MEMORY)
    }

    /// Forgets what is over; if nothing is, whoever failed least.
    fn make_room(&mut self, now: Instant) {
        self.failed.retain(|_, failed| now.saturating_duration_since(failed.last) < Self::MEMORY);
        if self.failed.len() >= Self::LIMIT {
            let least = self.failed.iter().min_by_key(|(_, failed)| (failed.attempts, failed.last));
            least.map(|(key, _)| *key).map(|key| self.failed.remove(&key));
        }
    }
}
