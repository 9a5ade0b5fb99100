//! What must be asked about a person, and when.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use fanlight_model::{Answer, Kind};
use tokio::time::Instant;

use crate::{
    Pace,
    asking::Ask,
    grant::Grant,
    people::Kinds,
    presence::{Luck, Presence, Sponsored},
    survey::{Next, Start, Survey, Surveys},
};

/// What is to be asked about one person at one moment, and when to look again.
#[derive(Debug, Default)]
pub(crate) struct Due {
    /// What is in use, or was asked for.
    pub(crate) asks: BTreeSet<Ask>,
    /// A survey of the namespaces that begins.
    pub(crate) survey: Option<Start>,
    /// No survey is of any use.
    pub(crate) surveys_nothing: bool,
    /// How many questions of a survey may go out at once, also of one that is under way.
    pub(crate) part: usize,
    /// When the next question will be due, unless something happens before.
    pub(crate) next: Option<Instant>,
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
    /// How far apart those of any two are.
    pub(crate) gap: Duration,
    /// Before this moment nobody takes a turn to be surveyed again.
    pub(crate) turn: Instant,
    /// When the first of all rounds of questions began.
    pub(crate) epoch: Instant,
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
        let until = due.asks.iter().filter_map(|ask| self.pauses(ask, scene.now)).min();
        until.into_iter().for_each(|until| due.wake(until));
        due.asks.retain(|ask| !self.waits(ask, scene.now));
        let goes_on = || !due.surveys_nothing && self.surveys.are_due(|ask| self.waits(ask, scene.now), scene.now);
        let may_survey = due.survey.is_some() || goes_on();
        match self.luck.probe(due.asks.len() + usize::from(may_survey)) {
            Some(number) => {
                due.asks = due.asks.into_iter().skip(number).take(1).collect();
                due.part = usize::from(due.asks.is_empty());
                // Whatever comes of it, another tries soon.
                due.wake(scene.now + Luck::LONGEST);
            }
            None => due.part = usize::MAX,
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
            let next = |asked, round| scene.next(self.person.seed, &ask, asked, round);
            let moment = match grant.last_everywhere(kind) {
                None => scene.now,
                // So early that there is time to find out what is left of it.
                Some(held) if held.rights.list => next(held.asked, scene.pace.recheck.saturating_sub(Grant::REMAINDER)),
                Some(held) => {
                    refused.push(kind);
                    next(held.asked + scene.further(), scene.pace.survey)
                }
            };
            due.at(moment, scene.now, ask);
            if !refused.contains(&kind) && asks.has(kind) {
                let ask = Ask::Change(kind);
                let next = |asked| scene.next(self.person.seed, &ask, asked + scene.further(), scene.pace.survey);
                let moment = grant.changes.everywhere(kind).map_or(scene.now, |(_, asked)| next(asked));
                due.at(moment, scene.now, ask);
            }
        }
        refused.into_iter().collect()
    }

    /// Asks again about the namespaces where something is allowed that is in use.
    fn inside(&self, grant: &Grant, refused: Kinds, scene: &Scene<'_>, due: &mut Due) {
        for (namespace, asked) in grant.oldest_inside(refused.join(self.sponsored().inside)) {
            let ask = Ask::Namespace(Arc::clone(namespace));
            let moment = scene.next(self.person.seed, &ask, asked, scene.pace.recheck);
            due.at(moment, scene.now, ask);
        }
    }

    /// Asks about every namespace, and again from time to time, when it is this person's turn.
    fn survey(&self, grant: &Grant, refused: Kinds, scene: &Scene<'_>, due: &mut Due) {
        let Some(namespaces) = scene.namespaces else { return };
        let is_refused = |kind| grant.changes.everywhere(kind).is_some_and(|(answer, _)| answer == Answer::No);
        let (survey, is_first) = if !refused.is_empty() {
            let is_first = !grant.is_surveyed_for(refused);
            (if is_first { Survey::Sight } else { Survey::Gains }, is_first)
        } else if self.asks().iter().any(|kind| grant.lists_everywhere(kind) && is_refused(kind)) {
            (Survey::Changes, grant.changes.surveyed().is_none())
        } else {
            due.surveys_nothing = true;
            return;
        };
        let unknown = if is_first { refused } else { Kinds::default() };
        let next = Next { survey, kinds: unknown, lost: grant.lost(unknown) };
        let last = if survey == Survey::Changes { grant.changes.surveyed() } else { grant.surveyed() };
        let longest = Pace::longest(scene.survey);
        // Whoever has waited for so long waits for no turn: others may have left, so that turns come less often.
        let latest = last.map(|began| began + longest);
        let turn = latest.map_or(scene.turn, |latest| latest.min(scene.turn));
        if !is_first && turn > scene.now {
            due.wake(turn);
            return;
        }
        // Its end wakes us.
        if self.surveys.hinder(next, longest, scene.now) {
            return;
        }
        // Whoever is refused one kind may be refused more: one survey for all.
        let is_whole = |ask: &Ask| matches!(ask, Ask::Everywhere(_)) && self.pauses(ask, scene.now).is_none();
        if is_first && due.asks.iter().chain(&self.asking).any(is_whole) {
            return;
        }
        let namespaces = namespaces.iter().cloned();
        let mut asks: BTreeSet<_> = match survey {
            Survey::Sight | Survey::Gains => namespaces.map(Ask::Namespace).collect(),
            Survey::Changes => namespaces.map(Ask::Changes).collect(),
        };
        let awaited = match survey {
            Survey::Sight if self.luck.probe(1).is_some() => BTreeSet::new(),
            // What can be asked at once.
            Survey::Sight => {
                known(grant, next, refused, scene).into_iter().filter(|ask| !self.waits(ask, scene.now)).collect()
            }
            // These are asked about in every round.
            Survey::Gains => grant.oldest_inside(refused).map(|(one, _)| Ask::Namespace(Arc::clone(one))).collect(),
            Survey::Changes => BTreeSet::new(),
        };
        asks.retain(|ask| !awaited.contains(ask));
        if survey == Survey::Sight {
            // A part of what was never known would look like all there is.
            due.asks.retain(|ask| !asks.contains(ask));
            due.asks.extend(awaited.iter().cloned());
        }
        let over = match is_first {
            true => Duration::ZERO,
            // Without a turn, others may go out at the same time.
            false if scene.turn > scene.now => Surveys::SPREAD,
            false => scene.gap.min(Surveys::SPREAD),
        };
        due.survey = Some(Start { of: next, asks, awaited, over });
    }
}

