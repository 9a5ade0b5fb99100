//! Asking about every namespace, for rights that were gained.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

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
    /// Not all questions of the last were answered.
    is_owed: bool,
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
    /// How many parts have not been answered so far.
    out: usize,
    /// Every question so far was answered.
    is_whole: bool,
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

impl UnderWay {
    /// Whether only answers are missing.
    fn is_out(&self) -> bool {
        self.left.is_empty() && self.out > 0
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

    /// Whether another must follow at once, since not all questions of the last were answered.
    pub(crate) fn is_owed(&self) -> bool {
        self.is_owed
    }

    /// Whether another has to wait for the end of one. Somebody of whom something is not known at all waits for none whose
    /// questions take their time.
    pub(crate) fn hinder(&self, is_first: bool) -> bool {
        self.under_way.as_ref().is_some_and(|survey| !is_first || survey.each.is_zero())
    }

    /// Begins one, whose questions go out over this time. If another is under way, no more comes of it.
    pub(crate) fn begin(&mut self, survey: Survey, asks: BTreeSet<Ask>, over: Duration, now: Instant) {
        let parts = if over.is_zero() { 1 } else { Self::PARTS };
        let part = asks.len().div_ceil(parts as usize).max(1);
        self.begun = Some(now);
        self.under_way = Some(UnderWay {
            survey,
            began: now,
            left: asks,
            part,
            next: now,
            each: over / parts,
            out: 0,
            is_whole: true,
            kinds: Kind::all().collect(),
        });
    }

    /// What goes out at this moment, with the moment at which the survey began.
    pub(crate) fn part(&mut self, now: Instant) -> Option<(Instant, BTreeSet<Ask>)> {
        let survey = self.under_way.as_mut().filter(|survey| survey.next <= now && !survey.is_out())?;
        // A survey of nothing has a part, too, since answers bring it to its end.
        let part: BTreeSet<_> = std::iter::from_fn(|| survey.left.pop_first()).take(survey.part).collect();
        survey.next = now + survey.each;
        survey.out += 1;
        Some((survey.began, part))
    }

    /// Asks no more about namespaces that are gone.
    pub(crate) fn keep_namespaces(&mut self, namespaces: &BTreeSet<Arc<str>>) {
        self.under_way.iter_mut().for_each(|survey| survey.left.retain(|ask| ask.is_within(namespaces)));
    }

    /// When the next questions go out.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.under_way.as_ref().filter(|survey| !survey.is_out()).map(|survey| survey.next)
    }

    /// Notes that a part of the survey was answered that began at that moment: whether whole, and of which kinds each of
    /// the answers said something. Says what the survey has found out, if that was its end and everything was answered.
    pub(crate) fn answered(&mut self, began: Instant, is_whole: bool, kinds: Kinds) -> Option<Surveyed> {
        let survey = self.under_way.as_mut().filter(|survey| survey.began == began)?;
        survey.out -= 1;
        survey.is_whole &= is_whole;
        survey.kinds = survey.kinds.meet(kinds);
        if survey.out > 0 || !survey.left.is_empty() {
            return None;
        }
        let UnderWay { survey, is_whole, kinds, .. } = self.under_way.take()?;
        self.is_owed = !is_whole;
        is_whole.then_some(Surveyed { survey, began, kinds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(names: &[&str]) -> BTreeSet<Ask> {
        names.iter().map(|name| Ask::Namespace((*name).into())).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_questions_of_a_survey_go_out_over_time_and_it_ends_with_the_last_answer() {
        let (mut surveys, began, second) = (Surveys::default(), Instant::now(), Duration::from_secs(1));
        surveys.begin(Survey::Gains, asks(&["apps", "data"]), second * 20, began);
        assert_eq!(surveys.part(began), Some((began, asks(&["apps"]))));
        assert_eq!((surveys.part(began), surveys.next()), (None, Some(began + second)));
        let kinds: Kinds = Kind::all().collect();
        let one: Kinds = [Kind::KUSTOMIZATION].into_iter().collect();
        assert_eq!(surveys.answered(began, true, kinds), None);
        assert_eq!(surveys.part(began + second), Some((began, asks(&["data"]))));
        assert_eq!(surveys.next(), None);
        let told = Surveyed { survey: Survey::Gains, began, kinds: one };
        assert_eq!(surveys.answered(began, true, one), Some(told), "of which all of the answers said something");
        assert!(!surveys.hinder(false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_survey_of_which_anything_was_not_answered_says_nothing_and_is_owed() {
        let (mut surveys, began) = (Surveys::default(), Instant::now());
        surveys.begin(Survey::Sight, asks(&["apps", "data"]), Duration::ZERO, began);
        assert_eq!(surveys.part(began), Some((began, asks(&["apps", "data"]))));
        assert_eq!(surveys.answered(began, false, Kinds::default()), None);
        assert!(surveys.is_owed() && !surveys.hinder(true));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_to_know_something_at_once_waits_for_no_survey_that_takes_its_time() {
        let (mut surveys, began, later) = (Surveys::default(), Instant::now(), Instant::now() + Duration::from_secs(1));
        surveys.begin(Survey::Gains, asks(&["apps", "data"]), Surveys::SPREAD, began);
        surveys.part(began);
        assert!(surveys.hinder(false) && !surveys.hinder(true));
        surveys.begin(Survey::Sight, asks(&["apps"]), Duration::ZERO, later);
        assert!(surveys.hinder(true), "one at a time");
        assert_eq!(surveys.answered(began, true, Kinds::default()), None, "nothing comes of the other");
        assert_eq!(surveys.part(later), Some((later, asks(&["apps"]))));
        assert!(surveys.answered(later, true, Kinds::default()).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_survey_of_namespaces_that_are_all_gone_comes_to_its_end() {
        let (mut surveys, began) = (Surveys::default(), Instant::now());
        surveys.begin(Survey::Changes, asks(&["apps"]), Surveys::SPREAD, began);
        surveys.keep_namespaces(&BTreeSet::new());
        assert_eq!(surveys.part(began), Some((began, BTreeSet::new())));
        assert!(surveys.answered(began, true, Kinds::default()).is_some());
    }
}
