//! What somebody has gained, others may have gained as well.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    asking::Ask,
    grant::Grant,
    people::{Kinds, PersonId},
    presence::Presence,
};

/// A right that turned out to be new in one namespace.
#[derive(Debug)]
pub(crate) struct Gain {
    namespace: Arc<str>,
    kinds: Kinds,
}

impl Gain {
    /// What is new of a namespace, where the person was known to see so much `before`; nothing, if it was never asked
    /// about: what is first heard of need not be new.
    pub(crate) fn found(grant: &Grant, namespace: &Arc<str>, before: Kinds) -> Option<Self> {
        let kinds = grant.kinds_in(namespace).without(before).meet(grant.surveyed_kinds());
        (!kinds.is_empty()).then(|| Self { namespace: Arc::clone(namespace), kinds })
    }

    /// Whether it would be new for somebody else, too.
    fn may_be_of(&self, presence: &Presence) -> bool {
        let grant = presence.person.grant();
        let unseen = self.kinds.without(grant.kinds_in(&self.namespace)).iter();
        grant.surveyed().is_some() && unseen.into_iter().any(|kind| !grant.lists_everywhere(kind))
    }
}

/// In which namespaces it has been passed on lately, and to which group, that somebody gained something there.
///
/// Rights are mostly given to groups. So whoever shares one with somebody who gained something is asked about that
/// namespace soon, and need not wait for their own survey, which comes late where many are here.
#[derive(Debug, Default)]
pub(crate) struct Gains(HashMap<(Arc<str>, Arc<str>), Instant>);

impl Gains {
    /// So long nothing more of a namespace is passed on to a group: who is asked now finds the same.
    const PAUSE: Duration = Duration::from_secs(30);

    /// Lets those be asked who may have gained the same as this person.
    pub(crate) fn pass_on<'a>(
        &mut self,
        gains: Vec<Gain>,
        of: PersonId,
        people: impl IntoIterator<Item = (&'a PersonId, &'a mut Presence)>,
        now: Instant,
    ) {
        self.0.retain(|_, passed| now.duration_since(*passed) < Self::PAUSE);
        if gains.is_empty() {
            return;
        }
        let (mut one, mut others) = (None, Vec::new());
        for (id, presence) in people {
            if *id == of {
                one = Some(presence.person.identity.clone());
            } else if presence.is_here() {
                others.push(presence);
            }
        }
        let Some(one) = one else { return };
        others.retain(|other| other.person.identity.shares_a_group_with(&one));
        let groups: Vec<Arc<str>> = one.groups().map(Arc::from).collect();
        for gain in gains {
            let key = |group: &Arc<str>| (Arc::clone(&gain.namespace), Arc::clone(group));
            // By which group it was gained is not known: it may be by any, so each one’s members are asked.
            let untold = groups.iter().map(|group| (&**group, key(group)));
            let untold: HashMap<&str, _> = untold.filter(|(_, key)| !self.0.contains_key(key)).collect();
            for presence in &mut others {
                let shared: Vec<_> =
                    presence.person.identity.groups().filter_map(|group| untold.get(group)).cloned().collect();
                if !shared.is_empty() && gain.may_be_of(presence) {
                    presence.ask_soon(Ask::Namespace(Arc::clone(&gain.namespace)), now);
                    self.0.extend(shared.into_iter().map(|key| (key, now)));
                }
            }
        }
    }
}
