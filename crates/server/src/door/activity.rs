use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::Patience;

/// What goes on over one connection.
pub(super) struct Activity {
    state: Mutex<State>,
    begun: Notify,
    cut: CancellationToken,
}

struct State {
    /// Requests that are being answered.
    running: usize,
    quiet_since: Instant,
    /// Whether there was a request at all.
    asked: bool,
}

/// A request that is being answered, until this is dropped.
pub(super) struct Turn(Arc<Activity>);

impl Activity {
    pub(super) fn new() -> Self {
        let state = State { running: 0, quiet_since: Instant::now(), asked: false };
        Self { state: Mutex::new(state), begun: Notify::new(), cut: CancellationToken::new() }
    }

    pub(super) fn begin(self: &Arc<Self>) -> Turn {
        let mut state = self.state();
        state.running += 1;
        state.asked = true;
        drop(state);
        self.begun.notify_one();
        Turn(Arc::clone(self))
    }

    /// Waits until something is asked for. For one who waits.
    pub(super) async fn asked(&self) {
        self.begun.notified().await;
    }

    /// When the next request has to be there; `None` while one is being answered.
    pub(super) fn due(&self, patience: &Patience) -> Option<Instant> {
        let state = self.state();
        let wait = if state.asked { patience.next } else { patience.first };
        (state.running == 0).then(|| state.quiet_since + wait)
    }

    /// Since when nothing is asked for; `None` while a request is being answered.
    pub(super) fn quiet_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.running == 0).then_some(state.quiet_since)
    }

    /// Ends the connection: somebody else needs its place.
    pub(super) fn cut(&self) {
        self.cut.cancel();
    }

    /// Waits until the connection has to end. For the connection itself.
    pub(super) fn is_cut(&self) -> WaitForCancellationFutureOwned {
        self.cut.clone().cancelled_owned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.running -= 1;
        if state.running == 0 {
            state.quiet_since = Instant::now();
        }
    }
}
