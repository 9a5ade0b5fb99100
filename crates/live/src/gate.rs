//! How many feeds open at once.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Lets a bounded number of feeds of one kind open at a time, and only one while the API server is in trouble.
///
/// After an API server's restart every feed must list again. Let in together they would only collect refusals (429)
/// while its caches fill; so one probes, and the others follow when it has succeeded.
#[derive(Debug)]
pub(crate) struct Gate {
    opening: Semaphore,
    probing: Semaphore,
    troubled: AtomicBool,
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
        Self { opening: Semaphore::new(Self::WIDTH), probing: Semaphore::new(1), troubled: AtomicBool::new(false) }
    }

    /// Waits for the right to open.
    #[expect(clippy::expect_used, reason = "the semaphores are never closed")]
    pub(crate) async fn enter(&self) -> Pass<'_> {
        let opening = self.opening.acquire().await.expect("never closed");
        if !self.troubled.load(Ordering::Relaxed) {
            return Pass { gate: self, _opening: opening, _probing: None };
        }
        let probe = self.probing.acquire().await.expect("never closed");
        let still_troubled = self.troubled.load(Ordering::Relaxed);
        Pass { gate: self, _opening: opening, _probing: still_troubled.then_some(probe) }
    }

    /// An attempt failed in a way that others would meet too.
    pub(crate) fn trouble(&self) {
        self.troubled.store(true, Ordering::Relaxed);
    }
}

impl Pass<'_> {
    /// The feed runs: others may follow.
    pub(crate) fn opened(self) {
        self.gate.troubled.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn in_trouble_one_probes_and_the_others_follow_its_success() {
        let gate = Gate::new();
        gate.trouble();
        let probe = gate.enter().await;
        let mut second = std::pin::pin!(gate.enter());
        assert!(second.as_mut().now_or_never().is_none(), "a second must wait for the probe");
        probe.opened();
        let second = second.await;
        assert!(gate.enter().now_or_never().is_some(), "all is well: nobody waits");
        drop(second);
    }

    #[tokio::test]
    async fn a_failed_probe_lets_the_next_one_try() {
        let gate = Gate::new();
        gate.trouble();
        drop(gate.enter().await);
        assert!(gate.enter().now_or_never().is_some());
    }
}
