//! What a person may see, and since when that is known.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use fanlight_model::{Kind, Rights, Scope};
use tokio::time::Instant;

use crate::{changes::Changes, people::Kinds};

/// What the API server answered about one person, with the time at which it was *asked*.
///
/// Only what is allowed is kept per namespace; everything else is *no* if the namespaces were surveyed for the kind, and
/// *unknown* if not.
#[derive(Debug, Default)]
pub(crate) struct Grant {
    everywhere: BTreeMap<Kind, Held>,
    /// Refusals of what counts as allowed in the whole cluster, until it is known what is left of it in namespaces.
    withdrawn: BTreeMap<Kind, Held>,
    /// When it was asked for that the right to see a kind in the whole cluster is lost: whoever saw it everywhere was not
    /// asked about for rights that they have gained in namespaces.
    lost: BTreeMap<Kind, Instant>,
    namespaces: HashMap<Arc<str>, BTreeMap<Kind, Held>>,
    /// The kinds of which nothing was said in a namespace, though it was asked.
    open: HashMap<Arc<str>, Kinds>,
    surveyed: Option<Surveyed>,
    /// What they may change of it.
    pub(crate) changes: Changes,
}

/// The last time that every namespace was asked about.
#[derive(Debug, Clone, Copy)]
struct Surveyed {
    /// When that began.
    asked: Instant,
    /// Of which kinds something was said in every namespace.
    kinds: Kinds,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) rights: Rights,
    pub(crate) asked: Instant,
}

impl Held {
    /// Whether `next` says something else, or the same after so long that it had to be doubted.
    fn differs(&self, next: &Held, trust: Duration) -> bool {
        self.rights != next.rights || next.asked.duration_since(self.asked) > trust
    }
}

/// How far a person sees a kind at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Everywhere.
    Everywhere,
    /// In these namespaces.
    Namespaces(Vec<Arc<str>>),
    /// Nowhere.
    Nothing,
    /// Not answered, or too long ago.
    Unknown,
}

/// How far a person sees a kind, and how long that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outlook {
    pub(crate) reach: Reach,
    /// In how many namespaces more they saw it until an answer became too old.
    pub(crate) overdue: usize,
    /// When the next answer becomes too old, unless it is given again.
    pub(crate) until: Option<Instant>,
}

impl Grant {
    /// So long, at most, a refusal waits until it is known what is left.
    pub(crate) const REMAINDER: Duration = Duration::from_secs(3);

    /// Notes the answer about a kind in the whole cluster; says whether anything but its age is new. A refusal does not
    /// count at once, if what it takes away counts still: [`Self::settle`].
    pub(crate) fn set_everywhere(&mut self, kind: Kind, held: Held, trust: Duration) -> bool {
        let had = self.everywhere.get(&kind).filter(|before| before.rights.list && !held.rights.list);
        if let Some(before) = had.copied() {
            let is_new = !self.withdrawn.contains_key(&kind);
            if is_new {
                self.lost.insert(kind, held.asked);
            }
            if held.asked.duration_since(before.asked) <= trust {
                self.withdrawn.entry(kind).or_insert(held);
                return is_new;
            }
        }
        self.withdrawn.remove(&kind);
        let before = self.everywhere.insert(kind, held);
        before.is_none_or(|before| before.differs(&held, trust))
    }

    /// Lets those refusals count of which it is known what is left in namespaces, so that what is left stays in sight
    /// without a gap; those that have waited for long enough; and those of which nothing is `shown`. Says whether there were
    /// any.
    pub(crate) fn settle(&mut self, shown: Kinds, now: Instant, trust: Duration) -> bool {
        let is_old = |held: &Held, most| now.duration_since(held.asked) > most;
        let is_over = |kind: Kind, held: &Held| {
            let counts = self.everywhere.get(&kind).is_some_and(|before| !is_old(before, trust));
            let waits = shown.has(kind) && counts && !is_old(held, Self::REMAINDER);
            !waits || self.is_surveyed_for(Kinds::default().with(kind))
        };
        let over = self.withdrawn.iter().filter(|(kind, held)| is_over(**kind, held));
        let over: Vec<_> = over.map(|(kind, held)| (*kind, *held)).collect();
        for (kind, held) in &over {
            self.withdrawn.remove(kind);
            self.everywhere.insert(*kind, *held);
        }
        !over.is_empty()
    }

