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
}

/// The namespaces of which it has been passed on lately that somebody gained something there.
///
/// Rights are mostly given to groups. So whoever shares one with somebody who gained something is asked about that
/// namespace soon, and need not wait for their own survey, which comes late where many are here.
#[derive(Debug, Default)]
pub(crate) struct Gains(HashMap<Arc<str>, Instant>);

impl Gains {
    /// So long nothing more is passed on of a namespace: those who are asked now find the same.
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
        let news: Vec<_> = gains.into_iter().filter(|gain| !self.0.contains_key(&gain.namespace)).collect();
        if news.is_empty() {
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
        for presence in others.into_iter().filter(|other| other.person.identity.shares_a_group_with(&one)) {
            for Gain { namespace, kinds } in &news {
                let may_have = {
                    let grant = presence.person.grant();
                    let unseen = kinds.without(grant.kinds_in(namespace)).iter();
                    grant.surveyed().is_some() && unseen.into_iter().any(|kind| !grant.lists_everywhere(kind))
                };
                if may_have {
                    presence.ask_soon(Ask::Namespace(Arc::clone(namespace)), now);
                }
            }
        }
        self.0.extend(news.into_iter().map(|gain| (gain.namespace, now)));
    }
}
