//! Who is here, what they look at, and what must be asked about them.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use fanlight_model::{Answer, Identity, Kind};
use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{Pace, SessionKey, Visitor, asking::Ask, grant::Grant};

/// The number of a person, in order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PersonId(pub(crate) u64);

/// The number of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LeaseId(pub(crate) u64);

/// A person as views know them: who it is and what they may see.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) identity: Identity,
    grant: RwLock<Grant>,
    news: watch::Sender<u64>,
}

impl Person {
    pub(crate) fn new(identity: Identity) -> Self {
        Self { identity, grant: RwLock::default(), news: watch::Sender::new(0) }
    }

    /// What they may see.
    pub(crate) fn grant(&self) -> RwLockReadGuard<'_, Grant> {
        self.grant.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn grant_mut(&self) -> RwLockWriteGuard<'_, Grant> {
        self.grant.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A receiver that wakes when they may see more or less than before.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Wakes the views.
    pub(crate) fn announce(&self) {
        self.news.send_modify(|count| *count += 1);
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Kinds(u32);

impl Kinds {
    pub(crate) fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind.index()) != 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::all().filter(move |kind| self.has(*kind))
    }

    fn join(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<T: IntoIterator<Item = Kind>>(kinds: T) -> Self {
        Kinds(kinds.into_iter().fold(0, |bits, kind| bits | 1 << kind.index()))
    }
}

/// A person as the desk knows them.
#[derive(Debug)]
pub(crate) struct Presence {
    pub(crate) person: Arc<Person>,
    leases: HashMap<LeaseId, Lease>,
    /// What is being asked at this moment.
    pub(crate) asking: HashSet<Ask>,
    /// What must be asked whatever its age.
    pub(crate) urgent: HashSet<Ask>,
    /// What must be asked at some moment to come.
    later: Vec<(Instant, Ask)>,
    /// The namespaces that existed when last looked at.
    met: BTreeSet<Arc<str>>,
    /// Who waits until nothing is being asked.
    pub(crate) waiting: Vec<oneshot::Sender<()>>,
    /// No question before this moment, because the last ones were not answered.
    pub(crate) pause: Option<Instant>,
    last_seen: Instant,
}

/// What a view needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) kinds: Kinds,
    /// Whether objects are looked at, or only what may be done with them.
    pub(crate) sees: bool,
}

/// The promise that somebody looks at some kinds.
#[derive(Debug)]
struct Lease {
    session: SessionKey,
    kinds: Kinds,
    /// Whether objects are looked at, or only what may be done with them.
    sees: bool,
    /// When it ends: the session's end, or sooner once the view is closed.
    until: Instant,
    /// Tells the view that the session was ended.
    over: CancellationToken,
}

impl Presence {
    /// Somebody who comes while these namespaces exist.
    pub(crate) fn new(identity: Identity, namespaces: &[Arc<str>], now: Instant) -> Self {
        Self {
            person: Arc::new(Person::new(identity)),
            leases: HashMap::new(),
            asking: HashSet::new(),
            urgent: HashSet::new(),
            later: Vec::new(),
            met: namespaces.iter().cloned().collect(),
            waiting: Vec::new(),
            pause: None,
            last_seen: now,
        }
    }

    /// Somebody opened a view.
    pub(crate) fn take(
        &mut self,
        lease: LeaseId,
        visitor: &Visitor,
        wish: Wish,
        over: CancellationToken,
        now: Instant,
    ) {
        self.last_seen = now;
        self.leases.insert(
            lease,
            Lease { session: visitor.session, kinds: wish.kinds, sees: wish.sees, until: visitor.ends, over },
        );
    }

    /// A view was closed: its feeds live on a little, for the page opened next.
    pub(crate) fn release(&mut self, lease: LeaseId, until: Instant, now: Instant) {
        self.last_seen = now;
        if let Some(lease) = self.leases.get_mut(&lease) {
            lease.until = lease.until.min(until);
        }
    }

    /// Somebody signed out: nothing more runs in this session's name.
    pub(crate) fn leave(&mut self, session: SessionKey) {
        for (_, lease) in self.leases.extract_if(|_, lease| lease.session == session) {
            lease.over.cancel();
        }
    }

    /// Drops what has ended; `false` when the person has been away for so long that they can be forgotten.
    pub(crate) fn expire(&mut self, now: Instant, forget: Duration) -> bool {
        self.leases.retain(|_, lease| lease.until > now);
        self.is_here() || now.duration_since(self.last_seen) < forget
    }

    /// Whether any session of theirs looks at anything.
    pub(crate) fn is_here(&self) -> bool {
        !self.leases.is_empty()
    }

