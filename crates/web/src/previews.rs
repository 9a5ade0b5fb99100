use std::time::Duration;

use fanlight_identity::Repeats;
use fanlight_model::Identity;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

/// Who previews an action just now. A preview reads up to as many whole objects as one action may be about, and is asked
/// for by a mere link.
pub struct Previews {
    people: Repeats,
    /// How many more may read at the same time.
    seats: Semaphore,
}

impl Default for Previews {
    fn default() -> Self {
        Self { people: Repeats::new(Self::USER), seats: Semaphore::new(Self::AT_ONCE) }
    }
}

impl Previews {
    /// So many times in a row for one person, and how long it takes until once more is allowed.
    const USER: (u32, Duration) = (40, Duration::from_secs(2));
    /// How many read at the same time.
    const AT_ONCE: usize = 4;

    /// Counts once more for a person; the time to wait if it was too often.
    pub(crate) fn attempt(&self, who: &Identity) -> Result<(), Duration> {
        self.people.attempt(who.user(), Instant::now())
    }

    /// Leave to read; none if others read until `end`.
    pub(crate) async fn seat(&self, end: Instant) -> Option<SemaphorePermit<'_>> {
        timeout_at(end, self.seats.acquire()).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Persona, UserName};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_more_than_a_few_read_at_once_and_nobody_waits_for_ever_or_takes_all_turns() {
        let previews = Previews::default();
        let end = Instant::now() + Duration::from_secs(10);
        let mut seats = Vec::new();
        for _ in 0..Previews::AT_ONCE {
            seats.push(previews.seat(end).await.expect("a seat"));
        }
        assert!(previews.seat(end).await.is_none() && Instant::now() >= end);
        seats.pop();
        assert!(previews.seat(Instant::now() + Duration::from_secs(1)).await.is_some());

        let who = |name: &str| Identity::Impersonated(Persona::of(UserName::new(name).expect("a plain name")));
        let (ann, ben) = (who("ann"), who("ben"));
        assert_eq!((0..100).filter(|_| previews.attempt(&ann).is_ok()).count(), 40);
        assert!(previews.attempt(&ann).is_err() && previews.attempt(&ben).is_ok());
    }
}
