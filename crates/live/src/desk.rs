//! The one task that knows who is here, what they may see, and which feeds run.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use fanlight_model::{Identity, Kind, Name};
use futures_util::StreamExt;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Pace, SessionKey, Visitor,
    agenda::{Due, Scene},
    asking::{Ask, Asker, Told},
    crew::{Crew, People},
    figures::Counted,
    gains::{Gain, Gains},
    people::{Kinds, LeaseId, Person, PersonId},
    presence::{Presence, Wish},
    store::FeedKey,
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
    /// The API server answered; if the questions are of a survey, it has this number.
    Answered { person: PersonId, told: Vec<Told>, survey: Option<u64> },
    /// A feed's sponsor was refused.
    Refused { key: FeedKey, sponsor: Identity },
    /// A feed's sponsor gets no feed opened, for whatever reason.
    Faltered { sponsor: Identity },
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

/// Where the desk's facts come from, and what it keeps.
pub(crate) struct Desk {
    pub(crate) asker: Asker,
    pub(crate) pace: Pace,
    /// When it began to ask.
    pub(crate) epoch: Instant,
    pub(crate) namespaces: watch::Receiver<Option<Arc<[Arc<str>]>>>,
    pub(crate) installed: watch::Receiver<Option<Arc<BTreeSet<Kind>>>>,
    pub(crate) post: mpsc::UnboundedSender<Message>,
    pub(crate) counted: Arc<Counted>,
    pub(crate) crew: Crew,
    pub(crate) state: State,
}

/// Who is known.
#[derive(Default)]
pub(crate) struct State {
    ids: HashMap<Identity, PersonId>,
    people: People,
    gains: Gains,
    /// When the last took their turn to be surveyed.
    turn: Option<Instant>,
    counter: u64,
    /// Something has happened on which depends which feeds run.
    moved: bool,
}

impl State {
    /// So many are remembered of those who left and were one user by different tokens. Each is somebody of their own, and
    /// who may make tokens makes as many as they like.
    const PASSERS_BY: usize = 8;

    /// Forgets those of them who were here longest ago.
    fn forget_passers_by(&mut self) {
        let mut gone: HashMap<Name, Vec<(Instant, PersonId)>> = HashMap::new();
        for (id, presence) in self.people.iter().filter(|(_, presence)| !presence.is_here()) {
            if let Identity::Holder(holder) = &presence.person.identity {
                gone.entry(holder.user().clone()).or_default().push((presence.last_seen(), *id));
            }
        }
        for mut gone in gone.into_values().filter(|gone| gone.len() > Self::PASSERS_BY) {
            gone.sort_unstable_by_key(|(seen, _)| *seen);
            for (_, id) in &gone[..gone.len() - Self::PASSERS_BY] {
                self.people.remove(id);
            }
        }
    }
}

