use std::{collections::VecDeque, time::Duration};

use jiff::{SignedDuration, Timestamp};
use nix::time::{ClockId, clock_gettime};

use super::Limit;

/// The end of a session, by a clock that goes on while the machine sleeps and that nobody sets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    began: Timestamp,
    mark: Duration,
    length: Duration,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// The end comes in so long.
    Warning(Duration),
    /// It is here.
    Over,
}

/// The warnings of a session that are still to come, and its end.
#[derive(Debug)]
pub(super) struct Alarms {
    deadline: Deadline,
    warnings: VecDeque<Duration>,
}

impl Deadline {
    /// The longest time between two looks at the clock: timers stand still while the machine sleeps.
    const GLANCE: Duration = Duration::from_secs(1);

    /// Of a session that begins now, which is `began`.
    pub(super) fn new(began: Timestamp, length: Duration) -> Self {
        Self { began, mark: since_boot(), length }
    }

    /// How long the session has lasted.
    pub(super) fn lasted(&self) -> Duration {
        since_boot().saturating_sub(self.mark)
    }

    /// How long it may last yet.
    pub(super) fn left(&self) -> Duration {
        self.length.saturating_sub(self.lasted())
    }

    pub(super) fn now(&self) -> Timestamp {
        after(self.began, self.lasted())
    }

    pub(super) fn ends(&self) -> Timestamp {
        after(self.began, self.length)
    }

    /// Waits until no more than `left` is left.
    pub(super) async fn until(&self, left: Duration) {
        loop {
            let wait = self.left().saturating_sub(left);
            if wait.is_zero() {
                return;
            }
            tokio::time::sleep(wait.min(Self::GLANCE)).await;
        }
    }
}

impl Alarms {
    pub(super) fn new(deadline: Deadline, limit: &Limit) -> Self {
        let mut warnings: Vec<Duration> =
            limit.warnings.iter().copied().filter(|warning| *warning < limit.length && !warning.is_zero()).collect();
        warnings.sort_unstable_by(|a, b| b.cmp(a));
        Self { deadline, warnings: warnings.into() }
    }

    /// Waits for the next one. Nothing is lost if the wait is given up.
    pub(super) async fn next(&mut self) -> Alarm {
        let next = self.warnings.front().copied();
        self.deadline.until(next.unwrap_or_default()).await;
        self.warnings.pop_front();
        match next {
            Some(_) if self.deadline.left().is_zero() => Alarm::Over,
            Some(left) => Alarm::Warning(left),
            None => Alarm::Over,
        }
    }
}

#[expect(clippy::expect_used, reason = "every Linux that runs this has the clock")]
fn since_boot() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME).expect("a clock").into()
}

/// The latest moment there is, if it were later.
pub(super) fn after(moment: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    moment.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarms(length: Duration, warnings: &[Duration]) -> Alarms {
        let limit = Limit { length, warnings: warnings.to_vec() };
        Alarms::new(Deadline::new(Timestamp::UNIX_EPOCH, length), &limit)
    }

    #[test]
    fn there_are_warnings_ten_and_two_minutes_before_the_end_where_the_session_is_longer() {
        let minutes = |length| {
            let limit = Limit::of(Duration::from_mins(length));
            Vec::from(Alarms::new(Deadline::new(Timestamp::UNIX_EPOCH, limit.length), &limit).warnings)
        };
        let (ten, two) = (Duration::from_mins(10), Duration::from_mins(2));
        assert_eq!(minutes(60), [ten, two]);
        assert_eq!(minutes(10), [two]);
        assert!(minutes(2).is_empty());
    }

    #[tokio::test]
    async fn warnings_come_in_order_then_the_end() {
        let (early, late) = (Duration::from_millis(40), Duration::from_millis(20));
        let mut alarms = alarms(Duration::from_millis(60), &[late, early, Duration::ZERO]);
        assert_eq!(alarms.next().await, Alarm::Warning(early));
        assert_eq!(alarms.next().await, Alarm::Warning(late));
        assert_eq!(alarms.next().await, Alarm::Over);
        assert!(alarms.deadline.left().is_zero());
    }

    #[test]
    fn a_session_without_bounds_ends_at_the_end_of_time() {
        assert_eq!(Deadline::new(Timestamp::UNIX_EPOCH, Duration::MAX).ends(), Timestamp::MAX);
    }
}
