//! What was true when.

use std::collections::{BTreeMap, BTreeSet};

use fanlight_model::{Kind, ObjectKey, Rights, Scope, Version};
use tokio::time::Instant;

/// Values, each from a moment on.
#[derive(Debug)]
pub(crate) struct Course<T>(Vec<(Option<Instant>, T)>);

impl<T: Clone + PartialEq> Course<T> {
    /// It has been like this for ever.
    pub(crate) fn new(first: T) -> Self {
        Self(vec![(None, first)])
    }

    /// It is like this from now on.
    pub(crate) fn set(&mut self, value: T) {
        if *self.now() != value {
            self.0.push((Some(Instant::now()), value));
        }
    }

    /// As it is.
    pub(crate) fn now(&self) -> &T {
        &self.0.last().expect("a value").1
    }

    /// The values that it has had since then.
    fn since(&self, when: Instant) -> impl Iterator<Item = &T> {
        let first = self.0.partition_point(|(from, _)| from.is_none_or(|from| from <= when));
        self.0[first.saturating_sub(1)..].iter().map(|(_, value)| value)
    }

    pub(crate) fn always(&self, when: Instant, holds: impl Fn(&T) -> bool) -> bool {
        self.since(when).all(holds)
    }

    pub(crate) fn ever(&self, when: Instant, holds: impl Fn(&T) -> bool) -> bool {
        self.since(when).any(holds)
    }
}

/// Who may what, and since when.
#[derive(Debug, Default)]
pub(crate) struct Permits(BTreeMap<(&'static str, Kind, Scope), Course<Rights>>);

impl Permits {
    pub(crate) fn set(&mut self, who: &'static str, kind: Kind, scope: Scope, rights: Rights) {
        self.0.entry((who, kind, scope)).or_insert_with(|| Course::new(Rights::NONE)).set(rights);
    }

    /// Nobody may anything in this namespace any more.
    pub(crate) fn clear(&mut self, namespace: &str) {
        let there = |scope: &Scope| scope.namespace().is_some_and(|own| **own == *namespace);
        self.0.iter_mut().filter(|((_, _, scope), _)| there(scope)).for_each(|(_, course)| course.set(Rights::NONE));
    }

    /// What somebody may at this moment, in exactly this scope or because they may everywhere.
    pub(crate) fn now(&self, who: &str, kind: Kind, scope: &Scope) -> Rights {
        let bound = self.bound(who, kind, scope).map(|course| *course.now());
        bound.fold(Rights::NONE, |all, one| Rights { list: all.list || one.list, watch: all.watch || one.watch })
    }

    /// Whether one and the same permission has held since then.
    pub(crate) fn always(
        &self,
        who: &str,
        kind: Kind,
        scope: &Scope,
        when: Instant,
        enough: fn(&Rights) -> bool,
    ) -> bool {
        self.bound(who, kind, scope).any(|course| course.always(when, enough))
    }

    /// Whether any permission held at any moment since then.
    pub(crate) fn ever(
        &self,
        who: &str,
        kind: Kind,
        scope: &Scope,
        when: Instant,
        enough: fn(&Rights) -> bool,
    ) -> bool {
        self.bound(who, kind, scope).any(|course| course.ever(when, enough))
    }

    fn bound(&self, who: &str, kind: Kind, scope: &Scope) -> impl Iterator<Item = &Course<Rights>> {
        let courses = self.0.iter().filter(move |((whose, of, over), _)| {
            *whose == who && *of == kind && (*over == Scope::Cluster || over == scope)
        });
        courses.map(|(_, course)| course)
    }
}

/// Objects, with all that happened to them.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    lives: BTreeMap<ObjectKey, Course<Option<Version>>>,
    pub(crate) events: Vec<Happened>,
}

/// Something that happened to an object.
#[derive(Debug, Clone)]
pub(crate) struct Happened {
    pub(crate) version: Version,
    pub(crate) key: ObjectKey,
    pub(crate) exists: bool,
    pub(crate) at: Instant,
}

impl Objects {
    pub(crate) fn set(&mut self, key: &ObjectKey, version: Version, exists: bool) {
        let life = self.lives.entry(key.clone()).or_insert_with(|| Course::new(None));
        if exists || life.now().is_some() {
            life.set(exists.then_some(version));
            self.events.push(Happened { version, key: key.clone(), exists, at: Instant::now() });
        }
    }

    /// What exists at this moment.
    pub(crate) fn now(&self) -> impl Iterator<Item = (&ObjectKey, Version)> {
        self.lives.iter().filter_map(|(key, life)| Some((key, (*life.now())?)))
    }

    /// Whether the object looked like this at any moment since then.
    pub(crate) fn was(&self, key: &ObjectKey, version: Version, when: Instant) -> bool {
        self.lives.get(key).is_some_and(|life| life.ever(when, |known| *known == Some(version)))
    }

    /// The objects that have existed all the time since then.
    pub(crate) fn always(&self, when: Instant) -> BTreeSet<&ObjectKey> {
        self.lives.iter().filter(|(_, life)| life.always(when, Option::is_some)).map(|(key, _)| key).collect()
    }
}
