//! What a person may see, and since when that is known.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use fanlight_model::{Kind, Rights, Scope};
use tokio::time::Instant;

use crate::changes::Changes;

/// What the API server answered about one person, with the time at which it was *asked*.
///
/// Only what is allowed is kept per namespace; everything else is *no* if the namespaces were surveyed, and *unknown*
/// if not.
#[derive(Debug, Default)]
pub(crate) struct Grant {
    everywhere: BTreeMap<Kind, Held>,
    namespaces: HashMap<Arc<str>, BTreeMap<Kind, Held>>,
    surveyed: Option<Instant>,
    /// What they may change of it.
    pub(crate) changes: Changes,
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

impl Grant {
    /// Notes the answer about a kind in the whole cluster; says whether anything but its age is new.
    pub(crate) fn set_everywhere(&mut self, kind: Kind, held: Held, trust: Duration) -> bool {
        let before = self.everywhere.insert(kind, held);
        before.is_none_or(|before| before.differs(&held, trust))
    }

    /// Notes what is allowed in a namespace (kinds without the right to list are forgotten); says whether anything but
    /// its age is new.
    pub(crate) fn set_namespace(
        &mut self,
        namespace: &Arc<str>,
        rights: impl IntoIterator<Item = (Kind, Rights)>,
        asked: Instant,
        trust: Duration,
    ) -> bool {
        let allowed: BTreeMap<Kind, Held> = rights
            .into_iter()
            .filter(|(_, rights)| rights.list)
            .map(|(kind, rights)| (kind, Held { rights, asked }))
            .collect();
        let news = |before: &BTreeMap<Kind, Held>| {
            before.len() != allowed.len()
                || allowed.iter().any(|(kind, held)| before.get(kind).is_none_or(|old| old.differs(held, trust)))
        };
        let changed = self.namespaces.get(namespace).map_or(!allowed.is_empty(), news);
        if allowed.is_empty() {
            self.namespaces.remove(namespace);
        } else {
            self.namespaces.insert(Arc::clone(namespace), allowed);
        }
        changed
    }

    /// Notes that every namespace has been asked about, beginning at `asked`.
    pub(crate) fn set_surveyed(&mut self, asked: Instant) {
        self.surveyed = Some(asked);
    }

    /// When every namespace was last asked about.
    pub(crate) fn surveyed(&self) -> Option<Instant> {
        self.surveyed
    }

    /// Forgets namespaces that are gone.
    pub(crate) fn keep_namespaces(&mut self, mut exists: impl FnMut(&Arc<str>) -> bool) {
        self.namespaces.retain(|namespace, _| exists(namespace));
        self.changes.keep_namespaces(exists);
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

    /// How far the person sees the kind, from answers not older than `trust`.
    pub(crate) fn reach(&self, kind: Kind, now: Instant, trust: Duration) -> Reach {
        let fresh = |held: &Held| now.duration_since(held.asked) <= trust;
        let everywhere = self.everywhere.get(&kind);
        if everywhere.is_some_and(|held| held.rights.list && fresh(held)) {
            return Reach::Everywhere;
        }
        let namespaces: Vec<_> = self
            .in_namespaces(kind)
            .filter(|(_, held)| fresh(held))
            .map(|(namespace, _)| Arc::clone(namespace))
            .collect();
        if !namespaces.is_empty() {
            return Reach::Namespaces(namespaces);
        }
        // A refusal may be older than a permission: it shows nothing.
        let refused = everywhere.is_some_and(|held| !held.rights.list);
        let had_some = self.in_namespaces(kind).next().is_some();
        if refused && self.surveyed.is_some() && !had_some { Reach::Nothing } else { Reach::Unknown }
    }

    /// Whether the person may see objects of the kind in this namespace, from answers not older than `trust`.
    pub(crate) fn sees(&self, kind: Kind, namespace: &str, now: Instant, trust: Duration) -> bool {
        let fresh = |held: &Held| held.rights.list && now.duration_since(held.asked) <= trust;
        self.everywhere.get(&kind).is_some_and(fresh)
            || self.namespaces.get(namespace).and_then(|kinds| kinds.get(&kind)).is_some_and(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUST: Duration = Duration::from_secs(30);
    const KIND: Kind = Kind::KUSTOMIZATION;
    const LIST: Rights = Rights { list: true, watch: false };

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_too_old_shows_nothing_and_is_called_unknown() {
        let mut grant = Grant::default();
        let asked = Instant::now();
        assert_eq!(grant.reach(KIND, asked, TRUST), Reach::Unknown);
        grant.set_everywhere(KIND, Held { rights: Rights::ALL, asked }, TRUST);
        assert_eq!(grant.reach(KIND, asked + TRUST, TRUST), Reach::Everywhere);
        assert_eq!(grant.reach(KIND, asked + TRUST + Duration::from_millis(1), TRUST), Reach::Unknown);
        assert!(!grant.sees(KIND, "apps", asked + TRUST * 2, TRUST));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_said_only_when_the_cluster_and_every_namespace_have_been_refused() {
        let mut grant = Grant::default();
        let asked = Instant::now();
        grant.set_everywhere(KIND, Held { rights: Rights::NONE, asked }, TRUST);
        assert_eq!(grant.reach(KIND, asked, TRUST), Reach::Unknown);
        grant.set_surveyed(asked);
        assert_eq!(grant.reach(KIND, asked, TRUST), Reach::Nothing);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_granted_namespaces_are_seen() {
        let mut grant = Grant::default();
        let asked = Instant::now();
        grant.set_everywhere(KIND, Held { rights: Rights::NONE, asked }, TRUST);
        grant.set_namespace(&"apps".into(), [(KIND, LIST)], asked, TRUST);
        grant.set_namespace(&"data".into(), [(KIND, Rights::NONE)], asked, TRUST);
        grant.set_surveyed(asked);
        assert_eq!(grant.reach(KIND, asked, TRUST), Reach::Namespaces(vec!["apps".into()]));
        assert!(grant.sees(KIND, "apps", asked, TRUST));
        assert!(!grant.sees(KIND, "data", asked, TRUST));
        assert!(!grant.sees(Kind::HELM_RELEASE, "apps", asked, TRUST));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_right_in_a_namespace_is_gone_with_the_next_answer() {
        let mut grant = Grant::default();
        let asked = Instant::now();
        grant.set_namespace(&"apps".into(), [(KIND, LIST)], asked, TRUST);
        grant.set_namespace(&"apps".into(), [], asked, TRUST);
        assert!(!grant.sees(KIND, "apps", asked, TRUST));
    }
}
