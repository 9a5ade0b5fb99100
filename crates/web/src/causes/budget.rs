use std::time::Duration;

use tokio::time::Instant;

/// How many requests may be made, over time.
#[derive(Debug)]
pub(super) struct Budget {
    /// How many may be made at once, after a pause.
    most: u32,
    /// How long it takes until one more may be made.
    each: Duration,
    /// Since when nothing would be owed any more if nothing were made.
    even: Instant,
}

impl Budget {
    pub(super) fn new(most: u32, each: Duration, now: Instant) -> Self {
        Self { most, each, even: now }
    }

    /// Sets this many aside; how long to wait if there are not as many.
    pub(super) fn take(&mut self, number: u32, now: Instant) -> Result<(), Duration> {
        let even = self.even.max(now) + self.each * number;
        let owed = even.duration_since(now);
        let wait = owed.saturating_sub(self.each * self.most);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.even = even;
        Ok(())
    }

    /// Brings back what was set aside and not needed.
    pub(super) fn give_back(&mut self, number: u32) {
        self.even = self.even.checked_sub(self.each * number).unwrap_or(self.even);
    }

    /// Whether it is as if nothing had ever been made.
    pub(super) fn is_whole(&self, now: Instant) -> bool {
        self.even <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_taken_comes_back_with_time_and_never_more_than_there_was() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut budget = Budget::new(10, second, now);
        assert_eq!(budget.take(6, now), Ok(()));
        assert_eq!(budget.take(6, now), Err(second * 2));
        budget.give_back(2);
        assert_eq!(budget.take(6, now), Ok(()));
        assert_eq!(budget.take(1, now), Err(second));
        let later = now + second * 100;
        assert!(budget.is_whole(later));
        assert_eq!(budget.take(10, later), Ok(()), "all of it");
        assert_eq!(budget.take(1, later), Err(second), "and no more");
    }
}
