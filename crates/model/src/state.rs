//! From what controllers write to the one word a person would say.

use std::fmt;

/// The status of an object in one word, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The last attempt failed; the controller tries again.
    Failed,
    /// The controller gave up until something changes.
    Stalled,
    /// Held back by a dependency or a source.
    Waiting,
    /// The controller is at work.
    Progressing,
    /// Marked for deletion and not gone yet.
    Deleting,
    /// No controller has written anything about it yet.
    NotReconciled,
    /// Somebody told the controller to leave it alone.
    Suspended,
    /// As wanted.
    Ready,
    /// Of a kind that never has a status: it is there, and that is all there is to know.
    Configured,
}

impl State {
    /// Every state, worst first.
    pub const ALL: [State; 9] = [
        State::Failed,
        State::Stalled,
        State::Waiting,
        State::Progressing,
        State::Deleting,
        State::NotReconciled,
        State::Suspended,
        State::Ready,
        State::Configured,
    ];

    /// The word on the page.
    pub fn word(self) -> &'static str {
        match self {
            State::Failed => "Failed",
            State::Stalled => "Stalled",
            State::Waiting => "Waiting",
            State::Progressing => "Progressing",
            State::Deleting => "Deleting",
            State::NotReconciled => "Not reconciled yet",
            State::Suspended => "Suspended",
            State::Ready => "Ready",
            State::Configured => "Configured",
        }
    }

    /// The word in URLs: [`State::word`] in lower case, with hyphens.
    pub fn slug(self) -> &'static str {
        match self {
            State::Failed => "failed",
            State::Stalled => "stalled",
            State::Waiting => "waiting",
            State::Progressing => "progressing",
            State::Deleting => "deleting",
            State::NotReconciled => "not-reconciled",
            State::Suspended => "suspended",
            State::Ready => "ready",
            State::Configured => "configured",
        }
    }

    /// The state with this [`State::slug`], whatever its case.
    pub fn by_slug(slug: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.slug().eq_ignore_ascii_case(slug))
    }

    /// The state's place in [`State::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One entry of `status.conditions` (Kubernetes API conventions, `metav1.Condition`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition<'a> {
    /// `Ready`, `Reconciling`, `Stalled`, …
    pub kind: &'a str,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word on why.
    pub reason: &'a str,
    /// A sentence for people.
    pub message: &'a str,
    /// When `status` last changed, in seconds since 1970.
    pub since: Option<i64>,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionStatus {
    /// It does.
    True,
    /// It does not.
    False,
    /// The controller cannot tell, mostly because it is at work. Also any unexpected text.
    Unknown,
}

/// What an object says about itself, as far as its state goes.
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    /// `metadata.deletionTimestamp`, in seconds since 1970.
    pub deleting_since: Option<i64>,
    /// `spec.suspend`, or the kind's own way of saying it.
    pub suspended: bool,
    /// Whether the kind ever has a status.
    pub has_status: bool,
    /// `status.conditions`.
    pub conditions: Vec<Condition<'a>>,
}

/// What [`judge`] makes of the [`Facts`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement<'a> {
    /// The word.
    pub state: State,
    /// When that state began, in seconds since 1970.
    pub since: Option<i64>,
    /// The sentence, in the controller's own words; empty if it said nothing.
    pub message: &'a str,
}

/// The state of an object: deletion before suspension before the `Ready` condition.
///
/// Deletion and suspension come first because both freeze the conditions as they were: an object that is stuck in
/// deletion, or suspended for a month, still says `Ready=True`.
pub fn judge<'a>(facts: &Facts<'a>) -> Judgement<'a> {
    let ready = facts.conditions.iter().find(|condition| condition.kind == "Ready");
    let message = ready.map_or("", |condition| condition.message);
    let since = ready.and_then(|condition| condition.since);
    if facts.deleting_since.is_some() {
        return Judgement { state: State::Deleting, since: facts.deleting_since, message };
    }
    if facts.suspended {
        // Nobody writes down when suspension began.
        return Judgement { state: State::Suspended, since: None, message };
    }
    let state = match ready {
        Some(condition) => match condition.status {
            ConditionStatus::True => State::Ready,
            ConditionStatus::Unknown => State::Progressing,
            ConditionStatus::False if condition.reason == "DependencyNotReady" => State::Waiting,
            ConditionStatus::False => State::Failed,
        },
        None if facts.has_status => State::NotReconciled,
        None => State::Configured,
    };
    Judgement { state, since, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(status: ConditionStatus, reason: &'static str) -> Condition<'static> {
        Condition { kind: "Ready", status, reason, message: "what the controller said", since: Some(100) }
    }

    fn facts(condition: Condition<'static>) -> Facts<'static> {
        Facts { has_status: true, conditions: vec![condition], ..Facts::default() }
    }

    #[test]
    fn the_ready_condition_decides_when_nothing_stands_above_it() {
        for (status, reason, state) in [
            (ConditionStatus::True, "ReconciliationSucceeded", State::Ready),
            (ConditionStatus::Unknown, "Progressing", State::Progressing),
            (ConditionStatus::False, "DependencyNotReady", State::Waiting),
            (ConditionStatus::False, "HealthCheckFailed", State::Failed),
        ] {
            let facts = facts(ready(status, reason));
            let judged = judge(&facts);
            assert_eq!((judged.state, judged.since), (state, Some(100)), "{reason}");
        }
    }

    #[test]
    fn a_suspended_object_is_suspended_although_it_still_says_ready() {
        let mut facts = facts(ready(ConditionStatus::True, "ReconciliationSucceeded"));
        facts.suspended = true;
        assert_eq!(judge(&facts).state, State::Suspended);
    }

    #[test]
    fn deletion_stands_above_suspension_and_tells_since_when() {
        let mut facts = facts(ready(ConditionStatus::True, "ReconciliationSucceeded"));
        facts.suspended = true;
        facts.deleting_since = Some(200);
        assert_eq!(judge(&facts).state, State::Deleting);
        assert_eq!(judge(&facts).since, Some(200));
    }

    #[test]
    fn no_condition_means_not_reconciled_yet_unless_the_kind_never_has_one() {
        let nothing = Facts { has_status: true, ..Facts::default() };
        assert_eq!(judge(&nothing).state, State::NotReconciled);
        assert_eq!(judge(&Facts::default()).state, State::Configured);
    }

    #[test]
    fn every_slug_is_read_back() {
        for state in State::ALL {
            assert_eq!(State::by_slug(state.slug()), Some(state));
            assert_eq!(State::ALL[state.index()], state);
        }
    }
}
