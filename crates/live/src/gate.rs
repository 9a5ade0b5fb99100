//! How many feeds open at once.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit},
    time::{Instant, sleep_until},
};

/// Lets a bounded number of feeds open at a time, and of one kind fewer while the API server is in trouble.
///
/// After an API server's restart every feed must list again. Let in together they would only collect refusals (429)
/// while its caches fill, or where it lets through little. So each refusal halves the number of those who may try at once,
/// and an API server that is away leaves one; that one probes after a pause, and each success doubles the number.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Shared by all kinds.
    opening: Arc<Semaphore>,
    state: Mutex<State>,
    /// Somebody may be let in who had to wait.
    changed: Notify,
    /// Something has opened for the first time after trouble.
    recovered: Notify,
}

#[derive(Debug)]
struct State {
    /// How many may try at once; [`Gate::WIDTH`] if all is well.
    window: usize,
    /// How many are trying, of those who were let in during trouble.
    trying: usize,
    /// Nobody tries before this moment.
    quiet_until: Instant,
}

/// The right to open a feed. Dropped when the feed runs or has failed.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    _opening: SemaphorePermit<'a>,
    trial: Option<Trial<'a>>,
}

/// One of those who try during trouble.
#[derive(Debug)]
struct Trial<'a>(&'a Gate);

/// Whether somebody may go in.
enum Turn<'a> {
    /// All is well.
    Free,
    Try(Trial<'a>),
    /// When there is something new, or at this moment.
    Wait(Option<Instant>),
}

impl Gate {
    /// How many feeds may be opening at once.
    pub(crate) const WIDTH: usize = 50;

    /// The gate of one kind; `opening` has [`Gate::WIDTH`] places for all kinds together.
    pub(crate) fn new(opening: Arc<Semaphore>) -> Self {
        let state = State { window: Self::WIDTH, trying: 0, quiet_until: Instant::now() };
        Self { opening, state: Mutex::new(state), changed: Notify::new(), recovered: Notify::new() }
    }

    /// Waits for the right to open.
    #[expect(clippy::expect_used, reason = "the semaphore is never closed")]
    pub(crate) async fn enter(&self) -> Pass<'_> {
        loop {
            // From before the look on, so that no change is missed.
            let changed = self.changed.notified();
            // Who waits for a turn must not take the places of other kinds.
            let trial = match self.turn() {
                Turn::Free => None,
                Turn::Try(trial) => Some(trial),
                Turn::Wait(None) => {
                    changed.await;
                    continue;
                }
                Turn::Wait(Some(until)) => {
                    tokio::select! {
                        () = sleep_until(until) => {}
                        () = changed => {}
                    }
                    continue;
                }
            };
            let opening = self.opening.acquire().await.expect("never closed");
            // Trouble may have begun while this one waited for a place.
            if trial.is_some() || self.state().is_well() {
                return Pass { _opening: opening, trial };
            }
        }
    }

    fn turn(&self) -> Turn<'_> {
        let mut state = self.state();
        if state.is_well() {
            return Turn::Free;
        }
        if state.quiet_until > Instant::now() {
            return Turn::Wait(Some(state.quiet_until));
        }
        if state.trying >= state.window {
            return Turn::Wait(None);
        }
        state.trying += 1;
        Turn::Try(Trial(self))
    }

    /// The API server is away, and nobody should try again before `pause`.
    pub(crate) fn away(&self, pause: Duration) {
        let mut state = self.state();
        state.window = 1;
        state.keep_quiet(pause);
    }

    /// The API server refused one because it is busy. Each feed pauses as it was asked to; if no more than one may try, all do.
    pub(crate) fn busy(&self, pause: Duration) {
        let mut state = self.state();
        state.window = (state.window / 2).max(1);
        if state.window == 1 {
            state.keep_quiet(pause);
        }
    }

    /// Waits until the first success after trouble.
    pub(crate) async fn recovered(&self) {
        self.recovered.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_well(&self) -> bool {
        self.window >= Gate::WIDTH
    }

    /// Whoever asks for less than another did does not end that pause.
    fn keep_quiet(&mut self, pause: Duration) {
        let until = Instant::now().checked_add(pause);
        self.quiet_until = until.map_or(self.quiet_until, |until| until.max(self.quiet_until));
    }
}

