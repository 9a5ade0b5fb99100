use std::{collections::BTreeSet, sync::Arc, time::Duration};

use fanlight_model::{Answer, Kind};
use tokio::time::Instant;

use crate::{
    Pace,
    grant::{Grant, Reach},
};

/// What somebody may do with each kind that is installed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Kind by kind, in the order of the table.
    pub kinds: Vec<KindAccess>,
    /// How long a right that somebody is given may take to show, where that is longer than [`Pace::survey`]: so many are
    /// here, in so many namespaces, that they are asked about in turn.
    pub slow_gains: Option<Duration>,
}

/// What somebody may do with the objects of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindAccess {
    /// The kind.
    pub kind: Kind,
    /// Where they see them.
    pub see: Extent,
    /// Where they may patch them, which is what syncing, suspending and resuming takes.
    pub change: Extent,
}

/// How far a right reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// Everywhere.
    Everywhere,
    /// In these namespaces, sorted.
    Namespaces(Vec<Arc<str>>),
    /// For single objects only, by their names.
    Some,
    /// Nowhere.
    Nothing,
    /// The API server has not said.
    Unknown,
}

impl Access {
    /// What is known of it; surveys are so far apart.
    pub(crate) fn of(grant: &Grant, installed: &BTreeSet<Kind>, pace: &Pace, survey: Duration) -> Self {
        let now = Instant::now();
        let kinds: Vec<_> = installed
            .iter()
            .map(|kind| {
                let see = match grant.reach(*kind, now, pace.trust).reach {
                    Reach::Everywhere => Extent::Everywhere,
                    Reach::Namespaces(namespaces) => Extent::namespaces(namespaces),
                    Reach::Nothing => Extent::Nothing,
                    Reach::Unknown => Extent::Unknown,
                };
                KindAccess { kind: *kind, see, change: change(grant, *kind) }
            })
            .collect();
        let may_gain = kinds.iter().any(|kind| [&kind.see, &kind.change] != [&Extent::Everywhere; 2]);
        let slow_gains = (may_gain && survey > pace.survey).then(|| Pace::longest(survey) + pace.trust);
        Self { kinds, slow_gains }
    }

    pub(crate) fn is_known(&self) -> bool {
        self.kinds.iter().all(|kind| kind.see != Extent::Unknown && kind.change != Extent::Unknown)
    }
}

fn change(grant: &Grant, kind: Kind) -> Extent {
    let changes = &grant.changes;
    if changes.everywhere(kind).is_some_and(|(answer, _)| answer == Answer::Yes) {
        return Extent::Everywhere;
    }
    let namespaces: Vec<_> = changes.allowed_in(kind).cloned().collect();
    let surveyed = grant.surveyed().is_some() || changes.surveyed().is_some();
    match (namespaces.is_empty(), surveyed) {
        (false, _) => Extent::namespaces(namespaces),
        (true, false) => Extent::Unknown,
        (true, true) if changes.is_open(kind) => Extent::Some,
        (true, true) => Extent::Nothing,
    }
}

impl Extent {
    fn namespaces(mut namespaces: Vec<Arc<str>>) -> Self {
        namespaces.sort_unstable();
        Extent::Namespaces(namespaces)
    }
}

#[cfg(test)]
mod tests {
    use fanlight_model::Rights;

    use super::*;
    use crate::grant::Held;

    const KIND: Kind = Kind::KUSTOMIZATION;

    fn access(grant: &Grant) -> KindAccess {
        Access::of(grant, &[KIND].into(), &Pace::default(), Duration::ZERO).kinds.remove(0)
    }

    #[tokio::test(start_paused = true)]
    async fn somebody_who_sees_everything_may_still_change_only_some_namespaces() {
        let mut grant = Grant::default();
        let (asked, trust) = (Instant::now(), Pace::default().trust);
        grant.set_everywhere(KIND, Held { rights: Rights::ALL, asked }, trust);
        assert_eq!(access(&grant).see, Extent::Everywhere);
        assert_eq!(access(&grant).change, Extent::Unknown, "nobody has been asked");
        grant.changes.set_everywhere(KIND, Answer::No, asked);
        grant.changes.set_namespace(&"edge".into(), &[(KIND, Answer::Yes)]);
        grant.changes.set_namespace(&"apps".into(), &[(KIND, Answer::Yes)]);
        grant.changes.set_namespace(&"data".into(), &[(KIND, Answer::No)]);
        grant.changes.set_surveyed(asked);
        assert_eq!(access(&grant).change, Extent::Namespaces(vec!["apps".into(), "edge".into()]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_right_that_depends_on_the_object_is_neither_everything_nor_nothing() {
        let mut grant = Grant::default();
        let asked = Instant::now();
        grant.changes.set_namespace(&"apps".into(), &[(KIND, Answer::Unknown)]);
        grant.set_surveyed(asked, [KIND].into_iter().collect());
        assert_eq!(access(&grant).change, Extent::Some);
        grant.changes.set_namespace(&"apps".into(), &[(KIND, Answer::No)]);
        assert_eq!(access(&grant).change, Extent::Nothing);
    }
}
