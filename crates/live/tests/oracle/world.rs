//! The API server of the script: what is true in it, and how it answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fanlight_model::{
    Answer, Facts, FeedError, Kind, Links, Listing, ObjectKey, Question, Rights, Row, Rule, Rules, Scope, Verb, Version,
};
use tokio::{sync::watch, time::Instant};

use crate::{
    deed::{Health, KINDS, NAMESPACES},
    history::{Course, Objects, Permits},
};

/// The world; everything in it is shared between its faces and the script.
#[derive(Debug, Clone)]
pub(crate) struct World {
    truth: Arc<Mutex<Truth>>,
    moved: watch::Sender<u64>,
}

/// What is true.
#[derive(Debug)]
pub(crate) struct Truth {
    pub(crate) version: Version,
    /// What happened up to this version is forgotten.
    pub(crate) forgotten: Version,
    pub(crate) objects: Objects,
    pub(crate) permits: Permits,
    pub(crate) namespaces: BTreeSet<&'static str>,
    pub(crate) installed: BTreeMap<Kind, Course<bool>>,
    pub(crate) health: Course<Health>,
    /// Whether questions about rights are answered.
    pub(crate) answers: Course<bool>,
    /// How often the watches of a kind were cut, and whether cleanly the last time.
    pub(crate) cuts: BTreeMap<Kind, (u64, bool)>,
    /// The watches that are open.
    pub(crate) open: BTreeMap<u64, Open>,
    pub(crate) asked: Asked,
}

/// A watch that is open.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) who: &'static str,
    pub(crate) kind: Kind,
    pub(crate) scope: Scope,
}

/// How often the API server was asked for what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) watches: u64,
    pub(crate) lists: u64,
    pub(crate) reviews: u64,
}

impl World {
    /// The longest time that a watch lags behind.
    pub(crate) const LAG: Duration = Duration::from_millis(600);

    pub(crate) fn new() -> Self {
        let truth = Truth {
            version: 1,
            forgotten: 0,
            objects: Objects::default(),
            permits: Permits::default(),
            namespaces: NAMESPACES[..3].iter().copied().collect(),
            installed: KINDS.into_iter().map(|kind| (kind, Course::new(true))).collect(),
            health: Course::new(Health::Well),
            answers: Course::new(true),
            cuts: KINDS.into_iter().map(|kind| (kind, (0, true))).collect(),
            open: BTreeMap::new(),
            asked: Asked::default(),
        };
        Self { truth: Arc::new(Mutex::new(truth)), moved: watch::Sender::new(0) }
    }

    pub(crate) fn truth(&self) -> MutexGuard<'_, Truth> {
        self.truth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is true; watches look at it again.
    pub(crate) fn change(&self, act: impl FnOnce(&mut Truth)) {
        act(&mut self.truth());
        self.moved.send_modify(|moves| *moves += 1);
    }

    /// Wakes whenever something changes.
    pub(crate) fn moves(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }
}

impl Truth {
    pub(crate) fn write(&mut self, key: &ObjectKey, exists: bool) {
        self.version += 1;
        self.objects.set(key, self.version, exists);
    }

    pub(crate) fn is_installed(&self, kind: Kind) -> bool {
        self.installed.get(&kind).is_some_and(|course| *course.now())
    }

    /// Whether a request about objects gets through, and if not, what comes back.
    pub(crate) fn admit(
        &self,
        who: &str,
        kind: Kind,
        scope: &Scope,
        enough: fn(&Rights) -> bool,
    ) -> Result<(), FeedError> {
        match *self.health.now() {
            Health::Away => return Err(FeedError::Unreachable("away".to_owned())),
            Health::Busy => return Err(FeedError::Busy(Duration::from_secs(1))),
            Health::Well => {}
        }
        if !self.is_installed(kind) {
            return Err(FeedError::NotServed);
        }
        let may = enough(&self.permits.now(who, kind, scope));
        if may { Ok(()) } else { Err(FeedError::Forbidden("no".to_owned())) }
    }

    pub(crate) fn listing(&self, kind: Kind, scope: &Scope) -> Listing {
        let inside = self.objects.now().filter(|(key, _)| key.kind == kind && scope.covers(&key.namespace));
        Listing { rows: inside.map(|(key, version)| row(key, version)).collect(), version: self.version }
    }

    fn speaks(&self) -> bool {
        *self.answers.now() && *self.health.now() == Health::Well
    }

    pub(crate) fn answer(&self, who: &str, question: &Question) -> Answer {
        if !self.speaks() {
            return Answer::Unknown;
        }
        let rights = self.permits.now(who, question.kind, &question.scope);
        let yes = match question.verb {
            Verb::List => rights.list,
            Verb::Watch => rights.watch,
            Verb::Patch => false,
        };
        if yes { Answer::Yes } else { Answer::No }
    }

    /// The rules of a namespace; for one of the people the API server cannot list them.
    pub(crate) fn rules(&self, who: &str, namespace: &str) -> Rules {
        if !self.speaks() {
            return Rules::Unknown;
        }
        if who == "dan" {
            return Rules::Incomplete(Arc::from([]));
        }
        let scope = Scope::Namespace(namespace.into());
        let rule = |kind: &Kind| {
            let Rights { list, watch } = self.permits.now(who, *kind, &scope);
            let verbs = [(list, "list"), (watch, "watch")].into_iter().filter(|(may, _)| *may);
            Rule {
                verbs: verbs.map(|(_, verb)| verb.to_owned()).collect(),
                groups: vec![kind.info().group.to_owned()],
                resources: vec![kind.info().plural.to_owned()],
                names: Vec::new(),
            }
        };
        Rules::Complete(KINDS.iter().map(rule).collect())
    }

    /// Whether the API server has answered questions about rights all the time since then.
    pub(crate) fn has_spoken_since(&self, when: Instant) -> bool {
        self.answers.always(when, |answers| *answers) && self.health.always(when, |health| *health == Health::Well)
    }
}

pub(crate) fn row(key: &ObjectKey, version: Version) -> Arc<Row> {
    Arc::new(Row::new(key.clone(), version, Links::default(), &Facts::new(key.kind)))
}
