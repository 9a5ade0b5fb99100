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
    /// Notes the answer about a kind in the whole cluster; says whether anything but its age is new.
    pub(crate) fn set_everywhere(&mut self, kind: Kind, held: Held, trust: Duration) -> bool {
        let before = self.everywhere.insert(kind, held);
        before.is_none_or(|before| before.differs(&held, trust))
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

    /// Whether every namespace has been asked about all of these kinds.
    pub(crate) fn is_surveyed_for(&self, kinds: Kinds) -> bool {
        self.surveyed.is_some_and(|surveyed| kinds.are_among(surveyed.kinds))
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

    /// The answer about exactly this scope, however old.
    pub(crate) fn held(&self, kind: Kind, scope: &Scope) -> Option<Held> {
        match scope {
            Scope::Cluster => self.everywhere.get(&kind).copied(),
            Scope::Namespace(namespace) => self.namespaces.get(namespace)?.get(&kind).copied(),
        }
    }

    /// Whether the person may list the kind in the whole cluster, as far as is known.
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
mod tests {
    use super::*;

    const TRUST: Duration = Duration::from_secs(30);
    const KIND: Kind = Kind::KUSTOMIZATION;
    const LIST: Rights = Rights { list: true, watch: false };

    fn all() -> Kinds {
        Kind::all().collect()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_too_old_shows_nothing_and_is_called_unknown() {
        let mut grant = Grant::default();
        let asked = Instant::now();
        assert_eq!(grant.reach(KIND, asked, TRUST).reach, Reach::Unknown);
        grant.set_everywhere(KIND, Held { rights: Rights::ALL, asked }, TRUST);
        assert_eq!(grant.reach(KIND, asked + TRUST, TRUST).reach, Reach::Everywhere);
        assert_eq!(grant.reach(KIND, asked + TRUST + Duration::from_millis(1), TRUST).reach, Reach::Unknown);
        assert!(!grant.sees(KIND, "apps", asked + TRUST * 2, TRUST));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_said_only_when_the_cluster_and_every_namespace_have_been_refused() {
        let mut grant = Grant::default();
        let asked = Instant::now();
        grant.set_everywhere(KIND, Held { rights: Rights::NONE, asked }, TRUST);
        assert_eq!(grant.reach(KIND, asked, TRUST).reach, Reach::Unknown);
        grant.set_surveyed(asked, all());
        assert_eq!(grant.reach(KIND, asked, TRUST).reach, Reach::Nothing);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_granted_namespaces_are_seen() {
        let mut grant = Grant::default();
        let asked = Instant::now();
        grant.set_everywhere(KIND, Held { rights: Rights::NONE, asked }, TRUST);
        grant.set_namespace(&"apps".into(), [(KIND, LIST)], asked, TRUST);
        grant.set_namespace(&"data".into(), [(KIND, Rights::NONE)], asked, TRUST);
        grant.set_surveyed(asked, all());
        assert_eq!(grant.reach(KIND, asked, TRUST).reach, Reach::Namespaces(vec!["apps".into()]));
        assert!(grant.sees(KIND, "apps", asked, TRUST));
        assert!(!grant.sees(KIND, "data", asked, TRUST));
        assert!(!grant.sees(Kind::HELM_RELEASE, "apps", asked, TRUST));
    }

    #[tokio::test(start_paused = true)]
    async fn a_namespace_is_refused_only_when_the_api_server_has_said_so() {
        let mut grant = Grant::default();
        let asked = Instant::now();
        assert!(!grant.refuses(KIND, "apps"), "nobody has asked");
        grant.set_everywhere(KIND, Held { rights: Rights::NONE, asked }, TRUST);
        assert!(!grant.refuses(KIND, "apps"), "nor about the namespaces");
        grant.set_namespace(&"apps".into(), [(KIND, LIST)], asked, TRUST);
        grant.set_surveyed(asked, all());
        grant.set_open(&"data".into(), [KIND].into_iter().collect());
        let refused = ["apps", "data", "web"].map(|namespace| grant.refuses(KIND, namespace));
        assert_eq!(refused, [false, false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_namespace_of_which_the_answer_became_too_old_is_missed_and_not_forgotten() {
        let mut grant = Grant::default();
        let asked = Instant::now();
        grant.set_everywhere(KIND, Held { rights: Rights::NONE, asked }, TRUST);
        grant.set_namespace(&"apps".into(), [(KIND, LIST)], asked, TRUST);
        grant.set_namespace(&"data".into(), [(KIND, LIST)], asked + TRUST / 2, TRUST);
        grant.set_surveyed(asked, all());
        let outlook = grant.reach(KIND, asked + TRUST + TRUST / 4, TRUST);
        assert_eq!(outlook.reach, Reach::Namespaces(vec!["data".into()]));
        assert_eq!((outlook.overdue, outlook.until), (1, Some(asked + TRUST + TRUST / 2)));
        assert_eq!(grant.reach(KIND, asked + TRUST * 3, TRUST).reach, Reach::Unknown);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_said_of_some_kinds_says_nothing_of_others() {
        let mut grant = Grant::default();
        let asked = Instant::now();
        for kind in [KIND, Kind::HELM_RELEASE] {
            grant.set_everywhere(kind, Held { rights: Rights::NONE, asked }, TRUST);
        }
        grant.set_namespace(&"apps".into(), [(KIND, LIST)], asked, TRUST);
        grant.set_surveyed(asked, [KIND].into_iter().collect());
        assert_eq!(grant.reach(Kind::HELM_RELEASE, asked, TRUST).reach, Reach::Unknown);
        grant.set_namespace(&"apps".into(), [(Kind::HELM_RELEASE, LIST)], asked, TRUST);
        assert!(grant.sees(KIND, "apps", asked, TRUST), "nothing else was said of it");
    }

    #[tokio::test(start_paused = true)]
    async fn where_nothing_is_said_of_a_kind_it_is_unknown_and_not_refused() {
        let mut grant = Grant::default();
        let asked = Instant::now();
        grant.set_everywhere(KIND, Held { rights: Rights::NONE, asked }, TRUST);
        grant.set_surveyed(asked, all());
        assert!(grant.set_open(&"apps".into(), [KIND].into_iter().collect()));
        assert_eq!(grant.reach(KIND, asked, TRUST).reach, Reach::Unknown);
        assert!(grant.set_open(&"apps".into(), Kinds::default()));
        assert_eq!(grant.reach(KIND, asked, TRUST).reach, Reach::Nothing);
        assert!(!grant.set_open(&"apps".into(), Kinds::default()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_right_in_a_namespace_is_gone_with_the_next_answer() {
        let mut grant = Grant::default();
        let asked = Instant::now();
        grant.set_namespace(&"apps".into(), [(KIND, LIST)], asked, TRUST);
        grant.set_namespace(&"apps".into(), [(KIND, Rights::NONE)], asked, TRUST);
        assert!(!grant.sees(KIND, "apps", asked, TRUST));
    }
}
