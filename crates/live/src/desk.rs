//! The one task that knows who is here, what they may see, and which feeds run.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use fanlight_model::{Identity, Kind};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::AbortHandle,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Feeds, Pace, SessionKey, Visitor,
    asking::{Ask, Asker, Heard, Told},
    feed::Feed,
    figures::Counted,
    gate::Gate,
    grant::{Grant, Held},
    people::{LeaseId, Person, PersonId, Presence, Scene, Survey, Wish},
    plan::{Runs, Sitter, Step, plan},
    store::{FeedId, FeedKey, Mode, Store},
};

/// What the desk is told.
pub(crate) enum Message {
    /// Somebody opens a view.
    Enter { visitor: Visitor, wish: Wish, seat: oneshot::Sender<Seat> },
    /// A view was closed.
    Release { person: PersonId, lease: LeaseId },
    /// A session was ended by its owner.
    Leave(SessionKey),
    /// Somebody wants to be asked about again.
    Recheck { who: Identity, done: oneshot::Sender<()> },
    /// The API server answered.
    Answered { person: PersonId, told: Vec<Told>, survey: Option<(Survey, Instant)> },
    /// A feed's sponsor was refused.
    Refused { key: FeedKey, sponsor: Identity },
    /// A feed has become complete, so that others may have become superfluous.
    Synced,
}

/// What a view gets when it opens.
pub(crate) struct Seat {
    pub(crate) person: Arc<Person>,
    pub(crate) id: PersonId,
    pub(crate) lease: LeaseId,
    /// Cancelled when the session is ended by its owner.
    pub(crate) over: CancellationToken,
}

/// Where the desk's facts come from.
pub(crate) struct Desk {
    pub(crate) feeds: Arc<dyn Feeds>,
    pub(crate) asker: Asker,
    pub(crate) store: Arc<Store>,
    pub(crate) pace: Pace,
    pub(crate) namespaces: watch::Receiver<Option<Arc<[Arc<str>]>>>,
    pub(crate) installed: watch::Receiver<Option<Arc<BTreeSet<Kind>>>>,
    pub(crate) post: mpsc::UnboundedSender<Message>,
    pub(crate) counted: Arc<Counted>,
    pub(crate) state: State,
}

/// What the desk keeps.
#[derive(Default)]
pub(crate) struct State {
    ids: HashMap<Identity, PersonId>,
    people: BTreeMap<PersonId, Presence>,
    running: BTreeMap<FeedKey, Running>,
    gates: HashMap<Kind, Arc<Gate>>,
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

impl Desk {
    /// How often ages are looked at.
    const TICK: Duration = Duration::from_millis(250);
    /// The pause after questions that were not answered.
    const UNANSWERED: Duration = Duration::from_secs(1);

