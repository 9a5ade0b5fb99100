//! Which feeds there are, and how far each can be believed.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    sync::Arc,
};

use fanlight_model::{Kind, ObjectKey, Scope, Version};
use tokio::time::Instant;

use super::{FreshFor, Sightline};
use crate::{Freshness, grant::Reach};

/// What a feed brings: the objects of one kind in one scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FeedKey {
    pub(crate) kind: Kind,
    pub(crate) scope: Scope,
}

impl fmt::Display for FeedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.kind, self.scope)
    }
}

/// One run of a feed: what a closed run still delivers is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FeedId(pub(crate) u64);

/// How a feed learns of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// By a watch.
    Watch,
    /// By a list from time to time, where nobody may watch.
    Poll,
}

/// How far a feed's rows can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its first list is not complete: its rows are not shown.
    Starting,
    /// A watch is open: its rows are as the API server has them.
    Live,
    /// Its watch broke at this moment.
    Broken(Instant),
    /// Its rows are as a list answered that was asked for at this moment.
    Listed(Instant),
    /// The same, and the next list has failed.
    Overdue(Instant),
}

impl Phase {
    /// Until when the rows are known to have been right, if that is over.
    pub(super) fn confirmed(self) -> Option<Instant> {
        match self {
            Phase::Broken(at) | Phase::Listed(at) | Phase::Overdue(at) => Some(at),
            Phase::Starting | Phase::Live => None,
        }
    }

    /// What a feed that takes over starts with: rows that were right until this moment.
    fn inherited(self, now: Instant) -> Phase {
        if self == Phase::Live { Phase::Broken(now) } else { self }
    }
}

/// A feed's state.
#[derive(Debug)]
pub(crate) struct Cover {
    pub(super) id: FeedId,
    pub(super) phase: Phase,
    /// From where a watch can resume; `None` if it must list.
    pub(super) version: Option<Version>,
    /// The highest version ever seen, to notice when an API server's versions go backwards.
    pub(super) highest: Version,
    /// The watch was accepted, and has told nothing so far: until when the rows were right before. An API server may
    /// accept a watch first, and say then that it cannot resume.
    pub(super) accepted: Option<Instant>,
    /// What the list in progress has named so far.
    pub(super) listing: Option<HashSet<ObjectKey>>,
}

impl Cover {
    pub(super) fn advance(&mut self, version: Version) {
        self.accepted = None;
        if self.listing.is_none() {
            self.version = Some(self.version.map_or(version, |known| known.max(version)));
            self.highest = self.highest.max(version);
        }
    }
}

/// All feeds.
#[derive(Debug, Default)]
pub(super) struct Covers(BTreeMap<FeedKey, Cover>);

impl Covers {
    pub(super) fn open(&mut self, key: &FeedKey, id: FeedId, now: Instant) {
        let whole = FeedKey::new(key.kind, Scope::Cluster);
        let heir = self
            .0
            .get(key)
            .or_else(|| self.0.get(&whole))
            .filter(|cover| cover.phase != Phase::Starting)
            .map(|cover| (cover.phase.inherited(now), cover.version, cover.highest));
        let (phase, version, highest) = heir.unwrap_or((Phase::Starting, None, 0));
        self.0.insert(key.clone(), Cover { id, phase, version, highest, accepted: None, listing: None });
    }

    pub(super) fn close(&mut self, key: &FeedKey, id: FeedId) -> bool {
        let ours = self.get(key, id).is_some();
        if ours {
            self.0.remove(key);
        }
        ours
    }

    pub(super) fn any(&self, key: &FeedKey) -> Option<&Cover> {
        self.0.get(key)
    }

    pub(super) fn get(&self, key: &FeedKey, id: FeedId) -> Option<&Cover> {
        self.0.get(key).filter(|cover| cover.id == id)
    }

    pub(super) fn get_mut(&mut self, key: &FeedKey, id: FeedId) -> Option<&mut Cover> {
        self.0.get_mut(key).filter(|cover| cover.id == id)
    }

    /// Every feed of the kind lists again.
    pub(super) fn forget_versions(&mut self, kind: Kind) {
        for (_, cover) in self.0.iter_mut().filter(|(key, _)| key.kind == kind) {
            cover.version = None;
            cover.highest = 0;
        }
    }

    /// Whether any feed covers the namespace.
    pub(super) fn cover_namespace(&self, kind: Kind, namespace: &str) -> bool {
        self.over(kind, namespace).next().is_some()
    }

    /// Whether another feed over the namespace has passed this version: what the store has there is as of then.
    pub(super) fn is_ahead(&self, than: &FeedKey, namespace: &Arc<str>, version: Version) -> bool {
        let others = [Scope::Cluster, Scope::Namespace(Arc::clone(namespace))].into_iter();
        others
            .filter(|scope| *scope != than.scope)
            .filter_map(|scope| self.0.get(&FeedKey::new(than.kind, scope)))
            .any(|other| other.phase != Phase::Starting && other.version.is_some_and(|passed| passed >= version))
    }

