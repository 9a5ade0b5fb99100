//! Plays a script.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use fanlight_live::{Live, Pace, Parts, SessionKey, Visitor};
use fanlight_model::{Identity, Kind, ObjectKey, Rights, Scope, UserName};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    deed::{Deed, Health, KINDS, NAMES, NAMESPACES, PEOPLE},
    faces::Face,
    oracle::Oracle,
    view::View,
    world::{Asked, Truth, World},
};

/// The server, the world, and who looks.
pub(crate) struct House {
    live: Live,
    world: World,
    namespaces: watch::Sender<Option<Arc<[Arc<str>]>>>,
    installed: watch::Sender<Option<Arc<BTreeSet<Kind>>>>,
    shutdown: CancellationToken,
    beginning: Instant,
    sessions: BTreeMap<(usize, u8), Visitor>,
    counter: u8,
    views: Vec<View>,
    /// Until when something may run for each view that was ever opened.
    leases: Vec<Lease>,
}

struct Lease {
    who: &'static str,
    session: SessionKey,
    until: Instant,
    shut: bool,
}

impl House {
    /// How often everything is looked at while time passes.
    const LOOK: Duration = Duration::from_millis(500);
    /// How long something may run for a view that was shut.
    const LINGER: Duration = Duration::from_secs(45);
    /// How long it may take until nothing runs any more that must not.
    const STOP: Duration = Duration::from_millis(600);

    pub(crate) fn open() -> Self {
        let world = World::new();
        let face = Arc::new(Face::new(&world));
        let namespaces = watch::Sender::new(None);
        let installed = watch::Sender::new(None);
        let shutdown = CancellationToken::new();
        let parts = Parts {
            feeds: face.clone(),
            reviews: face,
            namespaces: namespaces.subscribe(),
            installed: installed.subscribe(),
            pace: Pace::default(),
        };
        let house = Self {
            live: Live::start(parts, shutdown.clone()),
            world,
            namespaces,
            installed,
            shutdown,
            beginning: Instant::now(),
            sessions: BTreeMap::new(),
            counter: 0,
            views: Vec::new(),
            leases: Vec::new(),
        };
        house.publish();
        house
    }

    /// Says which namespaces and kinds there are.
    fn publish(&self) {
        let truth = self.world.truth();
        let namespaces = truth.namespaces.iter().map(|name| Arc::from(*name)).collect();
        self.namespaces.send_replace(Some(namespaces));
        let installed = KINDS.into_iter().filter(|kind| truth.is_installed(*kind)).collect();
        self.installed.send_replace(Some(Arc::new(installed)));
    }

    pub(crate) async fn play(&mut self, deed: &Deed) -> Result<(), String> {
        match *deed {
            Deed::Write { kind, namespace, name } => self.write(kind, namespace, name, true),
            Deed::Delete { kind, namespace, name } => self.write(kind, namespace, name, false),
            Deed::Allow { person, namespace, kind, rights } => self.allow(person, namespace, kind, rights),
            Deed::Enter { person, session, kinds, soon } => self.enter(person, session, kinds, soon).await,
            Deed::Shut { view } if !self.views.is_empty() => self.shut(view % self.views.len()),
            Deed::Shut { .. } => {}
            Deed::SignOut { person, session } => self.sign_out(person, session),
            Deed::Recheck { person } => drop(self.live.recheck(&identity(PEOPLE[person]))),
            Deed::Cut { kind, cleanly } => self.world.change(|truth| cut(truth, KINDS[kind], cleanly)),
            Deed::Forget => self.world.change(|truth| truth.forgotten = truth.version),
            Deed::Fall { health } => self.world.change(|truth| {
                truth.health.set(health);
                if health == Health::Away {
                    KINDS.into_iter().for_each(|kind| cut(truth, kind, false));
                }
            }),
            Deed::Doubt { answers } => self.world.change(|truth| truth.answers.set(answers)),
            Deed::Namespace { namespace, exists } => self.namespace(NAMESPACES[namespace], exists),
            Deed::Install { kind, installed } => self.install(KINDS[kind], installed),
            Deed::Wait(time) => return self.pass(time).await,
        }
        self.pass(Duration::from_millis(1)).await
    }