impl Pass<'_> {
    /// The feed runs: more may follow. What was on its way before the trouble says nothing about it.
    pub(crate) fn opened(self) {
        let Some(Trial(gate)) = &self.trial else { return };
        let mut state = gate.state();
        let is_first = state.window == 1;
        state.window = (state.window * 2).min(Gate::WIDTH);
        state.quiet_until = Instant::now();
        drop(state);
        if is_first {
            gate.recovered.notify_waiters();
        }
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        self.0.state().trying -= 1;
        self.0.changed.notify_waiters();
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
        gate.away(PAUSE);
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
        gate.away(Duration::ZERO);
        let probe = gate.enter().await;
        gate.away(PAUSE);
        drop(probe);
        let before = Instant::now();
        drop(gate.enter().await);
        assert_eq!(before.elapsed(), PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_pause_that_was_asked_for_holds_and_one_without_end_is_no_pause() {
        let gate = gate();
        gate.away(PAUSE * 5);
        gate.busy(PAUSE);
        gate.away(Duration::MAX);
        let before = Instant::now();
        drop(gate.enter().await);
        assert_eq!(before.elapsed(), PAUSE * 5);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_first_success_after_trouble_wakes_who_waits_for_it() {
        let gate = gate();
        gate.away(Duration::ZERO);
        let mut waiting = std::pin::pin!(gate.recovered());
        assert!(waiting.as_mut().now_or_never().is_none());
        gate.enter().await.opened();
        assert!(waiting.now_or_never().is_some());
        let mut waiting = std::pin::pin!(gate.recovered());
        assert!(waiting.as_mut().now_or_never().is_none());
        for _ in 0..10 {
            gate.enter().await.opened();
        }
        assert!(waiting.now_or_never().is_none(), "trouble was over before");
    }

    #[tokio::test(start_paused = true)]
    async fn an_api_server_that_lets_one_through_at_a_time_is_not_overrun_and_all_come_in() {
        let gate = gate();
        let served = Semaphore::new(1);
        let refusals = std::cell::Cell::new(0);
        let began = Instant::now();
        let open = async || {
            loop {
                let pass = gate.enter().await;
                let place = served.try_acquire();
                tokio::time::sleep(Duration::from_millis(10)).await;
                match place {
                    Ok(_place) => return pass.opened(),
                    Err(_) => {
                        refusals.set(refusals.get() + 1);
                        drop(pass);
                        gate.busy(PAUSE);
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        };
        futures_util::future::join_all((0..160).map(|_| open())).await;
        let (took, refused) = (began.elapsed(), refusals.get());
        assert!(took < PAUSE * 30 && refused < 400, "{refused} refusals in {took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn while_all_are_refused_one_tries_after_each_pause() {
        let gate = gate();
        let tries = std::cell::Cell::new(0);
        let knock = async || {
            loop {
                let pass = gate.enter().await;
                tries.set(tries.get() + 1);
                tokio::time::sleep(Duration::from_millis(10)).await;
                drop(pass);
                gate.busy(PAUSE);
                tokio::time::sleep(PAUSE).await;
            }
        };
        let all = futures_util::future::join_all((0..160).map(|_| knock()));
        let _ = tokio::time::timeout(PAUSE * 60, all).await;
        assert!((55..=Gate::WIDTH + 60).contains(&tries.get()), "{} tries in sixty pauses", tries.get());
    }

    #[tokio::test(start_paused = true)]
    async fn all_kinds_together_open_only_so_many_feeds_and_one_in_trouble_takes_no_places() {
        let opening = Arc::new(Semaphore::new(2));
        let [one, other] = [Gate::new(Arc::clone(&opening)), Gate::new(opening)];
        let (first, second) = (one.enter().await, other.enter().await);
        assert!(other.enter().now_or_never().is_none(), "two are opening");
        drop((first, second));
        one.away(PAUSE);
        let mut waiting = [std::pin::pin!(one.enter()), std::pin::pin!(one.enter())];
        assert!(waiting.iter_mut().all(|enter| enter.as_mut().now_or_never().is_none()));
        let both = (other.enter().now_or_never(), other.enter().now_or_never());
        assert!(both.0.is_some() && both.1.is_some(), "the other kind is well");
    }
}
