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

/// A survey that is to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Next {
    pub(crate) survey: Survey,
    /// The kinds of which something is not known at all, if there are any: then all is asked at once.
    pub(crate) kinds: Kinds,
    /// When the right to see them everywhere was lost: what was asked before says nothing of them.
    pub(crate) lost: Option<Instant>,
}

/// A survey as it begins.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) of: Next,
    /// What it asks.
    pub(crate) asks: BTreeSet<Ask>,
    /// What is being asked before long in any case.
    pub(crate) awaited: BTreeSet<Ask>,
    /// The time over which its questions go out.
    pub(crate) over: Duration,
}

/// Where the surveys of one person stand: one at a time.
#[derive(Debug, Default)]
pub(crate) struct Surveys {
    /// When the last began, while there have to be any.
    begun: Option<Instant>,
    /// The number of the last.
    number: u64,
    under_way: Option<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    of: Next,
    began: Instant,
    /// What is still to be asked.
    left: BTreeSet<Ask>,
    /// What others ask about before long.
    awaited: BTreeSet<Ask>,
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

impl UnderWay {
    /// Where there is nothing more to ask: it ends at once, or when others have had their time.
    fn wait(&mut self) {
        if self.left.is_empty() {
            let time = if self.awaited.is_empty() { Duration::ZERO } else { Surveys::ROUND };
            self.next = self.began + time;
        }
    }
}

impl Surveys {
    /// So long, at most, the questions of one survey take to go out: by so much later than the first question the last shows
    /// what was gained.
    pub(crate) const SPREAD: Duration = Duration::from_secs(20);
    /// In so many parts they go.
    const PARTS: u32 = 20;
    /// So long it is waited for what others ask about.
    const ROUND: Duration = Duration::from_secs(30);

    /// When the last began, while there have to be any.
    pub(crate) fn begun(&self) -> Option<Instant> {
        self.begun
    }

    /// Whether this one has to wait for the end of another: of the same, or while all questions of one are out. Not for
    /// what has not been answered for as long as this.
    pub(crate) fn hinder(&self, next: Next, longest: Duration, now: Instant) -> bool {
        self.under_way.as_ref().is_some_and(|survey| {
            let is_given_up = survey.drags_on && survey.began + longest <= now;
            let is_same = survey.of.survey == next.survey
                && next.kinds.are_among(survey.of.kinds)
                && next.lost <= Some(survey.began);
            let is_all_out = survey.each.is_zero() && survey.is_out;
            (is_same && !is_given_up) || is_all_out
        })
    }

    /// Begins one. If another is under way, no more comes of it.
    pub(crate) fn begin(&mut self, start: Start, now: Instant) {
        let Start { of, asks, awaited, over } = start;
        let parts = if over.is_zero() { 1 } else { Self::PARTS };
        (self.begun, self.number) = (Some(now), self.number + 1);
        self.under_way = Some(UnderWay {
            of,
            began: now,
            part: asks.len().div_ceil(parts as usize).max(1),
            left: asks,
            awaited,
            next: now,
            each: over / parts,
            is_out: false,
            unanswered: BTreeSet::new(),
            drags_on: false,
            kinds: Kind::all().collect(),
        });
    }

    /// Whether anything is to go out at this moment; nothing that has to wait. A survey of nothing has an empty part, since
    /// answers bring it to its end.
    pub(crate) fn are_due(&self, waits: impl Fn(&Ask) -> bool, now: Instant) -> bool {
        let survey = self.under_way.as_ref().filter(|survey| survey.next <= now && !survey.is_out);
        survey.is_some_and(|survey| survey.left.is_empty() || !survey.left.iter().all(waits))
    }

    /// What goes out at this moment, so much at most, with the number of the survey.
    pub(crate) fn part(
        &mut self,
        waits: impl Fn(&Ask) -> bool,
        most: usize,
        now: Instant,
    ) -> Option<(u64, BTreeSet<Ask>)> {
        if most == 0 || !self.are_due(&waits, now) {
            return None;
        }
        let survey = self.under_way.as_mut()?;
        if survey.left.is_empty() {
            survey.left = mem::take(&mut survey.awaited);
        }
        let part: BTreeSet<_> =
            survey.left.iter().filter(|ask| !waits(ask)).take(survey.part.min(most)).cloned().collect();
        survey.left.retain(|ask| !part.contains(ask));
        survey.next = (survey.next + survey.each).max(now);
        survey.is_out = true;
        Some((self.number, part))
    }

