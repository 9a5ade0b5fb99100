//! How many feeds open at once.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit},
    time::{Instant, sleep_until},
};

/// Lets a bounded number of feeds open at a time, and of one kind only one while the API server is in trouble.
///
/// After an API server's restart every feed must list again. Let in together they would only collect refusals (429)
/// while its caches fill; so one probes, after the pause that the last one met with, and the others follow when it has
/// succeeded.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Shared by all kinds.
    opening: Arc<Semaphore>,
    probing: Semaphore,
    /// While the API server is in trouble: before when nobody probes.
    quiet_until: Mutex<Option<Instant>>,
    recovered: Notify,
}

/// The right to open a feed. Dropped when the feed runs or has failed.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    gate: &'a Gate,
    _opening: SemaphorePermit<'a>,
    _probing: Option<SemaphorePermit<'a>>,
}

impl Gate {
    /// How many feeds may be opening at once.
    pub(crate) const WIDTH: usize = 50;

    /// The gate of one kind; `opening` has [`Gate::WIDTH`] places for all kinds together.
    pub(crate) fn new(opening: Arc<Semaphore>) -> Self {
        Self { opening, probing: Semaphore::new(1), quiet_until: Mutex::default(), recovered: Notify::new() }
    }

    /// Waits for the right to open.
    #[expect(clippy::expect_used, reason = "the semaphores are never closed")]
    pub(crate) async fn enter(&self) -> Pass<'_> {
        loop {
            // First this: who waits for a probe of one kind must not take the places of other kinds.
            let probe = self.probe().await;
            let opening = self.opening.acquire().await.expect("never closed");
            // Trouble may have begun while this one waited for a place.
            if probe.is_some() || self.trouble_until().is_none() {
                return Pass { gate: self, _opening: opening, _probing: probe };
            }
        }
    }

    /// Waits until all is well, or it is this one's turn to try.
    #[expect(clippy::expect_used, reason = "the semaphores are never closed")]
    async fn probe(&self) -> Option<SemaphorePermit<'_>> {
        self.trouble_until()?;
        let probe = self.probing.acquire().await.expect("never closed");
        while let Some(until) = self.trouble_until() {
            if until <= Instant::now() {
                return Some(probe);
            }
            sleep_until(until).await;
        }
        None
    }

    /// An attempt failed in a way that others would meet too, and nobody should make the next one before `pause`.
    pub(crate) fn trouble(&self, pause: Duration) {
        self.set_trouble(Some(Instant::now() + pause));
    }

    /// Waits until trouble is over.
    pub(crate) async fn recovered(&self) {
        self.recovered.notified().await;
    }

    fn trouble_until(&self) -> Option<Instant> {
        *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether there was trouble before.
    fn set_trouble(&self, until: Option<Instant>) -> bool {
        let mut known = self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *known, until).is_some()
    }
}

impl Pass<'_> {
    /// The feed runs: others may follow.
    pub(crate) fn opened(self) {
        if self.gate.set_trouble(None) {
            self.gate.recovered.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const PAUSE: Duration = Duration::from_secs(1);

    fn gate() -> Gate {
        Gate::new(Arc::new(Semaphore::new(Gate::WIDTH)))
    }

    #[tokio::test(start_paused = true)]
    async fn in_trouble_one_probes_and_the_others_follow_its_success() {
        let gate = gate();
        gate.trouble(PAUSE);
        let probe = gate.enter().await;
        let mut second = std::pin::pin!(gate.enter());
        assert!(second.as_mut().now_or_never().is_none(), "a second must wait for the probe");
        probe.opened();
        let second = second.await;
        assert!(gate.enter().now_or_never().is_some(), "all is well: nobody waits");
        drop(second);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_probe_lets_the_next_one_try_after_the_pause_that_it_met_with() {
        let gate = gate();
        gate.trouble(Duration::ZERO);
        let probe = gate.enter().await;
        gate.trouble(PAUSE);
        drop(probe);
        let before = Instant::now();
        drop(gate.enter().await);
        assert_eq!(before.elapsed(), PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn all_kinds_together_open_only_so_many_feeds_and_one_in_trouble_takes_no_places() {
        let opening = Arc::new(Semaphore::new(2));
        let [one, other] = [Gate::new(Arc::clone(&opening)), Gate::new(opening)];
        let (first, second) = (one.enter().await, other.enter().await);
        assert!(other.enter().now_or_never().is_none(), "two are opening");
        drop((first, second));
        one.trouble(PAUSE);
        let mut waiting = [std::pin::pin!(one.enter()), std::pin::pin!(one.enter())];
        assert!(waiting.iter_mut().all(|enter| enter.as_mut().now_or_never().is_none()));
        let both = (other.enter().now_or_never(), other.enter().now_or_never());
        assert!(both.0.is_some() && both.1.is_some(), "the other kind is well");
    }
}