    fn write(&self, kind: usize, namespace: usize, name: usize, exists: bool) {
        let (kind, namespace) = (KINDS[kind], NAMESPACES[namespace]);
        self.world.change(|truth| {
            if truth.is_installed(kind) && truth.namespaces.contains(namespace) {
                truth.write(&ObjectKey::new(kind, namespace, NAMES[name]), exists);
            }
        });
    }

    fn allow(&self, person: usize, namespace: Option<usize>, kind: Option<usize>, rights: Rights) {
        let scope = namespace.map_or(Scope::Cluster, |number| Scope::Namespace(NAMESPACES[number].into()));
        self.world.change(|truth| {
            let exists = namespace.is_none_or(|number| truth.namespaces.contains(NAMESPACES[number]));
            for (number, of) in KINDS.into_iter().enumerate().filter(|_| exists) {
                if kind.is_none_or(|kind| kind == number) {
                    truth.permits.set(PEOPLE[person], of, scope.clone(), rights);
                }
            }
        });
    }

    async fn enter(&mut self, person: usize, session: u8, kinds: u8, soon: bool) {
        let now = Instant::now();
        let fresh = || {
            let mut key = [0; 16];
            key[0] = self.counter;
            let life = if soon { Duration::from_secs(40) } else { Duration::from_secs(100_000) };
            Visitor { identity: identity(PEOPLE[person]), session: SessionKey(key), ends: now + life }
        };
        let known = self.sessions.get(&(person, session)).filter(|visitor| visitor.ends > now).cloned();
        let visitor = known.unwrap_or_else(fresh);
        self.counter = self.counter.wrapping_add(1);
        self.sessions.insert((person, session), visitor.clone());
        let kinds = KINDS.into_iter().enumerate().filter(|(number, _)| kinds & (1 << number) != 0);
        let kinds = kinds.map(|(_, kind)| kind).collect();
        let (who, key, until) = (PEOPLE[person], visitor.session, visitor.ends);
        self.leases.push(Lease { who, session: key, until, shut: false });
        self.views.push(View::open(&self.live, who, visitor, kinds).await);
    }

    fn shut(&mut self, index: usize) {
        let view = self.views.remove(index);
        self.lingers(view.visitor.session);
    }

    /// One view of this session was shut.
    fn lingers(&mut self, session: SessionKey) {
        let lease = self.leases.iter_mut().find(|lease| lease.session == session && !lease.shut);
        if let Some(lease) = lease {
            lease.shut = true;
            lease.until = lease.until.min(Instant::now() + Self::LINGER);
        }
    }

    fn sign_out(&mut self, person: usize, session: u8) {
        let Some(visitor) = self.sessions.remove(&(person, session)) else { return };
        self.live.leave(visitor.session);
        let now = Instant::now();
        let ended = self.leases.iter_mut().filter(|lease| lease.session == visitor.session);
        ended.for_each(|lease| lease.until = lease.until.min(now));
    }

    fn namespace(&self, name: &'static str, exists: bool) {
        self.world.change(|truth| {
            if exists {
                truth.namespaces.insert(name);
            } else if truth.namespaces.remove(name) {
                let inside: Vec<_> = truth.objects.now().map(|(key, _)| key.clone()).collect();
                inside.iter().filter(|key| &*key.namespace == name).for_each(|key| truth.write(key, false));
                truth.permits.clear(name);
            }
        });
        self.publish();
    }

    fn install(&self, kind: Kind, installed: bool) {
        self.world.change(|truth| {
            if !installed {
                let all: Vec<_> = truth.objects.now().map(|(key, _)| key.clone()).collect();
                all.iter().filter(|key| key.kind == kind).for_each(|key| truth.write(key, false));
                cut(truth, kind, true);
            }
            if let Some(course) = truth.installed.get_mut(&kind) {
                course.set(installed);
            }
        });
        self.publish();
    }