impl Desk {
    /// How often ages are looked at.
    const TICK: Duration = Duration::from_millis(250);

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
                Ok(()) = installed.changed() => self.kinds_changed(),
                _ = ticks.tick() => self.expire(),
            }
            if std::mem::take(&mut self.state.moved) {
                let installed = self.installed.borrow().clone().unwrap_or_default();
                self.crew.replan(&mut self.state.people, &installed);
            }
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
                self.state.moved = true;
            }
            Message::Recheck { who, done } => {
                let namespaces = self.namespaces.borrow().clone().unwrap_or_default();
                if let Some(presence) = self.presence(&who) {
                    presence.recheck(&namespaces, now);
                    presence.waiting.push(done);
                }
            }
            Message::Answered { person, told, survey } => self.answered(person, told, survey, now),
            Message::Refused { key, sponsor } => {
                if let Some(presence) = self.presence(&sponsor) {
                    presence.ask(Ask::Everywhere(key.kind), now);
                    if let Some(namespace) = key.scope.namespace() {
                        presence.ask(Ask::Namespace(Arc::clone(namespace)), now);
                    }
                }
            }
            Message::Faltered { sponsor } => {
                if let Some(presence) = self.presence(&sponsor) {
                    presence.falter(now);
                    self.state.moved = true;
                }
            }
            Message::Synced => self.state.moved = true,
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
        let namespaces = self.namespaces.borrow().clone().unwrap_or_default();
        let newcomer = || Presence::new(visitor.identity.clone(), &namespaces, now);
        let presence = self.state.people.entry(id).or_insert_with(newcomer);
        let (over, before) = (CancellationToken::new(), presence.needs());
        presence.take(lease, visitor, wish, over.clone(), now);
        self.state.moved |= presence.needs() != before;
        let taken = Seat { person: Arc::clone(&presence.person), id, lease, over };
        if seat.send(taken).is_err() {
            presence.release(lease, now, now);
        }
    }

    fn answered(&mut self, person: PersonId, told: Vec<Told>, survey: Option<u64>, now: Instant) {
        let trust = self.pace.trust;
        let Some(presence) = self.state.people.get_mut(&person) else { return };
        presence.came_back(&told, now);
        let mut grant = presence.person.grant_mut();
        let (mut news, mut unanswered) = (false, BTreeSet::new());
        // Of which kinds each of the answers said something, be it that nothing is known.
        let mut spoken_of: Kinds = Kind::all().collect();
        let (mut again, mut gains, was_settling) = (Vec::new(), Vec::new(), grant.is_settling());
        for Told { ask, asked, heard } in told {
            match heard {
                None => drop(unanswered.insert(ask)),
                Some(heard) => {
                    let kinds = heard.rights.iter().map(|(kind, _)| *kind).collect::<Kinds>().join(heard.open);
                    presence.surveys.heard(&ask, asked, kinds);
                    spoken_of = spoken_of.meet(kinds);
                    let is_open = !heard.open.is_empty();
                    let inside = ask.namespace().map(|namespace| (Arc::clone(namespace), grant.kinds_in(namespace)));
                    news |= heard.note(&mut grant, &ask, asked, trust);
                    gains.extend(inside.and_then(|(namespace, before)| Gain::found(&grant, &namespace, before)));
                    again.extend(Some(ask).filter(|_| is_open));
                }
            }
        }
        let ended = survey.and_then(|number| presence.surveys.answered(number, unanswered, spoken_of));
        news |= ended.is_some_and(|surveyed| surveyed.note(&mut grant));
        let has_lost = grant.is_settling() && !was_settling;
        drop(grant);
        if has_lost {
            presence.doubt(now);
        }
        again.into_iter().for_each(|ask| presence.again(ask, now));
        presence.wake = now;
        presence.answer();
        if news {
            presence.person.announce();
        }
        self.state.moved |= presence.settle(now, trust) | news;
        self.state.gains.pass_on(gains, person, &mut self.state.people, now);
    }

    fn namespaces_changed(&mut self) {
        let namespaces = self.namespaces.borrow().clone().unwrap_or_default();
        let namespaces: BTreeSet<_> = namespaces.iter().cloned().collect();
        let now = Instant::now();
        for presence in self.state.people.values_mut() {
            presence.person.grant_mut().keep_namespaces(|namespace| namespaces.contains(namespace));
            presence.meet(&namespaces, now);
        }
        self.state.moved = true;
    }

    fn kinds_changed(&mut self) {
        let now = Instant::now();
        self.state.people.values_mut().for_each(|presence| presence.wake = now);
        self.state.moved = true;
    }

    fn expire(&mut self) {
        let now = Instant::now();
        let forget = self.pace.forget;
        for presence in self.state.people.values_mut() {
            self.state.moved |= presence.expire(now) | presence.settle(now, self.pace.trust);
        }
        self.state.people.retain(|_, presence| !presence.is_forgettable(now, forget));
        self.state.forget_passers_by();
        let people = &self.state.people;
        self.state.ids.retain(|_, id| people.contains_key(id));
        let sessions: HashSet<_> = people.values().flat_map(Presence::sessions).collect();
        self.counted.set(sessions.len(), self.crew.count());
    }

    /// Asks what is due, person by person.
    fn ask(&mut self) {
        let now = Instant::now();
        if self.state.people.values().all(|presence| presence.wake > now) {
            return;
        }
        let installed = self.installed.borrow().clone().unwrap_or_default();
        let namespaces = self.namespaces.borrow().clone();
        let Turns { pause, gap } = self.turns(namespaces.as_deref().map_or(0, <[_]>::len));
        self.counted.set_survey(pause);
        let pace = &self.pace;
        let mut scene = Scene {
            installed: &installed,
            namespaces: namespaces.as_deref(),
            pace,
            survey: pause,
            gap,
            turn: self.state.turn.map_or(now, |last| last + gap),
            epoch: self.epoch,
            now,
        };
        let mut awake: Vec<_> = self.state.people.iter_mut().filter(|(_, presence)| presence.wake <= now).collect();
        // Whoever has waited longest for a survey comes first.
        awake.sort_by_key(|(_, presence)| presence.surveys.begun().unwrap_or(now));
        for (id, presence) in awake {
            presence.ripen(now);
            let Due { asks, survey, surveys_nothing, part, next } = presence.due(&scene);
            if surveys_nothing {
                presence.surveys.abandon();
            }
            if let Some(start) = survey {
                presence.surveys.begin(start, now);
                if scene.turn <= now {
                    self.state.turn = Some(now);
                    scene.turn = now + gap;
                }
            }
            let (asker, post) = (&self.asker, &self.post);
            if !asks.is_empty() {
                send(asker, post, *id, presence, asks, None);
            }
            if let Some((number, part)) = presence.part(part, now) {
                send(asker, post, *id, presence, part, Some(number));
            }
            let further = presence.surveys.next().filter(|_| part > 0);
            // A person of whom nothing is due is woken by what happens.
            presence.wake = next.into_iter().chain(further).min().unwrap_or(now + pace.survey);
        }
    }

    /// How far apart surveys are: as far as it takes to ask no more than is granted a minute.
    fn turns(&self, namespaces: usize) -> Turns {
        /// Of a hundred questions so many are left to surveys, whatever else must be asked.
        const LEAST: usize = 7;
        let here = self.state.people.values().filter(|presence| presence.is_here());
        let (people, held) = here.fold((0, 0), |(people, held), presence| {
            let grant = presence.person.grant();
            let is_surveyed = presence.surveys.begun().is_some();
            (people + usize::from(is_surveyed), held + grant.count_namespaces())
        });
        let granted = self.pace.questions as usize;
        let round = usize::try_from(self.pace.recheck.as_millis()).unwrap_or_default().max(1);
        let rechecks = held * 60_000 / round;
        let left = granted.saturating_sub(rechecks).max(granted * LEAST / 100).max(1);
        let seconds = u64::try_from(people * namespaces * 60 / left).unwrap_or(u64::MAX);
        let pause = self.pace.survey.max(Duration::from_secs(seconds));
        Turns { pause, gap: pause / u32::try_from(people).unwrap_or(u32::MAX).max(1) }
    }

    fn presence(&mut self, identity: &Identity) -> Option<&mut Presence> {
        self.state.people.get_mut(self.state.ids.get(identity)?)
    }

    fn next(&mut self) -> u64 {
        self.state.counter += 1;
        self.state.counter
    }
}

/// How far apart surveys are.
struct Turns {
    /// Those of one person.
    pause: Duration,
    /// Those of any two.
    gap: Duration,
}

/// Asks about somebody; if that is of a survey, it has this number.
fn send(
    asker: &Asker,
    post: &mpsc::UnboundedSender<Message>,
    person: PersonId,
    presence: &mut Presence,
    asks: BTreeSet<Ask>,
    survey: Option<u64>,
) {
    presence.sent(&asks);
    let (asker, post) = (asker.clone(), post.clone());
    let wanted = presence.asks().join(presence.sponsored().inside);
    let who = presence.person.identity.clone();
    tokio::spawn(async move {
        let answers = asker.ask_all(&who, asks, wanted);
        if survey.is_some() {
            // What is known of some namespaces only would look like all that is allowed.
            let _ = post.send(Message::Answered { person, told: answers.collect().await, survey });
            return;
        }
        let mut answers = pin!(answers.ready_chunks(Asker::PER_PERSON));
        while let Some(told) = answers.next().await {
            let _ = post.send(Message::Answered { person, told, survey: None });
        }
    });
}
