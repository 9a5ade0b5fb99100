//! What a person may change, so that they can be told before they try.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use fanlight_model::{Answer, Kind};
use tokio::time::Instant;

use crate::people::Kinds;

/// What the API server has said about changing objects.
///
/// It opens nothing: whoever acts is judged by the API server again. So an old answer does no harm, and while somebody
/// looks at objects, these questions are asked as seldom as a survey is made, or are answered beside others.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    everywhere: BTreeMap<Kind, (Answer, Instant)>,
    namespaces: HashMap<Arc<str>, Said>,
    surveyed: Option<Instant>,
}

/// What was said about a namespace; of kinds in neither set it is unknown.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    allowed: Kinds,
    refused: Kinds,
}

impl Changes {
    /// Notes the answer about a kind in the whole cluster; says whether it is new.
    pub(crate) fn set_everywhere(&mut self, kind: Kind, answer: Answer, asked: Instant) -> bool {
        let before = self.everywhere.insert(kind, (answer, asked));
        before.is_none_or(|(before, _)| before != answer)
    }

    /// Notes the answers about a namespace; says whether they are new.
    pub(crate) fn set_namespace(&mut self, namespace: &Arc<str>, answers: &[(Kind, Answer)]) -> bool {
        let of = |wanted| answers.iter().filter(|(_, answer)| *answer == wanted).map(|(kind, _)| *kind).collect();
        let said = Said { allowed: of(Answer::Yes), refused: of(Answer::No) };
        let changed = self.namespaces.get(namespace) != Some(&said);
        if changed {
            self.namespaces.insert(Arc::clone(namespace), said);
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

    /// When the oldest of the answers was asked for that are used; `None` if there is none.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        let refused = self.everywhere.values().any(|(answer, _)| *answer == Answer::No);
        self.everywhere.values().map(|(_, asked)| *asked).chain(self.surveyed.filter(|_| refused)).min()
    }

    /// Forgets namespaces that are gone.
    pub(crate) fn keep_namespaces(&mut self, mut exists: impl FnMut(&Arc<str>) -> bool) {
        self.namespaces.retain(|namespace, _| exists(namespace));
    }

    /// The answer about the whole cluster, and when it was asked for.
    pub(crate) fn everywhere(&self, kind: Kind) -> Option<(Answer, Instant)> {
        self.everywhere.get(&kind).copied()
    }

    /// The namespaces of which it is known that the person may change the kind there; whatever the answer about the whole
    /// cluster.
    pub(crate) fn allowed_in(&self, kind: Kind) -> impl Iterator<Item = &Arc<str>> {
        self.namespaces.iter().filter(move |(_, said)| said.allowed.has(kind)).map(|(namespace, _)| namespace)
    }

    /// Whether something is known about the kind in any namespace where the answer depends on the object.
    pub(crate) fn is_open(&self, kind: Kind) -> bool {
        self.namespaces.values().any(|said| !said.allowed.has(kind) && !said.refused.has(kind))
    }

    /// Whether the person may change objects of the kind in the namespace.
    ///
    /// That they may not do so in the whole cluster says nothing about one namespace.
    pub(crate) fn may(&self, kind: Kind, namespace: &str) -> Answer {
        if self.everywhere(kind).is_some_and(|(answer, _)| answer == Answer::Yes) {
            return Answer::Yes;
        }
        match self.namespaces.get(namespace) {
            Some(said) if said.allowed.has(kind) => Answer::Yes,
            Some(said) if said.refused.has(kind) => Answer::No,
            _ => Answer::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind::KUSTOMIZATION;

    #[test]
    fn a_refusal_for_the_whole_cluster_refuses_nothing_in_a_namespace() {
        let mut changes = Changes::default();
        changes.set_everywhere(KIND, Answer::No, Instant::now());
        assert_eq!(changes.may(KIND, "apps"), Answer::Unknown);
        changes.set_namespace(&"apps".into(), &[(KIND, Answer::Yes), (Kind::HELM_RELEASE, Answer::No)]);
        assert_eq!(changes.may(KIND, "apps"), Answer::Yes);
        assert_eq!(changes.may(Kind::HELM_RELEASE, "apps"), Answer::No);
        assert_eq!(changes.may(Kind::HELM_CHART, "apps"), Answer::Unknown);
    }

    #[test]
    fn the_answers_are_as_old_as_the_oldest_that_is_used() {
        let mut changes = Changes::default();
        let (then, later) = (Instant::now(), Instant::now() + std::time::Duration::from_secs(1));
        changes.set_surveyed(then);
        assert_eq!(changes.oldest(), None);
        changes.set_everywhere(KIND, Answer::Yes, later);
        assert_eq!(changes.oldest(), Some(later), "who may change everything needs no survey");
        changes.set_everywhere(Kind::HELM_RELEASE, Answer::No, later);
        assert_eq!(changes.oldest(), Some(then));
    }

    #[test]
    fn only_another_answer_is_news() {
        let mut changes = Changes::default();
        let now = Instant::now();
        assert!(changes.set_everywhere(KIND, Answer::No, now));
        assert!(!changes.set_everywhere(KIND, Answer::No, now));
        assert!(changes.set_everywhere(KIND, Answer::Yes, now));
        assert!(changes.set_namespace(&"apps".into(), &[(KIND, Answer::Yes)]));
        assert!(!changes.set_namespace(&"apps".into(), &[(KIND, Answer::Yes)]));
        assert!(changes.set_namespace(&"apps".into(), &[(KIND, Answer::No)]));
    }
}
