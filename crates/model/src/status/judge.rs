use super::{Condition, ConditionStatus, Facts, State, helm, kustomization, since, source, waiting, words};
use crate::{Kind, cut, short_revision};

/// What [`judge`] makes of the [`Facts`]. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement<'a> {
    /// The word.
    pub state: State,
    /// When what is shown began; `None` if nobody wrote it down.
    pub since: Option<i64>,
    /// What a person would say, at most [`Judgement::LIMIT`] bytes.
    pub sentence: String,
    /// The controller's own words; empty if it said nothing more than the sentence.
    pub message: &'a str,
    /// Whether a reconciliation was asked for and has not ended.
    pub syncing: bool,
    /// When the controller tries again, if the object says how often it does.
    pub next_try: Option<i64>,
}

impl Judgement<'_> {
    /// The longest sentence, in bytes.
    pub const LIMIT: usize = 320;
}

/// How much of a comment on a suspension the sentence quotes, in bytes.
const COMMENT_LIMIT: usize = 160;

/// A state, since when, and the sentence.
struct Verdict(State, Option<i64>, String);

/// The status of an object, in the order of kstatus: deletion, suspension, a change that is not handled yet, a
/// controller that gave up, and only then `Reconciling` and `Ready`.
///
/// Deletion and suspension come first because both freeze the conditions as they were: an object that is stuck in
/// deletion, or suspended for a month, still says `Ready=True`.
pub fn judge<'a>(facts: &Facts<'a>) -> Judgement<'a> {
    let Verdict(state, since, sentence) = verdict(facts);
    let sentence = match sentence.trim_end_matches([':', ' ']) {
        "" => state.word().to_owned(),
        sentence => cut(sentence, Judgement::LIMIT),
    };
    let message = message(facts, state);
    let said = message.trim_end().eq_ignore_ascii_case(&sentence);
    Judgement {
        state,
        since,
        sentence,
        message: if said { "" } else { message },
        syncing: facts.syncing(),
        next_try: next_try(facts, state),
    }
}

fn verdict(facts: &Facts<'_>) -> Verdict {
    if facts.deleting_since.is_some() {
        return Verdict(State::Deleting, facts.deleting_since, deleting(facts));
    }
    if facts.suspension.is_some() {
        // Nobody writes down when suspension began.
        return Verdict(State::Suspended, None, suspended(facts));
    }
    if facts.passive {
        return Verdict(
            State::Configured,
            facts.created,
            "OCI registry, from which charts are pulled one by one".into(),
        );
    }
    if !facts.kind.info().has_status {
        return Verdict(State::Configured, facts.created, "Configured; this kind has no status".into());
    }
    let stalled = facts.holding("Stalled");
    match facts.ready() {
        Some(ready) if (1..facts.generation).contains(&ready.generation) => changed(facts),
        Some(ready) if stalled.is_some() => gave_up(facts, stalled.unwrap_or(ready), ready),
        Some(ready) => by_ready(facts, ready),
        None => match (stalled, facts.busy()) {
            (Some(stalled), _) => gave_up(facts, stalled, stalled),
            (None, Some(busy)) => Verdict(State::Progressing, busy.since, words::sentence(busy.message)),
            (None, None) => Verdict(State::NotReconciled, facts.created, "No controller has looked at it yet".into()),
        },
    }
}

fn by_ready(facts: &Facts<'_>, ready: &Condition<'_>) -> Verdict {
    if let Some(sentence) = waiting::waiting(ready) {
        return Verdict(State::Waiting, since::trouble(facts, ready), sentence);
    }
    if facts.kind == Kind::HELM_RELEASE
        && let Some((action, condition)) = helm::running(facts)
    {
        return Verdict(State::Progressing, condition.since, helm::progressing(facts, action));
    }
    match ready.status {
        ConditionStatus::True => Verdict(State::Ready, since::applied(facts, ready), fine(facts, ready)),
        ConditionStatus::Unknown if facts.kind == Kind::KUSTOMIZATION && kustomization::is_recheck(facts) => {
            Verdict(State::Ready, since::applied(facts, ready), fine(facts, ready))
        }
        ConditionStatus::Unknown if ready.reason != "ProgressingWithRetry" => {
            Verdict(State::Progressing, ready.since, progressing(facts, ready))
        }
        ConditionStatus::Unknown | ConditionStatus::False => {
            Verdict(State::Failed, since::trouble(facts, ready), failed(facts, ready))
        }
    }
}

fn deleting(facts: &Facts<'_>) -> String {
    let reason = facts.ready().map_or("", |ready| ready.reason);
    match (facts.kind, reason) {
        (Kind::HELM_RELEASE, "UninstallSucceeded") => "Being deleted; uninstalled".into(),
        (Kind::HELM_RELEASE, "UninstallFailed") => {
            let why = facts.ready().and_then(|ready| helm::failed(facts, ready));
            format!("Being deleted; {}", why.unwrap_or_else(|| "the uninstall failed".into()))
        }
        (Kind::HELM_RELEASE, _) => "Being deleted; uninstalling".into(),
        (Kind::KUSTOMIZATION, _) => "Being deleted; removing what it applied".into(),
        _ => "Being deleted".into(),
    }
}

fn suspended(facts: &Facts<'_>) -> String {
    let suspension = facts.suspension.unwrap_or_default();
    let by = match suspension.by {
        "" => String::new(),
        by => format!(" by {}", words::plain(by)),
    };
    let comment = match suspension.comment {
        "" => String::new(),
        comment => format!(": “{}”", cut(&words::plain(comment), COMMENT_LIMIT)),
    };
    let left = left_behind(facts).map(|left| format!("; {left}")).unwrap_or_default();
    format!("Suspended{by}{comment}{left}")
}

