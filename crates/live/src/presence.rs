//! Who is here, and what they look at.

use std::{
    collections::{BTreeSet, HashMap},
    mem,
    sync::Arc,
    time::Duration,
};

use fanlight_model::Identity;
use tokio::{sync::oneshot, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    SessionKey, Visitor,
    asking::{Ask, Told},
    backoff::Backoff,
    people::{Kinds, LeaseId, Person},
    survey::Surveys,
};

/// A person as the desk knows them.
#[derive(Debug)]
pub(crate) struct Presence {
    pub(crate) person: Arc<Person>,
    leases: HashMap<LeaseId, Lease>,
    /// The kinds of the feeds that run in their name.
    sponsored: Sponsored,
    /// What is being asked at this moment.
    pub(crate) asking: BTreeSet<Ask>,
    /// What must be asked whatever its age.
    pub(crate) urgent: BTreeSet<Ask>,
    /// What of that is being asked: if it is not answered, it must be asked again.
    pub(crate) hurried: BTreeSet<Ask>,
    /// What was not answered when it was asked last.
    failed: HashMap<Ask, Failed>,
    /// When anything was answered at last.
    last_answer: Option<Instant>,
    /// What must be asked at some moment to come.
    pub(crate) later: Vec<(Instant, Ask)>,
    pub(crate) surveys: Surveys,
    /// The namespaces that existed when last looked at.
    met: BTreeSet<Arc<str>>,
    /// Who waits until nothing is being asked.
    pub(crate) waiting: Vec<oneshot::Sender<()>>,
    /// What came of the last questions.
    pub(crate) luck: Luck,
    /// Until when others are preferred as sponsors, because in this name no feed could be opened.
    falters_until: Option<Instant>,
    /// When to look next at what is to be asked.
    pub(crate) wake: Instant,
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

/// A question that was not answered while others were.
#[derive(Debug)]
struct Failed {
    backoff: Backoff,
    /// It is not asked again before.
    until: Option<Instant>,
}

impl Default for Failed {
    fn default() -> Self {
        const LONGEST: Duration = Duration::from_secs(8);
        Self { backoff: Backoff::up_to(LONGEST), until: None }
    }
}

impl Failed {
    /// It was not answered again.
    fn again(&mut self, now: Instant) {
        const LEAST: Duration = Duration::from_secs(1);
        self.until = Some(now + self.backoff.next(Some(LEAST)));
    }
}

/// Whether anything that is asked about somebody is answered.
#[derive(Debug)]
pub(crate) struct Luck {
    backoff: Backoff,
    failures: usize,
    /// No question before this moment.
    pause: Option<Instant>,
}

impl Default for Luck {
    fn default() -> Self {
        Self { backoff: Backoff::up_to(Self::LONGEST), failures: 0, pause: None }
    }
}

impl Luck {
    /// The longest pause.
    pub(crate) const LONGEST: Duration = Duration::from_secs(3);

    /// A question was not answered, and no other since it was asked.
    fn fail(&mut self, now: Instant) {
        // Those that were asked together have failed together.
        if self.pause(now).is_none() {
            self.failures += 1;
            self.pause = Some(now + self.backoff.next(None));
        }
    }

    /// Until when nothing is asked, because the last questions were not answered.
    pub(crate) fn pause(&self, now: Instant) -> Option<Instant> {
        self.pause.filter(|until| *until > now)
    }

    /// Which of so many questions is to try whether anything is answered; `None` if all may be asked.
    pub(crate) fn probe(&self, many: usize) -> Option<usize> {
        (self.failures > 0 && many > 0).then(|| self.failures % many)
    }
}

/// Of which kinds feeds run in somebody's name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sponsored {
    /// In the whole cluster.
    pub(crate) whole: Kinds,
    /// In single namespaces.
    pub(crate) inside: Kinds,
}