    /// Whether a refusal of the kind does not count so far.
    pub(crate) fn is_withdrawn(&self, kind: Kind) -> bool {
        self.withdrawn.contains_key(&kind)
    }

    /// Whether any refusal does not count so far.
    pub(crate) fn is_settling(&self) -> bool {
        !self.withdrawn.is_empty()
    }

    /// The last answer about a kind in the whole cluster, whether it counts or not so far.
    pub(crate) fn last_everywhere(&self, kind: Kind) -> Option<Held> {
        self.withdrawn.get(&kind).or_else(|| self.everywhere.get(&kind)).copied()
    }

    /// Notes what is allowed in a namespace, of the kinds that are named; says whether anything but its age is new.
    pub(crate) fn set_namespace(
        &mut self,
        namespace: &Arc<str>,
        rights: impl IntoIterator<Item = (Kind, Rights)>,
        asked: Instant,
        trust: Duration,
    ) -> bool {
        let mut changed = false;
        let mut known = self.namespaces.remove(namespace).unwrap_or_default();
        for (kind, rights) in rights {
            let held = Held { rights, asked };
            if rights.list {
                let before = known.insert(kind, held);
                changed |= before.is_none_or(|before| before.differs(&held, trust));
            } else {
                changed |= known.remove(&kind).is_some();
            }
        }
        if !known.is_empty() {
            self.namespaces.insert(Arc::clone(namespace), known);
        }
        changed
    }

    /// Notes of which kinds nothing was said in a namespace, when it was last asked about; says whether that is new.
    pub(crate) fn set_open(&mut self, namespace: &Arc<str>, kinds: Kinds) -> bool {
        let before =
            if kinds.is_empty() { self.open.remove(namespace) } else { self.open.insert(Arc::clone(namespace), kinds) };
        before.unwrap_or_default() != kinds
    }

    /// Notes that every namespace has been asked about these kinds, beginning at `asked`; says whether that tells more
    /// than was known.
    pub(crate) fn set_surveyed(&mut self, asked: Instant, kinds: Kinds) -> bool {
        let before = self.surveyed.replace(Surveyed { asked, kinds });
        before.is_none_or(|before| !kinds.are_among(before.kinds))
    }

    /// Notes that those namespaces have been asked about again, beginning at `asked`, of which nothing was known to be
    /// allowed; the answers spoke of these kinds.
    pub(crate) fn set_surveyed_again(&mut self, asked: Instant, kinds: Kinds) {
        self.surveyed = self.surveyed.map(|before| Surveyed { asked, kinds: before.kinds.meet(kinds) });
    }

    /// Whether every namespace has been asked about all of these kinds, since the right to see them everywhere was lost.
    pub(crate) fn is_surveyed_for(&self, kinds: Kinds) -> bool {
        let lost = self.lost(kinds);
        self.surveyed.is_some_and(|surveyed| kinds.are_among(surveyed.kinds) && lost <= Some(surveyed.asked))
    }

    /// When it was asked for that the right to see one of these kinds everywhere is lost, at last.
    pub(crate) fn lost(&self, kinds: Kinds) -> Option<Instant> {
        self.lost.iter().filter(|(kind, _)| kinds.has(**kind)).map(|(_, asked)| *asked).max()
    }

    /// The kinds that they see everywhere, as the last answers say.
    pub(crate) fn whole(&self) -> Kinds {
        let whole = self.everywhere.iter().filter(|(kind, held)| held.rights.list && !self.is_withdrawn(**kind));
        whole.map(|(kind, _)| *kind).collect()
    }

    /// When every namespace was last asked about.
    pub(crate) fn surveyed(&self) -> Option<Instant> {
        self.surveyed.map(|surveyed| surveyed.asked)
    }

    /// Of which kinds every namespace was last asked about.
    pub(crate) fn surveyed_kinds(&self) -> Kinds {
        self.surveyed.map(|surveyed| surveyed.kinds).unwrap_or_default()
    }

    /// The kinds that the person may list in a namespace, by that namespace's own answer.
    pub(crate) fn kinds_in(&self, namespace: &str) -> Kinds {
        self.namespaces.get(namespace).into_iter().flat_map(BTreeMap::keys).copied().collect()
    }

    /// Forgets namespaces that are gone.
    pub(crate) fn keep_namespaces(&mut self, mut exists: impl FnMut(&Arc<str>) -> bool) {
        self.namespaces.retain(|namespace, _| exists(namespace));
        self.open.retain(|namespace, _| exists(namespace));
        self.changes.keep_namespaces(exists);
    }