    /// Runs until shutdown; every feed ends with it.
    pub(crate) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Message>, shutdown: CancellationToken) {
        let mut ticks = interval(Self::TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut namespaces = self.namespaces.clone();
        let mut installed = self.installed.clone();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                message = inbox.recv() => {
                    let Some(message) = message else { return };
                    self.hear(message);
                    while let Ok(message) = inbox.try_recv() {
                        self.hear(message);
                    }
                }
                Ok(()) = namespaces.changed() => self.namespaces_changed(),
                Ok(()) = installed.changed() => {}
                _ = ticks.tick() => self.expire(),
            }
            self.replan();
            self.ask();
        }
    }

    fn hear(&mut self, message: Message) {
        let now = Instant::now();
        match message {
            Message::Enter { visitor, wish, seat } => self.enter(&visitor, wish, seat, now),
            Message::Release { person, lease } => {
                let until = now + self.pace.linger;
                if let Some(presence) = self.state.people.get_mut(&person) {
                    presence.release(lease, until, now);
                }
            }
            Message::Leave(session) => {
                self.state.people.values_mut().for_each(|presence| presence.leave(session));
            }
            Message::Recheck { who, done } => {
                let namespaces = known(&self.namespaces);
                if let Some(presence) = self.presence(&who) {
                    presence.recheck(&namespaces);
                    presence.waiting.push(done);
                }
            }
            Message::Answered { person, told, survey } => self.answered(person, told, survey, now),
            Message::Refused { key, sponsor } => {
                let ask = match key.scope.namespace() {
                    Some(namespace) => Ask::Namespace(Arc::clone(namespace)),
                    None => Ask::Everywhere(key.kind),
                };
                if let Some(presence) = self.presence(&sponsor) {
                    presence.urgent.insert(ask);
                }
            }
            Message::Synced => {}
        }
    }

    fn enter(&mut self, visitor: &Visitor, wish: Wish, seat: oneshot::Sender<Seat>, now: Instant) {
        let lease = LeaseId(self.next());
        let id = match self.state.ids.get(&visitor.identity) {
            Some(id) => *id,
            None => {
                let id = PersonId(self.next());
                self.state.ids.insert(visitor.identity.clone(), id);
                id
            }
        };
        let namespaces = known(&self.namespaces);
        let newcomer = || Presence::new(visitor.identity.clone(), &namespaces, now);
        let presence = self.state.people.entry(id).or_insert_with(newcomer);
        let over = CancellationToken::new();
        presence.take(lease, visitor, wish, over.clone(), now);
        let taken = Seat { person: Arc::clone(&presence.person), id, lease, over };
        if seat.send(taken).is_err() {
            presence.release(lease, now, now);
        }
    }

    fn answered(&mut self, person: PersonId, told: Vec<Told>, survey: Option<(Survey, Instant)>, now: Instant) {
        let trust = self.pace.trust;
        let Some(presence) = self.state.people.get_mut(&person) else { return };
        let mut grant = presence.person.grant_mut();
        let mut news = false;
        let mut unanswered = false;
        for Told { ask, asked, heard } in told {
            presence.asking.remove(&ask);
            match heard {
                None => unanswered = true,
                Some(heard) => news |= note(&mut grant, &ask, asked, heard, trust),
            }
        }
        if let (Some((survey, began)), false) = (survey, unanswered) {
            if survey == Survey::Sight {
                news |= grant.surveyed().is_none();
                grant.set_surveyed(began);
            }
            grant.changes.set_surveyed(began);
        }
        drop(grant);
        presence.pause = unanswered.then(|| now + Self::UNANSWERED);
        presence.answer();
        if news {
            presence.person.announce();
        }
    }

    fn namespaces_changed(&mut self) {
        let namespaces: BTreeSet<_> = known(&self.namespaces).iter().cloned().collect();
        let now = Instant::now();
        for presence in self.state.people.values_mut() {
            presence.person.grant_mut().keep_namespaces(|namespace| namespaces.contains(namespace));
            presence.meet(&namespaces, now);
        }
    }

    fn expire(&mut self) {
        let now = Instant::now();
        let forget = self.pace.forget;
        self.state.people.retain(|_, presence| presence.expire(now, forget));
        let people = &self.state.people;
        self.state.ids.retain(|_, id| people.contains_key(id));
        let sessions: HashSet<_> = people.values().flat_map(Presence::sessions).collect();
        self.counted.set(sessions.len(), self.state.running.len());
    }

    /// Asks what is due, person by person.
    fn ask(&mut self) {
        let installed = self.installed.borrow().clone().unwrap_or_default();
        let namespaces = known(&self.namespaces);
        let now = Instant::now();
        let scene = Scene { installed: &installed, namespaces: &namespaces, pace: &self.pace, now };
        let namespaces_known = self.namespaces.borrow().is_some();
        for (id, presence) in &mut self.state.people {
            presence.ripen(now);
            let due = presence.due(&scene);
            if due.asks.is_empty() && due.survey.is_none() {
                continue;
            }
            let asks = due.asks;
            presence.asking.extend(asks.iter().cloned());
            presence.urgent.retain(|ask| !presence.asking.contains(ask));
            let survey = due.survey.filter(|_| namespaces_known).map(|survey| (survey, now));
            let (asker, post, person) = (self.asker.clone(), self.post.clone(), *id);
            let (who, wanted) = (presence.person.identity.clone(), presence.asks());
            tokio::spawn(async move {
                let told = asker.ask_all(&who, asks, wanted).await;
                let _ = post.send(Message::Answered { person, told, survey });
            });
        }
    }

    /// Brings the feeds in line with who is here and what they may.
    fn replan(&mut self) {
        let installed = self.installed.borrow().clone().unwrap_or_default();
        let here: Vec<_> = self
            .state
            .people
            .iter()
            .filter(|(_, presence)| presence.is_here())
            .map(|(id, presence)| (*id, presence.wants(), presence.person.grant()))
            .collect();
        let sitters: Vec<_> = here.iter().map(|(id, wants, grant)| Sitter { id: *id, wants: *wants, grant }).collect();
        let runs = self
            .state
            .running
            .iter()
            .map(|(key, runs)| {
                let synced = self.store.is_synced(key);
                (key.clone(), Runs { mode: runs.mode, sponsor: runs.sponsor, synced })
            })
            .collect();
        let steps = plan(&sitters, &installed, &runs);
        drop(sitters);
        drop(here);
        for step in steps {
            self.carry_out(step);
        }
    }

    fn carry_out(&mut self, step: Step) {
        match step {
            Step::Start { key, mode, sponsor } => self.start(key, mode, sponsor),
            Step::Sponsor { key, sponsor } => {
                let Some(identity) = self.identity(sponsor) else { return };
                if let Some(running) = self.state.running.get_mut(&key) {
                    tracing::debug!(feed = %key, sponsor = %identity.user(), "feed handed over");
                    running.sponsor = sponsor;
                    running.hand.send_replace(identity);
                }
            }
            Step::Stop { key } => {
                if let Some(running) = self.state.running.remove(&key) {
                    tracing::debug!(feed = %key, "feed stopped");
                    self.store.close(&key, running.id);
                }
            }
        }
    }

    fn start(&mut self, key: FeedKey, mode: Mode, sponsor: PersonId) {
        let Some(identity) = self.identity(sponsor) else { return };
        let id = FeedId(self.next());
        tracing::debug!(feed = %key, sponsor = %identity.user(), ?mode, "feed started");
        self.store.open(&key, id, Instant::now());
        let (hand, receiver) = watch::channel(identity);
        let gate = self.state.gates.entry(key.kind).or_insert_with(|| Arc::new(Gate::new()));
        let feed = Feed {
            key: key.clone(),
            id,
            mode,
            sponsor: receiver,
            feeds: Arc::clone(&self.feeds),
            store: Arc::clone(&self.store),
            gate: Arc::clone(gate),
            desk: self.post.clone(),
            pace: self.pace.clone(),
        };
        let task = tokio::spawn(feed.run()).abort_handle();
        self.state.running.insert(key, Running { id, mode, sponsor, hand, task });
    }

    fn identity(&self, person: PersonId) -> Option<Identity> {
        self.state.people.get(&person).map(|presence| presence.person.identity.clone())
    }

    fn presence(&mut self, identity: &Identity) -> Option<&mut Presence> {
        self.state.people.get_mut(self.state.ids.get(identity)?)
    }

    fn next(&mut self) -> u64 {
        self.state.counter += 1;
        self.state.counter
    }
}

/// Notes one answer; says whether anything but its age is new.
fn note(grant: &mut Grant, ask: &Ask, asked: Instant, heard: Heard, trust: Duration) -> bool {
    let Heard { rights, changes } = heard;
    let mut news = false;
    match ask {
        Ask::Everywhere(_) | Ask::Change(_) => {
            for (kind, rights) in rights {
                news |= grant.set_everywhere(kind, Held { rights, asked }, trust);
            }
            for (kind, answer) in changes {
                news |= grant.changes.set_everywhere(kind, answer, asked);
            }
        }
        Ask::Namespace(namespace) => {
            news |= grant.set_namespace(namespace, rights, asked, trust);
            news |= grant.changes.set_namespace(namespace, &changes);
        }
        Ask::Changes(namespace) => news |= grant.changes.set_namespace(namespace, &changes),
    }
    news
}

fn known(namespaces: &watch::Receiver<Option<Arc<[Arc<str>]>>>) -> Arc<[Arc<str>]> {
    namespaces.borrow().clone().unwrap_or_else(|| Arc::from([]))
}