impl Presence {
    /// Somebody who comes while these namespaces exist.
    pub(crate) fn new(identity: Identity, namespaces: &[Arc<str>], now: Instant) -> Self {
        Self {
            person: Arc::new(Person::new(identity)),
            leases: HashMap::new(),
            sponsored: Sponsored::default(),
            asking: BTreeSet::new(),
            urgent: BTreeSet::new(),
            hurried: BTreeSet::new(),
            failed: HashMap::new(),
            last_answer: None,
            later: Vec::new(),
            surveys: Surveys::default(),
            met: namespaces.iter().cloned().collect(),
            waiting: Vec::new(),
            luck: Luck::default(),
            falters_until: None,
            wake: now,
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
        self.wake = now;
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

    /// Drops what has ended; says whether they need other feeds than before.
    pub(crate) fn expire(&mut self, now: Instant) -> bool {
        let before = self.needs();
        self.leases.retain(|_, lease| lease.until > now);
        if !self.is_here() {
            self.surveys.abandon();
        }
        self.needs() != before
    }

    /// Whether they have been away for so long that they can be forgotten.
    pub(crate) fn is_forgettable(&self, now: Instant, forget: Duration) -> bool {
        !self.is_here() && now.duration_since(self.last_seen) >= forget
    }

    /// When they were last here.
    pub(crate) fn last_seen(&self) -> Instant {
        self.last_seen
    }

    /// Whether any session of theirs looks at anything.
    pub(crate) fn is_here(&self) -> bool {
        !self.leases.is_empty()
    }

    /// The kinds of which their open views show objects, if they look at anything: on that depends which feeds run. Most
    /// pages that somebody opens need no more than those that they have open.
    pub(crate) fn needs(&self) -> Option<Kinds> {
        self.is_here().then(|| self.wants())
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

    /// The kinds of the feeds that run in their name.
    pub(crate) fn sponsored(&self) -> Sponsored {
        self.sponsored
    }

    /// Takes note of what runs in their name: the right to it must be asked about as long as it does.
    pub(crate) fn set_sponsored(&mut self, sponsored: Sponsored, now: Instant) {
        if self.sponsored != sponsored {
            self.sponsored = sponsored;
            self.wake = now;
        }
    }

    /// No feed could be opened in their name; that may be theirs alone, as when the API server throttles one user.
    pub(crate) fn falter(&mut self, now: Instant) {
        const PAUSE: Duration = Duration::from_secs(60);
        self.falters_until = Some(now + PAUSE);
    }

    /// Whether others are preferred as sponsors.
    pub(crate) fn falters(&self, now: Instant) -> bool {
        self.falters_until.is_some_and(|until| until > now)
    }

    /// Lets refusals count that have waited for it; says whether anything else is in sight.
    pub(crate) fn settle(&mut self, now: Instant, trust: Duration) -> bool {
        // Of what is only sponsored nothing is left that anybody could miss.
        let any = self.person.grant().is_settling() && self.person.grant_mut().settle(self.asks(), now, trust);
        if any {
            self.wake = now;
            self.person.announce();
            self.answer();
        }
        any
    }

    /// Lets those go on who wait for answers, if none is outstanding.
    pub(crate) fn answer(&mut self) {
        if self.urgent.is_empty() && self.asking.is_empty() && !self.person.grant().is_settling() {
            for waiting in self.waiting.drain(..) {
                let _ = waiting.send(());
            }
        }
    }

    /// Whoever was refused a kind may be refused more: all that they see everywhere must be asked about at once.
    pub(crate) fn doubt(&mut self, now: Instant) {
        let whole = self.person.grant().whole().meet(self.asks());
        whole.iter().for_each(|kind| self.ask(Ask::Everywhere(kind), now));
    }

    /// This is being asked from now on.
    pub(crate) fn sent(&mut self, asks: &BTreeSet<Ask>) {
        self.asking.extend(asks.iter().cloned());
        self.hurried.extend(self.urgent.extract_if(.., |ask| asks.contains(ask)));
    }

    /// These are being asked no longer.
    pub(crate) fn came_back(&mut self, told: &[Told], now: Instant) {
        if told.iter().any(|told| told.heard.is_some()) {
            self.last_answer = Some(now);
            self.luck = Luck::default();
        }
        for Told { ask, asked, heard } in told {
            self.asking.remove(ask);
            let is_hurried = self.hurried.remove(ask);
            if heard.is_some() {
                self.failed.remove(ask);
                continue;
            }
            if is_hurried {
                self.urgent.insert(ask.clone());
            }
            if self.last_answer < Some(*asked) {
                self.luck.fail(now);
            } else {
                // Something else was answered meanwhile, so this must not be asked on and on.
                self.failed.entry(ask.clone()).or_default().again(now);
            }
        }
    }

    /// Before which moment this is not asked.
    pub(crate) fn pauses(&self, ask: &Ask, now: Instant) -> Option<Instant> {
        self.failed.get(ask)?.until.filter(|until| *until > now)
    }

    /// Whether this is being asked, or not to be asked at this moment.
    pub(crate) fn waits(&self, ask: &Ask, now: Instant) -> bool {
        self.asking.contains(ask) || self.pauses(ask, now).is_some()
    }

    /// What of a survey goes out at this moment, so much at most, with the number of the survey.
    pub(crate) fn part(&mut self, most: usize, now: Instant) -> Option<(u64, BTreeSet<Ask>)> {
        let mut surveys = mem::take(&mut self.surveys);
        let waits = |ask: &Ask| self.waits(ask, now);
        // Answers come together: what was not answered the last time must not hold up the others.
        let part = surveys.part(|ask| waits(ask) || self.failed.contains_key(ask), most, now);
        let part = part.or_else(|| surveys.part(waits, most, now));
        self.surveys = surveys;
        part
    }

    /// This must be asked at once.
    pub(crate) fn ask(&mut self, ask: Ask, now: Instant) {
        self.urgent.insert(ask);
        self.wake = now;
    }

    /// This must be asked again after a while, since not everything was said.
    pub(crate) fn again(&mut self, ask: Ask, now: Instant) {
        const PAUSE: Duration = Duration::from_secs(30);
        if !self.later.iter().any(|(_, later)| *later == ask) {
            self.later.push((now + PAUSE, ask));
        }
    }

    /// This must be asked before long; when exactly is left to chance, since much may be at once, about many.
    pub(crate) fn ask_soon(&mut self, ask: Ask, now: Instant) {
        const LATEST: Duration = Duration::from_secs(20);
        if !self.later.iter().any(|(_, later)| *later == ask) {
            self.later.push((now + LATEST.mul_f64(rand::random()), ask));
            self.wake = now;
        }
    }

    /// Everything must be asked again.
    pub(crate) fn recheck(&mut self, namespaces: &[Arc<str>], now: Instant) {
        let kinds = self.asks();
        self.urgent.extend(kinds.iter().map(Ask::Everywhere));
        self.urgent.extend(kinds.iter().map(Ask::Change));
        self.urgent.extend(namespaces.iter().cloned().map(Ask::Namespace));
        self.wake = now;
    }

    /// Namespaces that have not been asked about must be, where a survey was made, or is being made, without them: now
    /// and twice more, since rights in a new namespace are given a little after it.
    pub(crate) fn meet(&mut self, namespaces: &BTreeSet<Arc<str>>, now: Instant) {
        const LATER: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(30)];
        let is_asked = self.asking.iter().any(|ask| matches!(ask, Ask::Namespace(_)));
        if is_asked || self.surveys.are_under_way() || self.person.grant().surveyed().is_some() {
            for new in namespaces.difference(&self.met) {
                let ask = Ask::Namespace(Arc::clone(new));
                self.later.extend(LATER.map(|pause| (now + pause, ask.clone())));
                self.urgent.insert(ask);
            }
        }
        self.surveys.keep_namespaces(namespaces);
        self.failed.retain(|ask, _| ask.is_within(namespaces));
        self.met.clone_from(namespaces);
        self.wake = now;
    }

    /// Makes urgent what was put off until now.
    pub(crate) fn ripen(&mut self, now: Instant) {
        self.urgent.extend(self.later.extract_if(.., |(at, _)| *at <= now).map(|(_, ask)| ask));
    }
}
