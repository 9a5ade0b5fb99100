use std::time::Duration;

/// The growing, jittered pause between attempts of one thing, be it a feed or a question.
#[derive(Debug)]
pub(crate) struct Backoff {
    longest: Duration,
    failures: u32,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(200);

    /// Pauses that grow up to `longest`.
    pub(crate) fn up_to(longest: Duration) -> Self {
        Self { longest, failures: 0 }
    }

    /// The pause after one more failure: doubling from 0.2 s, half of it random, and never less than what is asked for,
    /// as by the API server.
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let whole = Self::FIRST.saturating_mul(1 << self.failures.min(6)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        let jittered = whole.mul_f64(0.5 + rand::random::<f64>() / 2.0);
        let asked = asked.map(|least| least.saturating_add((least / 4).mul_f64(rand::random())));
        jittered.max(asked.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_respect_what_the_server_asks() {
        let longest = Duration::from_secs(10);
        let mut backoff = Backoff::up_to(longest);
        assert!(backoff.next(None) <= Backoff::FIRST);
        for _ in 0..100 {
            assert!(backoff.next(None) <= longest);
        }
        assert!(backoff.next(None) >= longest / 2);
        for asked in [Duration::from_secs(60), Duration::MAX] {
            assert!(backoff.next(Some(asked)) >= asked);
        }
    }
}
