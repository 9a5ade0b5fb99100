//! How many feeds open at once.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit},
    time::{Instant, sleep_until},
};

/// Lets a bounded number of feeds of one kind open at a time, and only one while the API server is in trouble.
///
/// After an API server's restart every feed must list again. Let in together they would only collect refusals (429)
/// while its caches fill; so one probes, after the pause that the last one met with, and the others follow when it has
/// succeeded.
#[derive(Debug)]
pub(crate) struct Gate {
    opening: Semaphore,
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
    /// How many feeds of one kind may be opening at once.
    const WIDTH: usize = 50;

    pub(crate) fn new() -> Self {
        Self {
            opening: Semaphore::new(Self::WIDTH),
            probing: Semaphore::new(1),
            quiet_until: Mutex::default(),
            recovered: Notify::new(),
        }
    }

    /// Waits for the right to open.
    #[expect(clippy::expect_used, reason = "the semaphores are never closed")]
    pub(crate) async fn enter(&self) -> Pass<'_> {
        let opening = self.opening.acquire().await.expect("never closed");
        if self.trouble_until().is_none() {
            return Pass { gate: self, _opening: opening, _probing: None };
        }
        let probe = self.probing.acquire().await.expect("never closed");
        while let Some(until) = self.trouble_until() {
            if until <= Instant::now() {
                return Pass { gate: self, _opening: opening, _probing: Some(probe) };
            }
            sleep_until(until).await;
        }
        Pass { gate: self, _opening: opening, _probing: None }
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

    #[tokio::test(start_paused = true)]
    async fn in_trouble_one_probes_and_the_others_follow_its_success() {
        let gate = Gate::new();
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
        let gate = Gate::new();
        gate.trouble(Duration::ZERO);
        let probe = gate.enter().await;
        gate.trouble(PAUSE);
        drop(probe);
        let before = Instant::now();
        drop(gate.enter().await);
        assert_eq!(before.elapsed(), PAUSE);
    }
}