    /// This was asked at that moment and answered, about these kinds, whoever wanted it: it need not be asked for the survey,
    /// too.
    pub(crate) fn heard(&mut self, ask: &Ask, asked: Instant, kinds: Kinds) {
        if let Some(survey) = self.under_way.as_mut().filter(|survey| survey.began <= asked)
            && (survey.left.remove(ask) | survey.awaited.remove(ask) | survey.unanswered.remove(ask))
        {
            survey.kinds = survey.kinds.meet(kinds);
            survey.wait();
        }
    }

    /// Asks no more about namespaces that are gone.
    pub(crate) fn keep_namespaces(&mut self, namespaces: &BTreeSet<Arc<str>>) {
        if let Some(survey) = &mut self.under_way {
            survey.left.retain(|ask| ask.is_within(namespaces));
            survey.awaited.retain(|ask| ask.is_within(namespaces));
            survey.unanswered.retain(|ask| ask.is_within(namespaces));
            survey.wait();
        }
    }

    /// Nobody needs it any more.
    pub(crate) fn abandon(&mut self) {
        (self.under_way, self.begun) = (None, None);
    }

    /// Whether one has not ended.
    pub(crate) fn are_under_way(&self) -> bool {
        self.under_way.is_some()
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
        survey.wait();
        if !survey.left.is_empty() || !survey.awaited.is_empty() {
            return None;
        }
        let UnderWay { of, began, kinds, .. } = self.under_way.take()?;
        Some(Surveyed { survey: of.survey, began, kinds })
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

    fn next(survey: Survey) -> Next {
        Next { survey, kinds: Kinds::default(), lost: None }
    }

    fn start(of: Next, asks: BTreeSet<Ask>, over: Duration) -> Start {
        Start { of, asks, awaited: NONE, over }
    }

    fn all() -> Kinds {
        Kind::all().collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_questions_of_a_survey_go_out_over_time_and_it_ends_with_the_last_answer() {
        let (mut surveys, began, second) = (Surveys::default(), Instant::now(), Duration::from_secs(1));
        surveys.begin(start(next(Survey::Gains), asks(&["apps", "data", "web"]), second * 20), began);
        assert_eq!(surveys.part(|_| false, 9, began), Some((1, asks(&["apps"]))));
        let late = began + second * 3 / 2;
        assert_eq!((surveys.part(|_| false, 9, late), surveys.next()), (None, None), "one part at a time");
        assert_eq!(surveys.answered(1, NONE, all()), None);
        assert_eq!(
            surveys.part(|ask| asks(&["data"]).contains(ask), 9, late),
            Some((1, asks(&["web"]))),
            "what is being asked waits"
        );
        assert_eq!(surveys.answered(1, NONE, all()), None);
        assert_eq!((surveys.part(|_| false, 9, late), surveys.next()), (None, Some(began + second * 2)));
        let one: Kinds = [Kind::KUSTOMIZATION].into_iter().collect();
        assert_eq!(surveys.part(|_| false, 9, began + second * 2), Some((1, asks(&["data"]))));
        let told = Surveyed { survey: Survey::Gains, began, kinds: one };
        assert_eq!(surveys.answered(1, NONE, one), Some(told), "of which all of the answers said something");
        assert!(!surveys.hinder(next(Survey::Gains), LONGEST, began));
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_was_not_answered_is_asked_again_until_it_is_or_it_is_time_for_another() {
        let (mut surveys, began) = (Surveys::default(), Instant::now());
        surveys.begin(start(next(Survey::Sight), asks(&["apps", "data"]), Duration::ZERO), began);
        assert_eq!(surveys.part(|_| false, 9, began), Some((1, asks(&["apps", "data"]))));
        assert_eq!(surveys.answered(1, asks(&["data"]), all()), None);
        let hinder = |now| surveys.hinder(next(Survey::Sight), LONGEST, now);
        assert!(hinder(began) && !hinder(began + LONGEST));
        assert_eq!(surveys.part(|_| false, 9, began), Some((1, asks(&["data"]))));
        assert!(surveys.answered(1, NONE, all()).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_to_know_something_at_once_waits_for_no_survey_that_takes_its_time() {
        let (mut surveys, now) = (Surveys::default(), Instant::now());
        surveys.begin(start(next(Survey::Gains), asks(&["apps", "data"]), Surveys::SPREAD), now);
        surveys.part(|_| false, 9, now);
        assert!(
            surveys.hinder(next(Survey::Gains), LONGEST, now + LONGEST)
                && !surveys.hinder(next(Survey::Sight), LONGEST, now)
        );
        surveys.begin(start(next(Survey::Sight), asks(&["apps"]), Duration::ZERO), now);
        assert_eq!(surveys.part(|_| false, 9, now), Some((2, asks(&["apps"]))));
        assert!(surveys.hinder(next(Survey::Gains), LONGEST, now), "one at a time");
        assert_eq!(surveys.answered(1, NONE, Kinds::default()), None, "nothing comes of the other");
        assert!(surveys.answered(2, NONE, all()).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_survey_of_namespaces_that_are_gone_or_were_asked_about_otherwise_comes_to_its_end() {
        let (mut surveys, began) = (Surveys::default(), Instant::now());
        surveys.begin(start(next(Survey::Gains), asks(&["apps", "data"]), Surveys::SPREAD), began);
        surveys.keep_namespaces(&["data".into()].into());
        surveys.heard(&Ask::Namespace("data".into()), began, Kinds::default());
        assert_eq!(surveys.part(|_| false, 9, began), Some((1, NONE)));
        let told = Surveyed { survey: Survey::Gains, began, kinds: Kinds::default() };
        assert_eq!(surveys.answered(1, NONE, all()), Some(told), "of which nothing was said there");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_never_known_waits_only_for_a_survey_that_finds_it_out() {
        let (mut surveys, began) = (Surveys::default(), Instant::now());
        let [one, other] = [Kind::KUSTOMIZATION, Kind::HELM_RELEASE].map(|kind| [kind].into_iter().collect::<Kinds>());
        let sight = |kinds, lost| Next { survey: Survey::Sight, kinds, lost };
        surveys.begin(start(sight(one, None), asks(&["apps"]), Duration::ZERO), began);
        surveys.part(|_| false, 9, began);
        assert!(surveys.hinder(sight(other, None), LONGEST, began), "all of it is out");
        surveys.answered(1, asks(&["apps"]), all());
        let lost = Some(began + Duration::from_secs(1));
        let hindered =
            [sight(one, None), sight(other, None), sight(one, lost)].map(|next| surveys.hinder(next, LONGEST, began));
        assert_eq!(hindered, [true, false, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn while_nothing_is_answered_one_question_of_a_survey_goes_out_at_a_time() {
        let (mut surveys, began) = (Surveys::default(), Instant::now());
        surveys.begin(start(next(Survey::Sight), asks(&["apps", "data", "web"]), Duration::ZERO), began);
        assert_eq!(surveys.part(|_| false, 0, began), None);
        assert_eq!(surveys.part(|_| false, 1, began), Some((1, asks(&["apps"]))));
        surveys.answered(1, asks(&["apps"]), all());
        assert_eq!(surveys.part(|_| false, usize::MAX, began), Some((1, asks(&["data", "web"]))));
        assert_eq!(surveys.answered(1, NONE, all()), None);
        assert_eq!(surveys.part(|_| false, usize::MAX, began), Some((1, asks(&["apps"]))));
    }

    #[tokio::test(start_paused = true)]
    async fn what_others_ask_about_is_waited_for_and_asked_if_they_do_not() {
        let (mut surveys, began) = (Surveys::default(), Instant::now());
        let later = began + Surveys::ROUND;
        let started = |surveys: &mut Surveys| {
            let start = start(next(Survey::Gains), asks(&["apps"]), Surveys::SPREAD);
            surveys.begin(Start { awaited: asks(&["data"]), ..start }, began);
            surveys.part(|_| false, 9, began);
        };
        started(&mut surveys);
        assert_eq!(surveys.answered(1, NONE, all()), None);
        assert_eq!((surveys.part(|_| false, 9, began), surveys.next()), (None, Some(later)));
        assert_eq!(surveys.part(|_| false, 9, later), Some((1, asks(&["data"]))));
        assert!(surveys.answered(1, NONE, all()).is_some());
        started(&mut surveys);
        assert_eq!(surveys.answered(2, NONE, all()), None);
        surveys.heard(&Ask::Namespace("data".into()), began, all());
        assert_eq!(surveys.part(|_| false, 9, began), Some((2, NONE)));
        assert!(surveys.answered(2, NONE, all()).is_some());
    }
}