/// Where something is in sight, as was answered since a right was lost: that is told as it is answered anew.
fn known(grant: &Grant, next: Next, kinds: Kinds, scene: &Scene<'_>) -> BTreeSet<Ask> {
    let counts = |asked: Instant| Some(asked) >= next.lost && scene.now.duration_since(asked) <= scene.pace.trust;
    let known = grant.oldest_inside(kinds).filter(|(_, asked)| counts(*asked));
    known.map(|(namespace, _)| Ask::Namespace(Arc::clone(namespace))).collect()
}

impl Scene<'_> {
    /// By how much surveys are further apart than they would be if all could be asked.
    fn further(&self) -> Duration {
        self.survey.saturating_sub(self.pace.survey)
    }

    /// When an answer is asked again, at the latest after a round: each question about each person has its own moment in
    /// every round. So what was asked at once is spread over the next round, and all that follow.
    fn next(&self, seed: u64, ask: &Ask, asked: Instant, round: Duration) -> Instant {
        let first = self.epoch + round * part(&(seed, ask)) / PARTS;
        let latest = asked + round;
        let past = latest.saturating_duration_since(first).as_nanos() % round.as_nanos().max(1);
        latest - Duration::from_nanos(u64::try_from(past).unwrap_or_default())
    }
}

const PARTS: u32 = 1024;

/// A number below [`PARTS`], always the same for the same thing.
fn part(of: &impl Hash) -> u32 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    (hasher.finish() % 1024) as u32
}
