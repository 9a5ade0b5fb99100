//! The feeds that run, brought in line with who is here and what they may.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use fanlight_model::{Identity, Kind, Scope};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::AbortHandle,
    time::Instant,
};

use crate::{
    Feeds, Pace,
    desk::Message,
    feed::Feed,
    gate::Gate,
    people::PersonId,
    plan::{Runs, Sitter, Step, plan},
    presence::{Presence, Sponsored},
    rota::Rota,
    store::{FeedId, FeedKey, Mode, Store},
};

pub(crate) type People = BTreeMap<PersonId, Presence>;

/// The feeds.
pub(crate) struct Crew {
    feeds: Arc<dyn Feeds>,
    store: Arc<Store>,
    pace: Pace,
    desk: mpsc::UnboundedSender<Message>,
    opening: Arc<Semaphore>,
    rota: Arc<Rota>,
    gates: HashMap<Kind, Arc<Gate>>,
    running: BTreeMap<FeedKey, Running>,
    counter: u64,
}

struct Running {
    id: FeedId,
    mode: Mode,
    sponsor: PersonId,
    hand: watch::Sender<Identity>,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Crew {
    pub(crate) fn new(
        feeds: Arc<dyn Feeds>,
        store: Arc<Store>,
        pace: Pace,
        desk: mpsc::UnboundedSender<Message>,
    ) -> Self {
        Self {
            feeds,
            store,
            rota: Arc::new(Rota::new(pace.turn)),
            pace,
            desk,
            opening: Arc::new(Semaphore::new(Gate::WIDTH)),
            gates: HashMap::new(),
            running: BTreeMap::new(),
            counter: 0,
        }
    }

    /// How many run.
    pub(crate) fn count(&self) -> usize {
        self.running.len()
    }

    /// Starts, stops and hands over what has to be.
    pub(crate) fn replan(&mut self, people: &mut People, installed: &BTreeSet<Kind>) {
        let now = Instant::now();
        let steps = {
            let here = people.iter().filter(|(_, presence)| presence.is_here());
            let here: Vec<_> = here.map(|(id, presence)| (*id, presence, presence.person.grant())).collect();
            let sitters = here.iter().map(|(id, presence, grant)| {
                let (wants, falters) = (presence.wants(), presence.falters(now));
                Sitter { id: *id, wants, falters, grant }
            });
            let sitters: Vec<_> = sitters.collect();
            let runs = self.running.iter().map(|(key, runs)| {
                let synced = self.store.is_synced(key);
                (key.clone(), Runs { mode: runs.mode, sponsor: runs.sponsor, synced })
            });
            plan(&sitters, installed, &runs.collect(), self.pace.watches)
        };
        for step in steps {
            self.carry_out(step, people);
        }
        let mut sponsored = HashMap::<PersonId, Sponsored>::new();
        for (key, running) in &self.running {
            let of = sponsored.entry(running.sponsor).or_default();
            let kinds = if key.scope == Scope::Cluster { &mut of.whole } else { &mut of.inside };
            *kinds = kinds.with(key.kind);
        }
        for (id, presence) in people {
            presence.set_sponsored(sponsored.get(id).copied().unwrap_or_default(), now);
        }
    }

    fn carry_out(&mut self, step: Step, people: &People) {
        let identity = |person: PersonId| people.get(&person).map(|presence| presence.person.identity.clone());
        match step {
            Step::Start { key, mode, sponsor } => {
                if let Some(identity) = identity(sponsor) {
                    self.start(key, mode, sponsor, identity);
                }
            }
            Step::Sponsor { key, sponsor } => {
                let Some(identity) = identity(sponsor) else { return };
                if let Some(running) = self.running.get_mut(&key) {
                    tracing::debug!(feed = %key, sponsor = %identity.user(), "feed handed over");
                    running.sponsor = sponsor;
                    running.hand.send_replace(identity);
                }
            }
            Step::Stop { key } => {
                if let Some(running) = self.running.remove(&key) {
                    tracing::debug!(feed = %key, "feed stopped");
                    self.store.close(&key, running.id);
                }
            }
        }
    }

    fn start(&mut self, key: FeedKey, mode: Mode, sponsor: PersonId, identity: Identity) {
        self.counter += 1;
        let id = FeedId(self.counter);
        tracing::debug!(feed = %key, sponsor = %identity.user(), ?mode, "feed started");
        self.store.open(&key, id, Instant::now());
        let (hand, receiver) = watch::channel(identity);
        let gate = || Arc::new(Gate::new(Arc::clone(&self.opening)));
        let gate = self.gates.entry(key.kind).or_insert_with(gate);
        let feed = Feed {
            key: key.clone(),
            id,
            mode,
            sponsor: receiver,
            feeds: Arc::clone(&self.feeds),
            store: Arc::clone(&self.store),
            gate: Arc::clone(gate),
            rota: Arc::clone(&self.rota),
            desk: self.desk.clone(),
            pace: self.pace.clone(),
        };
        let task = tokio::spawn(feed.run()).abort_handle();
        self.running.insert(key, Running { id, mode, sponsor, hand, task });
    }
}
