//! One feed: a task that keeps the rows of one kind in one scope current, in its sponsor's name.

use std::{sync::Arc, time::Duration};

use fanlight_model::{FeedError, Identity};
use futures_util::StreamExt;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};

use crate::{
    Feeds, Pace,
    backoff::Backoff,
    desk::Message,
    gate::{Gate, Pass},
    rota::Rota,
    store::{FeedId, FeedKey, Mode, Store, Taken},
};

/// What a feed's task works with.
pub(crate) struct Feed {
    pub(crate) key: FeedKey,
    pub(crate) id: FeedId,
    pub(crate) mode: Mode,
    pub(crate) sponsor: watch::Receiver<Identity>,
    pub(crate) feeds: Arc<dyn Feeds>,
    pub(crate) store: Arc<Store>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) rota: Arc<Rota>,
    pub(crate) desk: mpsc::UnboundedSender<Message>,
    pub(crate) pace: Pace,
}

/// How one attempt ended.
enum Ended {
    /// As expected: go on.
    Cleanly,
    /// The store no longer wants this feed.
    Closed,
    /// With an error.
    Failed(FeedError),
}

/// What an API server that is away costs in pauses must not count against the first word it says when it is back.
struct Pauses {
    /// How many attempts have failed one after the other.
    failures: u32,
    /// While it is away or busy: short, since the gate lets few ask.
    trouble: Backoff,
    /// After any other answer than the wanted one.
    refused: Backoff,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            failures: 0,
            trouble: Backoff::up_to(Duration::from_secs(2)),
            refused: Backoff::up_to(Duration::from_secs(10)),
        }
    }
}

impl Feed {
    /// The pause after an attempt that ended well, so that a server which closes every watch at once is not hammered.
    const BREATH: Duration = Duration::from_millis(100);
    /// After so many failures another sponsor is looked for.
    const PATIENCE: u32 = 2;

    /// Runs until the feed is closed. Dropped (aborted) at any moment, it loses nothing: the version advances only with
    /// what the store has taken in.
    pub(crate) async fn run(mut self) {
        let mut pauses = Pauses::default();
        loop {
            let sponsor = self.sponsor.borrow_and_update().clone();
            let mut hand_over = self.sponsor.clone();
            let ended = tokio::select! {
                ended = self.attempt(&sponsor, &mut pauses) => ended,
                changed = hand_over.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
            };
            // Who is told when to come back does so then, also if others were let in before.
            let is_asked_to_wait = matches!(ended, Ended::Failed(FeedError::Busy(_)));
            let pause = match ended {
                Ended::Closed => return,
                Ended::Cleanly => Self::BREATH,
                Ended::Failed(error) => self.note(&error, &sponsor, &mut pauses),
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.gate.recovered(), if !is_asked_to_wait => {}
                changed = hand_over.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn attempt(&self, sponsor: &Identity, pauses: &mut Pauses) -> Ended {
        match self.mode {
            Mode::Watch => self.watch(sponsor, pauses).await,
            Mode::Poll => self.poll(sponsor, pauses).await,
        }
    }

    async fn watch(&self, sponsor: &Identity, pauses: &mut Pauses) -> Ended {
        /// How many events are taken in under one lock: a first list comes in thousands.
        const BATCH: usize = 256;
        // Until a watch is open again nothing confirms the rows.
        self.store.broke(&self.key, self.id, Instant::now());
        let mut pass = Some(self.gate.enter().await);
        let from = self.store.version(&self.key, self.id);
        if from.is_none() {
            self.store.begin_listing(&self.key, self.id);
        }
        let mut reported = self.store.is_synced(&self.key);
        let stream = self.feeds.watch(sponsor, self.key.kind, &self.key.scope, from);
        let mut batches = stream.ready_chunks(BATCH);
        while let Some(batch) = batches.next().await {
            let mut failure = None;
            let changes =
                batch.into_iter().map_while(|item| item.map_err(|error| failure = Some(error)).ok()).collect();
            match self.store.apply(&self.key, self.id, changes) {
                Taken::Fine => {}
                Taken::Closed => return Ended::Closed,
                Taken::StartOver => return Ended::Cleanly,
            }
            if let Some(error) = failure {
                return Ended::Failed(error);
            }
            if pass.is_some() && self.store.is_live(&self.key, self.id) {
                *pauses = Pauses::default();
                pass.take().into_iter().for_each(Pass::opened);
                if !std::mem::replace(&mut reported, true) {
                    let _ = self.desk.send(Message::Synced);
                }
            }
        }
        Ended::Cleanly
    }

    async fn poll(&self, sponsor: &Identity, pauses: &mut Pauses) -> Ended {
        let is_first = !self.store.is_synced(&self.key);
        // A first list is waited for.
        if !is_first {
            self.rota.turn().await;
        }
        let pass = self.gate.enter().await;
        let asked = Instant::now();
        let listing = match self.feeds.list(sponsor, self.key.kind, &self.key.scope).await {
            Ok(listing) => listing,
            Err(error) => return Ended::Failed(error),
        };
        pass.opened();
        *pauses = Pauses::default();
        if self.store.replace(&self.key, self.id, listing, asked) == Taken::Closed {
            return Ended::Closed;
        }
        if is_first {
            let _ = self.desk.send(Message::Synced);
        }
        sleep(self.pace.poll).await;
        Ended::Cleanly
    }

    /// Takes note of a failure; says how long to wait.
    fn note(&self, error: &FeedError, sponsor: &Identity, pauses: &mut Pauses) -> Duration {
        self.store.broke(&self.key, self.id, Instant::now());
        tracing::debug!(feed = %self.key, sponsor = %sponsor.user(), %error, "feed interrupted");
        pauses.failures += 1;
        // An API server that is away is away for everybody.
        if pauses.failures.is_multiple_of(Self::PATIENCE) && !matches!(error, FeedError::Unreachable(_)) {
            let _ = self.desk.send(Message::Faltered { sponsor: sponsor.clone() });
        }
        match error {
            FeedError::Busy(asked) => {
                let pause = pauses.trouble.next(Some(*asked));
                self.gate.busy(pause);
                return pause;
            }
            FeedError::Unreachable(_) => {
                let pause = pauses.trouble.next(None);
                self.gate.away(pause);
                return pause;
            }
            FeedError::Gone => self.store.forget_version(&self.key, self.id),
            FeedError::Forbidden(_) => {
                let refused = Message::Refused { key: self.key.clone(), sponsor: sponsor.clone() };
                let _ = self.desk.send(refused);
            }
            FeedError::NotServed | FeedError::Unexpected(_) => {}
        }
        pauses.refused.next(None)
    }
}