    /// Lets time pass and looks at everything again and again.
    async fn pass(&mut self, time: Duration) -> Result<(), String> {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            sleep(left.min(Self::LOOK)).await;
            self.look()?;
            if Instant::now() >= until {
                return Ok(());
            }
        }
    }

    fn look(&mut self) -> Result<(), String> {
        let over: Vec<_> = self.views.iter().filter(|view| view.is_over()).map(|view| view.visitor.session).collect();
        self.views.retain(|view| !view.is_over());
        over.into_iter().for_each(|session| self.lingers(session));
        let (world, beginning) = (self.world.clone(), self.beginning);
        for view in &mut self.views {
            for (number, shown) in [view.page(), view.told()].into_iter().enumerate() {
                let oracle =
                    Oracle::of(&world.truth(), view, beginning, number == 1).judge(&shown, &view.before[number]);
                oracle?;
                view.before[number] = shown.keys();
            }
        }
        self.look_at_sponsors()
    }

    /// Nothing runs in the name of who is not here, or may not.
    fn look_at_sponsors(&mut self) -> Result<(), String> {
        let now = Instant::now();
        let at = now.duration_since(self.beginning);
        self.leases.retain(|lease| lease.until + Self::STOP > now);
        let truth = self.world.truth();
        let earlier =
            |time: u64| now.checked_sub(Duration::from_secs(time)).unwrap_or(self.beginning).max(self.beginning);
        let mut running = BTreeMap::<_, usize>::new();
        for open in truth.open.values() {
            *running.entry((open.kind, &open.scope)).or_default() += 1;
            if !self.leases.iter().any(|lease| lease.who == open.who) {
                return Err(format!("at {at:?} {open:?} runs, and nobody of that name is here"));
            }
            let may = truth.permits.ever(open.who, open.kind, &open.scope, earlier(31), |rights| rights.may_sponsor());
            if !may && truth.has_spoken_since(earlier(36)) {
                return Err(format!("at {at:?} {open:?} runs without the right"));
            }
        }
        match running.iter().find(|(_, many)| **many > 1) {
            Some((twice, _)) => Err(format!("at {at:?} {twice:?} is watched twice")),
            None => Ok(()),
        }
    }

    /// After a long calm everybody sees everything, and hardly anything is asked.
    pub(crate) async fn settle(&mut self) -> Result<(), String> {
        self.world.change(|truth| {
            truth.health.set(Health::Well);
            truth.answers.set(true);
        });
        self.pass(Duration::from_secs(330)).await?;
        for view in &mut self.views {
            for (number, shown) in [view.page(), view.told()].into_iter().enumerate() {
                Oracle::of(&self.world.truth(), view, self.beginning, number == 1).judge_settled(&shown)?;
            }
        }
        let before = self.world.truth().asked;
        self.pass(Duration::from_secs(60)).await?;
        let after = self.world.truth().asked;
        let asked = Asked {
            watches: after.watches - before.watches,
            lists: after.lists - before.lists,
            reviews: after.reviews - before.reviews,
        };
        // Each of four people: three kinds, two questions each, and four namespaces, twice or three times a minute, and
        // everything once more.
        let many = asked.watches > 0 || asked.lists > 15 * 7 || asked.reviews > 4 * 4 * (6 + 4 * 7);
        if many { Err(format!("all is calm, and a minute costs {asked:?}")) } else { Ok(()) }
    }

    /// When everybody has gone nothing is left.
    pub(crate) async fn close(&mut self) -> Result<(), String> {
        let sessions: Vec<_> = self.sessions.keys().copied().collect();
        sessions.into_iter().for_each(|(person, session)| self.sign_out(person, session));
        self.pass(Duration::from_secs(1)).await?;
        let open = self.world.truth().open.len();
        let figures = self.live.figures();
        if !self.views.is_empty() || open > 0 || figures.feeds > 0 || figures.rows > 0 || figures.sessions > 0 {
            return Err(format!("everybody has signed out: {open} watches, {} views, {figures:?}", self.views.len()));
        }
        self.shutdown.cancel();
        Ok(())
    }
}

fn cut(truth: &mut Truth, kind: Kind, cleanly: bool) {
    let (count, how) = truth.cuts.entry(kind).or_default();
    *count += 1;
    *how = cleanly;
}

/// All are of one group, so that what one has gained is asked about the others.
fn identity(name: &str) -> Identity {
    Identity::new(UserName::new(name).expect("a name"), ["staff"]).expect("a group")
}
