//! Asking about every namespace, for rights that were gained.

use std::{collections::BTreeSet, mem, sync::Arc, time::Duration};

use fanlight_model::Kind;
use tokio::time::Instant;

use crate::{asking::Ask, grant::Grant, people::Kinds};

/// What many namespaces are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Survey {
    /// What may be seen in each, which says what may be changed, too.
    Sight,
    /// The same where nothing might be seen the last time, for rights that were gained.
    Gains,
    /// What may be changed there, by somebody who sees everything and may not change everything.
    Changes,
}

/// Where the surveys of one person stand: one at a time.
#[derive(Debug, Default)]
pub(crate) struct Surveys {
    /// When the last began.
    begun: Option<Instant>,
    /// The number of the last.
    number: u64,
    under_way: Option<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    survey: Survey,
    began: Instant,
    /// What is still to be asked.
    left: BTreeSet<Ask>,
    /// How many questions go out together.
    part: usize,
    /// When the next go.
    next: Instant,
    /// The time between parts; none if all goes at once.
    each: Duration,
    /// A part has gone out, and has not been answered so far.
    is_out: bool,
    /// What was asked and not answered: it is asked again after everything else.
    unanswered: BTreeSet<Ask>,
    /// All but what was not answered at first has been asked.
    drags_on: bool,
    /// Of which kinds each of the answers said something.
    kinds: Kinds,
}

/// A survey that has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Surveyed {
    survey: Survey,
    began: Instant,
    /// Of which kinds each of the answers said something.
    kinds: Kinds,
}

impl Surveyed {
    /// Notes that; says whether it tells more than was known.
    pub(crate) fn note(self, grant: &mut Grant) -> bool {
        let Self { survey, began, kinds } = self;
        grant.changes.set_surveyed(began);
        match survey {
            Survey::Sight => return grant.set_surveyed(began, kinds),
            Survey::Gains => grant.set_surveyed_again(began, kinds),
            Survey::Changes => {}
        }
        false
    }
}

impl Surveys {
    /// So long, at most, the questions of one survey take to go out: by so much later than the first question the last shows
    /// what was gained.
    pub(crate) const SPREAD: Duration = Duration::from_secs(20);
    /// In so many parts they go.
    const PARTS: u32 = 20;

    /// When the last began.
    pub(crate) fn begun(&self) -> Option<Instant> {
        self.begun
    }

    /// Whether this one has to wait for the end of another: of the same, or of one whose questions went out at once; not
    /// for what has not been answered for as long as this.
    pub(crate) fn hinder(&self, next: Survey, longest: Duration, now: Instant) -> bool {
        self.under_way.as_ref().is_some_and(|survey| {
            let is_given_up = survey.drags_on && survey.began + longest <= now;
            !is_given_up && (survey.each.is_zero() || survey.survey == next)
        })
    }

    /// Begins one, whose questions go out over this time. If another is under way, no more comes of it.
    pub(crate) fn begin(&mut self, survey: Survey, asks: BTreeSet<Ask>, over: Duration, now: Instant) {
        let parts = if over.is_zero() { 1 } else { Self::PARTS };
        (self.begun, self.number) = (Some(now), self.number + 1);
        self.under_way = Some(UnderWay {
            survey,
            began: now,
            part: asks.len().div_ceil(parts as usize).max(1),
            left: asks,
            next: now,
            each: over / parts,
            is_out: false,
            unanswered: BTreeSet::new(),
            drags_on: false,
            kinds: Kind::all().collect(),
        });
    }

    /// What goes out at this moment, with the number of the survey; not what is being asked. A survey of nothing has an empty
    /// part, since answers bring it to its end.
    pub(crate) fn part(&mut self, asking: &BTreeSet<Ask>, now: Instant) -> Option<(u64, BTreeSet<Ask>)> {
        let survey = self.under_way.as_mut().filter(|survey| survey.next <= now && !survey.is_out)?;
        let part: BTreeSet<_> = survey.left.difference(asking).take(survey.part).cloned().collect();
        if part.is_empty() && !survey.left.is_empty() {
            return None;
        }
        survey.left.retain(|ask| !part.contains(ask));
        survey.next = (survey.next + survey.each).max(now);
        survey.is_out = true;
        Some((self.number, part))
    }

    /// This was answered, about these kinds, whoever asked: it need not be asked for the survey, too.
    pub(crate) fn heard(&mut self, ask: &Ask, kinds: Kinds) {
        if let Some(survey) = self.under_way.as_mut().filter(|survey| survey.left.contains(ask)) {
            survey.left.remove(ask);
            survey.kinds = survey.kinds.meet(kinds);
        }
    }

    /// Asks no more about namespaces that are gone.
    pub(crate) fn keep_namespaces(&mut self, namespaces: &BTreeSet<Arc<str>>) {
        if let Some(survey) = &mut self.under_way {
            survey.left.retain(|ask| ask.is_within(namespaces));
            survey.unanswered.retain(|ask| ask.is_within(namespaces));
        }
    }

    /// Nobody needs it any more.
    pub(crate) fn abandon(&mut self) {
        self.under_way = None;
    }