    /// In how many namespaces anything is allowed.
    pub(crate) fn count_namespaces(&self) -> usize {
        self.namespaces.len()
    }

    /// The answer about exactly this scope that counts, however old.
    pub(crate) fn held(&self, kind: Kind, scope: &Scope) -> Option<Held> {
        match scope {
            Scope::Cluster => self.everywhere.get(&kind).copied(),
            Scope::Namespace(namespace) => self.namespaces.get(namespace)?.get(&kind).copied(),
        }
    }

    /// Whether it counts as known that the person may list the kind in the whole cluster.
    pub(crate) fn lists_everywhere(&self, kind: Kind) -> bool {
        self.everywhere.get(&kind).is_some_and(|held| held.rights.list)
    }

    /// What the person may do in single namespaces, whatever the cluster-wide answer.
    pub(crate) fn in_namespaces(&self, kind: Kind) -> impl Iterator<Item = (&Arc<str>, Held)> {
        self.namespaces.iter().filter_map(move |(namespace, kinds)| kinds.get(&kind).map(|held| (namespace, *held)))
    }

    /// The namespaces where something is allowed with any of these kinds, with the age of the oldest such answer.
    pub(crate) fn oldest_inside(&self, kinds: Kinds) -> impl Iterator<Item = (&Arc<str>, Instant)> {
        self.namespaces.iter().filter_map(move |(namespace, held)| {
            let asked = held.iter().filter(|(kind, _)| kinds.has(**kind)).map(|(_, held)| held.asked);
            Some((namespace, asked.min()?))
        })
    }

    /// How far the person sees the kind, from answers not older than `trust`.
    pub(crate) fn reach(&self, kind: Kind, now: Instant, trust: Duration) -> Outlook {
        let fresh = |held: &Held| now.duration_since(held.asked) <= trust;
        let everywhere = self.everywhere.get(&kind);
        if let Some(held) = everywhere.filter(|held| held.rights.list && fresh(held)) {
            return Outlook { reach: Reach::Everywhere, overdue: 0, until: Some(held.asked + trust) };
        }
        // Somebody who saw everything is not known to see less.
        let mut overdue = usize::from(self.lists_everywhere(kind));
        let (mut namespaces, mut oldest) = (Vec::new(), None);
        for (namespace, held) in self.in_namespaces(kind) {
            if fresh(&held) {
                namespaces.push(Arc::clone(namespace));
                oldest = Some(oldest.map_or(held.asked, |oldest: Instant| oldest.min(held.asked)));
            } else {
                overdue += 1;
            }
        }
        let until = oldest.map(|asked| asked + trust);
        if !namespaces.is_empty() {
            return Outlook { reach: Reach::Namespaces(namespaces), overdue, until };
        }
        // A refusal may be older than a permission: it shows nothing.
        let refused = everywhere.is_some_and(|held| !held.rights.list);
        let is_open = self.open.values().any(|kinds| kinds.has(kind));
        let nothing = refused && overdue == 0 && !is_open && self.is_surveyed_for(Kinds::default().with(kind));
        Outlook { reach: if nothing { Reach::Nothing } else { Reach::Unknown }, overdue: 0, until }
    }

    /// Whether the person may see objects of the kind in this namespace, from answers not older than `trust`.
    pub(crate) fn sees(&self, kind: Kind, namespace: &str, now: Instant, trust: Duration) -> bool {
        let fresh = |held: &Held| held.rights.list && now.duration_since(held.asked) <= trust;
        self.everywhere.get(&kind).is_some_and(fresh)
            || self.namespaces.get(namespace).and_then(|kinds| kinds.get(&kind)).is_some_and(fresh)
    }

    /// Whether the API server has said that the person may not see objects of the kind in this namespace, however long ago:
    /// a refusal shows nothing.
    pub(crate) fn refuses(&self, kind: Kind, namespace: &str) -> bool {
        let inside = self.namespaces.get(namespace).is_some_and(|kinds| kinds.contains_key(&kind));
        let is_open = self.open.get(namespace).is_some_and(|kinds| kinds.has(kind));
        self.everywhere.get(&kind).is_some_and(|held| !held.rights.list)
            && !inside
            && !is_open
            && self.is_surveyed_for(Kinds::default().with(kind))
    }
}

#[cfg(test)]
mod tests;