/// What a suspension leaves as it is.
fn left_behind(facts: &Facts<'_>) -> Option<String> {
    let (stays, never) = match facts.kind {
        Kind::KUSTOMIZATION => ("stays applied", "never applied"),
        Kind::HELM_RELEASE => ("stays installed", "never installed"),
        _ if facts.is_source() && !facts.passive => ("stays available", "never fetched"),
        _ => return None,
    };
    let ready = facts.ready();
    let failing =
        ready.is_some_and(|ready| ready.status == ConditionStatus::False && waiting::waiting(ready).is_none());
    let applied = match (facts.kind, facts.applied()) {
        (_, "") => None,
        (Kind::HELM_RELEASE, version) => Some(helm::installed_as(facts, version)),
        (_, revision) => Some(short_revision(revision)),
    };
    // Suspending counts as one change of the specification; anything beyond it was never acted upon.
    let edited = ready.is_some_and(|ready| ready.generation > 0 && facts.generation > ready.generation + 1);
    let mut parts = Vec::new();
    match applied {
        Some(applied) => parts.push(format!("{applied} {stays}")),
        None if !failing => parts.push(never.to_owned()),
        None => {}
    }
    if failing {
        parts.push("its last attempt failed".to_owned());
    }
    if edited {
        parts.push("later changes wait".to_owned());
    }
    Some(parts.join(", "))
}

/// The specification is newer than what `Ready` was written for.
fn changed(facts: &Facts<'_>) -> Verdict {
    match facts.busy().filter(|busy| busy.generation == facts.generation) {
        Some(busy) => {
            let said = words::lower_first(&words::plain(busy.message));
            Verdict(State::Progressing, busy.since, format!("Changed; {said}"))
        }
        None => Verdict(State::Progressing, None, "Changed; the controller has not picked it up yet".into()),
    }
}

fn gave_up(facts: &Facts<'_>, stalled: &Condition<'_>, ready: &Condition<'_>) -> Verdict {
    let sentence = match facts.kind {
        Kind::HELM_RELEASE => helm::stalled(facts, stalled),
        _ => None,
    };
    let sentence = sentence.unwrap_or_else(|| format!("Gave up: {}", words::plain(stalled.message)));
    Verdict(State::Stalled, since::trouble(facts, ready), sentence)
}

fn fine(facts: &Facts<'_>, ready: &Condition<'_>) -> String {
    let sentence = match facts.kind {
        Kind::KUSTOMIZATION => kustomization::ready(facts),
        Kind::HELM_RELEASE => helm::ready(ready.reason, ready.message),
        Kind::RECEIVER => Some("Listening for webhooks".into()),
        kind if facts.is_source() => source::ready(kind, ready.message),
        _ => None,
    };
    let aside = match facts.syncing() {
        true if facts.request.forces() => "; forced sync requested",
        true if facts.request.resets() => "; sync and reset requested",
        true => "; sync requested",
        false if looks_again(facts, ready) => "; checking it again",
        false => "",
    };
    sentence.unwrap_or_else(|| words::sentence(ready.message)) + aside
}

/// Whether `Reconciling` is more than the remainder of the reconciliation that `Ready` tells the end of.
fn looks_again(facts: &Facts<'_>, ready: &Condition<'_>) -> bool {
    facts.busy().is_some_and(|busy| !ready.holds() || busy.since > ready.since)
}

fn progressing(facts: &Facts<'_>, ready: &Condition<'_>) -> String {
    let told = facts.busy().map_or(ready.message, |busy| busy.message);
    match facts.kind {
        Kind::KUSTOMIZATION => kustomization::progressing(facts).unwrap_or_else(|| words::sentence(told)),
        _ if facts.is_source() => source::progressing(told),
        _ => words::sentence(told),
    }
}

fn failed(facts: &Facts<'_>, ready: &Condition<'_>) -> String {
    if let Some((kind, name)) = words::missing_object(ready.message) {
        return format!("Source {kind} {name} does not exist");
    }
    let sentence = match facts.kind {
        Kind::KUSTOMIZATION => kustomization::failed(facts, ready.reason, ready.message),
        Kind::HELM_RELEASE => helm::failed(facts, ready),
        _ if facts.is_source() => Some(source::failed(facts, ready.message)),
        _ => None,
    };
    sentence.unwrap_or_else(|| words::sentence(ready.message))
}

/// The words of the controller that belong to a state.
fn message<'a>(facts: &Facts<'a>, state: State) -> &'a str {
    let ready = facts.ready().map_or("", |ready| ready.message);
    let other = match state {
        State::Progressing => facts.busy(),
        State::Stalled if ready.is_empty() => facts.holding("Stalled"),
        _ => None,
    };
    other.map_or(ready, |condition| condition.message)
}

/// Other controllers wait longer after each failure and do not say how long.
fn next_try(facts: &Facts<'_>, state: State) -> Option<i64> {
    if state != State::Failed || facts.kind != Kind::KUSTOMIZATION {
        return None;
    }
    let last = facts.ready()?.since.max(facts.holding("Reconciling").and_then(|condition| condition.since))?;
    last.checked_add(i64::try_from(facts.retry?.as_secs()).ok()?)
}

#[cfg(test)]
mod tests;