    /// The sessions that they look at anything with.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = SessionKey> {
        self.leases.values().map(|lease| lease.session)
    }

    /// The kinds of which their open views show objects.
    pub(crate) fn wants(&self) -> Kinds {
        self.leases.values().filter(|lease| lease.sees).fold(Kinds::default(), |all, lease| all.join(lease.kinds))
    }

    /// The kinds of which their open views need to know what may be done.
    pub(crate) fn asks(&self) -> Kinds {
        self.leases.values().fold(Kinds::default(), |all, lease| all.join(lease.kinds))
    }

    /// Lets those go on who wait for answers, if none is outstanding.
    pub(crate) fn answer(&mut self) {
        if self.urgent.is_empty() && self.asking.is_empty() {
            for waiting in self.waiting.drain(..) {
                let _ = waiting.send(());
            }
        }
    }

    /// Everything must be asked again.
    pub(crate) fn recheck(&mut self, namespaces: &[Arc<str>]) {
        let kinds = self.asks();
        self.urgent.extend(kinds.iter().map(Ask::Everywhere));
        self.urgent.extend(kinds.iter().map(Ask::Change));
        self.urgent.extend(namespaces.iter().cloned().map(Ask::Namespace));
    }

    /// Namespaces that have not been asked about must be, where a survey was made, or is being made, without them: now
    /// and twice more, since rights in a new namespace are given a little after it.
    pub(crate) fn meet(&mut self, namespaces: &BTreeSet<Arc<str>>, now: Instant) {
        const LATER: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(30)];
        let surveying = self.asking.iter().any(|ask| matches!(ask, Ask::Namespace(_)));
        if surveying || self.person.grant().surveyed().is_some() {
            for new in namespaces.difference(&self.met) {
                let ask = Ask::Namespace(Arc::clone(new));
                self.later.extend(LATER.map(|pause| (now + pause, ask.clone())));
                self.urgent.insert(ask);
            }
        }
        self.met.clone_from(namespaces);
    }

    /// Makes urgent what was put off until now.
    pub(crate) fn ripen(&mut self, now: Instant) {
        self.urgent.extend(self.later.extract_if(.., |(at, _)| *at <= now).map(|(_, ask)| ask));
    }

    /// What is to be asked at this moment, and whether that makes a survey of every namespace.
    pub(crate) fn due(&self, scene: &Scene<'_>) -> Due {
        if !self.is_here() || self.pause.is_some_and(|until| until > scene.now) {
            return Due::default();
        }
        let mut asks = self.urgent.clone();
        let grant = self.person.grant();
        let mut needs_namespaces = Vec::new();
        for kind in self.asks().iter().filter(|kind| scene.installed.contains(kind)) {
            let ask = Ask::Everywhere(kind);
            let held = grant.held(kind, &fanlight_model::Scope::Cluster);
            let spread = scene.spread(&self.person.identity, &ask);
            if held.is_none_or(|held| held.rights.list) && self.is_due_change(&grant, kind, scene) {
                asks.insert(Ask::Change(kind));
            }
            match held {
                None => drop(asks.insert(ask)),
                Some(held) if held.rights.list && scene.age(held.asked) >= spread => drop(asks.insert(ask)),
                Some(held) if !held.rights.list => {
                    needs_namespaces.push(kind);
                    if scene.age(held.asked) >= scene.pace.survey + spread {
                        asks.insert(ask);
                    }
                }
                Some(_) => {}
            }
        }
        let mut survey = None;
        if needs_namespaces.is_empty() {
            survey = self.due_changes(&grant, scene).then_some(Survey::Changes);
            if survey.is_some() {
                asks.extend(scene.namespaces.iter().cloned().map(Ask::Changes));
            }
        } else {
            let due = grant.surveyed().is_none_or(|asked| scene.age(asked) >= scene.pace.survey)
                && !self.asking.iter().any(|ask| matches!(ask, Ask::Namespace(_)));
            if due {
                survey = Some(Survey::Sight);
                asks.extend(scene.namespaces.iter().cloned().map(Ask::Namespace));
            }
            for kind in needs_namespaces {
                for (namespace, held) in grant.in_namespaces(kind) {
                    let ask = Ask::Namespace(Arc::clone(namespace));
                    if scene.age(held.asked) >= scene.spread(&self.person.identity, &ask) {
                        asks.insert(ask);
                    }
                }
            }
        }
        asks.retain(|ask| !self.asking.contains(ask));
        Due { asks: asks.into_iter().collect(), survey }
    }

    fn is_due_change(&self, grant: &Grant, kind: Kind, scene: &Scene<'_>) -> bool {
        let spread = || scene.spread(&self.person.identity, &Ask::Change(kind));
        let known = grant.changes.everywhere(kind);
        known.is_none_or(|(_, asked)| scene.age(asked) >= scene.pace.survey + spread())
    }

    fn due_changes(&self, grant: &Grant, scene: &Scene<'_>) -> bool {
        let refused = |kind| grant.changes.everywhere(kind).is_some_and(|(answer, _)| answer == Answer::No);
        self.asks().iter().any(|kind| grant.lists_everywhere(kind) && refused(kind))
            && grant.changes.surveyed().is_none_or(|asked| scene.age(asked) >= scene.pace.survey)
            && !self.asking.iter().any(|ask| matches!(ask, Ask::Changes(_)))
    }
}

/// What is to be asked about one person.
#[derive(Debug, Default)]
pub(crate) struct Due {
    pub(crate) asks: Vec<Ask>,
    pub(crate) survey: Option<Survey>,
}

/// What every namespace is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Survey {
    /// What may be seen there, which says what may be changed, too.
    Sight,
    /// What may be changed there, by somebody who sees everything and may not change everything.
    Changes,
}

/// What the decision to ask depends on.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) installed: &'a BTreeSet<Kind>,
    pub(crate) namespaces: &'a [Arc<str>],
    pub(crate) pace: &'a Pace,
    pub(crate) now: Instant,
}

impl Scene<'_> {
    fn age(&self, asked: Instant) -> Duration {
        self.now.saturating_duration_since(asked)
    }

    /// The age at which an answer is asked again: a fixed point between early and late for each person and question,
    /// so that questions asked together are not asked together again.
    fn spread(&self, identity: &Identity, ask: &Ask) -> Duration {
        let mut hasher = DefaultHasher::new();
        (identity, ask).hash(&mut hasher);
        let part = (hasher.finish() % 1024) as u32;
        let width = self.pace.recheck_late.saturating_sub(self.pace.recheck_early);
        self.pace.recheck_early + width * part / 1024
    }
}