    /// When the next questions go out.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.under_way.as_ref().filter(|survey| !survey.is_out).map(|survey| survey.next)
    }

    /// Notes that a part of the survey with this number was answered but for these, and of which kinds each of the answers
    /// said something. Says what the survey has found out, if that was its end.
    pub(crate) fn answered(&mut self, number: u64, unanswered: BTreeSet<Ask>, kinds: Kinds) -> Option<Surveyed> {
        let survey = self.under_way.as_mut().filter(|_| self.number == number)?;
        survey.is_out = false;
        survey.unanswered.extend(unanswered);
        survey.kinds = survey.kinds.meet(kinds);
        if survey.left.is_empty() && !survey.unanswered.is_empty() {
            survey.left = mem::take(&mut survey.unanswered);
            survey.drags_on = true;
        }
        if !survey.left.is_empty() {
            return None;
        }
        let UnderWay { survey, began, kinds, .. } = self.under_way.take()?;
        Some(Surveyed { survey, began, kinds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: BTreeSet<Ask> = BTreeSet::new();
    const LONGEST: Duration = Duration::from_secs(270);

    fn asks(names: &[&str]) -> BTreeSet<Ask> {
        names.iter().map(|name| Ask::Namespace((*name).into())).collect()
    }

    fn all() -> Kinds {
        Kind::all().collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_questions_of_a_survey_go_out_over_time_and_it_ends_with_the_last_answer() {
        let (mut surveys, began, second) = (Surveys::default(), Instant::now(), Duration::from_secs(1));
        surveys.begin(Survey::Gains, asks(&["apps", "data", "web"]), second * 20, began);
        assert_eq!(surveys.part(&NONE, began), Some((1, asks(&["apps"]))));
        let late = began + second * 3 / 2;
        assert_eq!((surveys.part(&NONE, late), surveys.next()), (None, None), "one part at a time");
        assert_eq!(surveys.answered(1, NONE, all()), None);
        assert_eq!(surveys.part(&asks(&["data"]), late), Some((1, asks(&["web"]))), "what is being asked waits");
        assert_eq!(surveys.answered(1, NONE, all()), None);
        assert_eq!((surveys.part(&NONE, late), surveys.next()), (None, Some(began + second * 2)));
        let one: Kinds = [Kind::KUSTOMIZATION].into_iter().collect();
        assert_eq!(surveys.part(&NONE, began + second * 2), Some((1, asks(&["data"]))));
        let told = Surveyed { survey: Survey::Gains, began, kinds: one };
        assert_eq!(surveys.answered(1, NONE, one), Some(told), "of which all of the answers said something");
        assert!(!surveys.hinder(Survey::Gains, LONGEST, began));
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_was_not_answered_is_asked_again_until_it_is_or_it_is_time_for_another() {
        let (mut surveys, began) = (Surveys::default(), Instant::now());
        surveys.begin(Survey::Sight, asks(&["apps", "data"]), Duration::ZERO, began);
        assert_eq!(surveys.part(&NONE, began), Some((1, asks(&["apps", "data"]))));
        assert_eq!(surveys.answered(1, asks(&["data"]), all()), None);
        assert_eq!(surveys.part(&NONE, began), Some((1, asks(&["data"]))));
        let hinder = |now| surveys.hinder(Survey::Sight, LONGEST, now);
        assert!(hinder(began) && !hinder(began + LONGEST));
        assert!(surveys.answered(1, NONE, all()).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_to_know_something_at_once_waits_for_no_survey_that_takes_its_time() {
        let (mut surveys, now) = (Surveys::default(), Instant::now());
        surveys.begin(Survey::Gains, asks(&["apps", "data"]), Surveys::SPREAD, now);
        surveys.part(&NONE, now);
        assert!(surveys.hinder(Survey::Gains, LONGEST, now + LONGEST) && !surveys.hinder(Survey::Sight, LONGEST, now));
        surveys.begin(Survey::Sight, asks(&["apps"]), Duration::ZERO, now);
        assert!(surveys.hinder(Survey::Gains, LONGEST, now), "one at a time");
        assert_eq!(surveys.answered(1, NONE, Kinds::default()), None, "nothing comes of the other");
        assert_eq!(surveys.part(&NONE, now), Some((2, asks(&["apps"]))));
        assert!(surveys.answered(2, NONE, all()).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_survey_of_namespaces_that_are_gone_or_were_asked_about_otherwise_comes_to_its_end() {
        let (mut surveys, began) = (Surveys::default(), Instant::now());
        surveys.begin(Survey::Gains, asks(&["apps", "data"]), Surveys::SPREAD, began);
        surveys.keep_namespaces(&["data".into()].into());
        surveys.heard(&Ask::Namespace("data".into()), Kinds::default());
        assert_eq!(surveys.part(&NONE, began), Some((1, NONE)));
        let told = Surveyed { survey: Survey::Gains, began, kinds: Kinds::default() };
        assert_eq!(surveys.answered(1, NONE, all()), Some(told), "of which nothing was said there");
    }
}
