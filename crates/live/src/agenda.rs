//! What must be asked about a person, and when.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use fanlight_model::{Answer, Identity, Kind, Scope};
use tokio::time::Instant;

use crate::{
    Pace,
    asking::Ask,
    grant::Grant,
    people::Kinds,
    presence::{Presence, Sponsored},
};

/// What is to be asked about one person at one moment, and when to look again.
#[derive(Debug, Default)]
pub(crate) struct Due {
    /// What is in use, or was asked for.
    pub(crate) asks: BTreeSet<Ask>,
    /// The rest of a survey of every namespace, for rights that were gained.
    pub(crate) survey: Option<(Survey, BTreeSet<Ask>)>,
    /// When the next question will be due, unless something happens before.
    pub(crate) next: Option<Instant>,
}

/// What every namespace is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Survey {
    /// What may be seen there, which says what may be changed, too.
    Sight,
    /// What may be changed there, by somebody who sees everything and may not change everything.
    Changes,
}

/// What the decision to ask depends on.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) installed: &'a BTreeSet<Kind>,
    /// `None` until they are known.
    pub(crate) namespaces: Option<&'a [Arc<str>]>,
    pub(crate) pace: &'a Pace,
    /// How far apart the surveys of one person are.
    pub(crate) survey: Duration,
    pub(crate) now: Instant,
}

impl Due {
    /// Asks at this moment: now, or later.
    fn at(&mut self, moment: Instant, now: Instant, ask: Ask) {
        if moment <= now {
            self.asks.insert(ask);
        } else {
            self.wake(moment);
        }
    }

    fn wake(&mut self, moment: Instant) {
        self.next = Some(self.next.map_or(moment, |next| next.min(moment)));
    }
}

impl Presence {
    /// What is to be asked at this moment.
    pub(crate) fn due(&self, scene: &Scene<'_>) -> Due {
        let mut due = Due::default();
        if !self.is_here() {
            return due;
        }
        if let Some(until) = self.luck.pause(scene.now) {
            due.wake(until);
            return due;
        }
        due.asks.clone_from(&self.urgent);
        self.later.iter().for_each(|(moment, _)| due.wake(*moment));
        let grant = self.person.grant();
        let refused = self.everywhere(&grant, scene, &mut due);
        self.inside(&grant, refused, scene, &mut due);
        self.survey(&grant, refused, scene, &mut due);
        due.asks.retain(|ask| !self.asking.contains(ask));
        if let Some(number) = self.luck.probe(due.asks.len()) {
            due.asks = due.asks.into_iter().skip(number).take(1).collect();
            due.survey = None;
        }
        due
    }

    /// Asks about the whole cluster. The kinds of which no list there is allowed must be known by namespace.
    fn everywhere(&self, grant: &Grant, scene: &Scene<'_>, due: &mut Due) -> Kinds {
        let (asks, Sponsored { whole, inside }) = (self.asks(), self.sponsored());
        // Who may list everything may run the feed of one namespace, too.
        let inside = inside.iter().filter(|kind| grant.lists_everywhere(*kind)).collect();
        let mut refused = Vec::new();
        for kind in asks.join(whole).join(inside).iter().filter(|kind| scene.installed.contains(kind)) {
            let ask = Ask::Everywhere(kind);
            let spread = scene.spread(&self.person.identity, &ask);
            let moment = match grant.held(kind, &Scope::Cluster) {
                None => scene.now,
                Some(held) if held.rights.list => held.asked + spread,
                Some(held) => {
                    refused.push(kind);
                    held.asked + scene.survey + spread
                }
            };
            due.at(moment, scene.now, ask);
            if !refused.contains(&kind) && asks.has(kind) {
                let ask = Ask::Change(kind);
                let spread = scene.spread(&self.person.identity, &ask);
                let moment = grant.changes.everywhere(kind).map(|(_, asked)| asked + scene.survey + spread);
                due.at(moment.unwrap_or(scene.now), scene.now, ask);
            }
        }
        refused.into_iter().collect()
    }

    /// Asks again about the namespaces where something is allowed that is in use.
    fn inside(&self, grant: &Grant, refused: Kinds, scene: &Scene<'_>, due: &mut Due) {
        for (namespace, asked) in grant.oldest_inside(refused.join(self.sponsored().inside)) {
            let ask = Ask::Namespace(Arc::clone(namespace));
            let moment = asked + scene.spread(&self.person.identity, &ask);
            due.at(moment, scene.now, ask);
        }
    }

    /// Asks about every namespace, from time to time.
    fn survey(&self, grant: &Grant, refused: Kinds, scene: &Scene<'_>, due: &mut Due) {
        let Some(namespaces) = scene.namespaces else { return };
        let is_refused = |kind| grant.changes.everywhere(kind).is_some_and(|(answer, _)| answer == Answer::No);
        let (survey, last, ask): (_, _, fn(Arc<str>) -> Ask) = if !refused.is_empty() {
            (Survey::Sight, grant.surveyed().filter(|_| grant.is_surveyed_for(refused)), Ask::Namespace)
        } else if self.asks().iter().any(|kind| grant.lists_everywhere(kind) && is_refused(kind)) {
            (Survey::Changes, grant.changes.surveyed(), Ask::Changes)
        } else {
            return;
        };
        let moment = last.map_or(scene.now, |asked| asked + scene.pause(&self.person.identity));
        if moment > scene.now {
            due.wake(moment);
            return;
        }
        let is_same = |ask: &Ask| match survey {
            Survey::Sight => matches!(ask, Ask::Namespace(_)),
            Survey::Changes => matches!(ask, Ask::Changes(_)),
        };
        // One at a time: its end wakes us.
        if self.asking.iter().any(is_same) {
            return;
        }
        let mut all: BTreeSet<_> = namespaces.iter().cloned().map(ask).collect();
        if last.is_none() {
            // A first survey is whole: a part of it would look like all that is allowed.
            due.asks.retain(|ask| !is_same(ask));
        } else {
            all.retain(|ask| !due.asks.contains(ask));
        }
        due.survey = Some((survey, all));
    }
}

impl Scene<'_> {
    /// The age at which an answer is asked again: a fixed point between early and late for each person and question,
    /// so that questions asked together are not asked together again.
    fn spread(&self, identity: &Identity, ask: &Ask) -> Duration {
        let width = self.pace.recheck_late.saturating_sub(self.pace.recheck_early);
        self.pace.recheck_early + width * part(&(identity, ask)) / PARTS
    }

    /// How far apart this person's surveys are: not all at the same time.
    fn pause(&self, identity: &Identity) -> Duration {
        self.survey.saturating_sub(self.survey / 8 * part(identity) / PARTS)
    }
}

const PARTS: u32 = 1024;

/// A number below [`PARTS`], always the same for the same thing.
fn part(of: &impl Hash) -> u32 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    (hasher.finish() % 1024) as u32
}