    /// Whether a feed that has been complete covers the namespace, so that its rows may be shown.
    pub(super) fn is_complete(&self, kind: Kind, namespace: &str) -> bool {
        self.over(kind, namespace).any(|cover| cover.phase != Phase::Starting)
    }

    /// Whether the cluster-wide feed has been complete.
    pub(super) fn is_complete_everywhere(&self, kind: Kind) -> bool {
        self.0.get(&FeedKey::new(kind, Scope::Cluster)).is_some_and(|cover| cover.phase != Phase::Starting)
    }

    /// How old the rows in sight are: the worst of the scopes that the viewer needs. Where one of them is too old, its age is
    /// that of the oldest of all, be that one too old or not: it is said of the whole page.
    pub(super) fn freshness(&self, sightlines: &[Sightline], fresh: FreshFor) -> Freshness {
        let (mut needed, mut ready) = (0, 0);
        let (mut oldest, mut is_old, mut in_turn, mut inside) = (None, false, true, Vec::new());
        let mut show = |phase: Phase| {
            oldest = oldest.max(phase.confirmed().map(|at| fresh.now.saturating_duration_since(at)));
            if age(phase, fresh).is_some() {
                is_old = true;
                in_turn &= matches!(phase, Phase::Listed(_));
            }
        };
        let mut look = |cover: Option<Phase>| {
            needed += 1;
            ready += usize::from(cover.is_some());
            cover.into_iter().for_each(&mut show);
            cover.is_some()
        };
        let mut overdue = 0;
        for line in sightlines.iter().filter(|line| line.installed) {
            overdue += line.overdue;
            match &line.reach {
                Reach::Everywhere => {
                    if !look(self.best(line.kind, None, fresh)) {
                        // What is shown meanwhile are the rows of single namespaces.
                        inside.push(line.kind);
                    }
                }
                Reach::Namespaces(namespaces) => namespaces.iter().for_each(|namespace| {
                    look(self.best(line.kind, Some(namespace), fresh));
                }),
                Reach::Nothing | Reach::Unknown => {}
            }
        }
        needed += overdue;
        let shown = self.0.iter().filter(|(key, _)| inside.contains(&key.kind)).map(|(_, cover)| cover.phase);
        shown.for_each(show);
        match oldest.filter(|_| is_old) {
            age if ready < needed => Freshness::Loading { ready, of: needed, age },
            Some(age) if in_turn => Freshness::Rotating { age },
            Some(age) => Freshness::Stale { age },
            None => Freshness::Current,
        }
    }

    /// The phase of the most believable complete feed over the whole cluster or one namespace.
    fn best(&self, kind: Kind, namespace: Option<&str>, fresh: FreshFor) -> Option<Phase> {
        let whole = self.0.get(&FeedKey::new(kind, Scope::Cluster));
        let own = namespace.and_then(|namespace| self.0.get(&FeedKey::new(kind, Scope::Namespace(namespace.into()))));
        [whole, own]
            .into_iter()
            .flatten()
            .map(|cover| cover.phase)
            .filter(|phase| *phase != Phase::Starting)
            .min_by_key(|phase| age(*phase, fresh))
    }

    fn over(&self, kind: Kind, namespace: &str) -> impl Iterator<Item = &Cover> {
        let whole = self.0.get(&FeedKey::new(kind, Scope::Cluster));
        let own = self.0.get(&FeedKey::new(kind, Scope::Namespace(namespace.into())));
        [whole, own].into_iter().flatten()
    }
}

/// The age of a feed's rows, `None` while they count as current.
fn age(phase: Phase, fresh: FreshFor) -> Option<std::time::Duration> {
    let (confirmed, allowance) = match phase {
        Phase::Starting | Phase::Live => return None,
        Phase::Broken(at) => (at, fresh.grace),
        Phase::Listed(at) | Phase::Overdue(at) => (at, fresh.poll + fresh.grace),
    };
    let age = fresh.now.saturating_duration_since(confirmed);
    (age > allowance).then_some(age)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_page_that_is_marked_says_when_the_oldest_of_its_rows_were_right() {
        let began = Instant::now();
        let after = |seconds: u64| began + Duration::from_secs(seconds);
        let cover =
            |phase: Phase| Cover { id: FeedId(1), phase, version: None, highest: 0, accepted: None, listing: None };
        let phases = [(Kind::KUSTOMIZATION, Phase::Listed(began)), (Kind::GIT_REPOSITORY, Phase::Broken(after(2)))];
        let covers = phases.map(|(kind, phase)| (FeedKey::new(kind, Scope::Cluster), cover(phase)));
        let covers = Covers(covers.into_iter().collect());
        let lines = phases.map(|(kind, _)| Sightline::of(kind, Reach::Everywhere));
        let freshness = |seconds: u64| {
            let (grace, poll) = (Duration::from_secs(3), Duration::from_secs(10));
            covers.freshness(&lines, FreshFor { now: after(seconds), grace, poll })
        };
        assert_eq!(freshness(4), Freshness::Current);
        assert_eq!(freshness(6), Freshness::Stale { age: Duration::from_secs(6) });
    }
}
