//! Since when an object is as it is.
//!
//! `lastTransitionTime` of `Ready` is not it: kustomize-controller sets `Ready=Unknown` at every reconciliation, and
//! source-controller at every retry, so that it only tells when the last one ended.

use super::{Condition, Facts};

/// Since when the applied revision is in effect without a failure in between that left a trace.
pub(super) fn applied(facts: &Facts<'_>, ready: &Condition<'_>) -> Option<i64> {
    let built = facts.builds.first().is_some_and(|build| build.succeeded() && build.revision == facts.applied());
    if built { newest_build(facts) } else { None }.or(ready.since)
}

/// Since when the same trouble lasts.
pub(super) fn trouble(facts: &Facts<'_>, ready: &Condition<'_>) -> Option<i64> {
    let fetch = facts.holding("FetchFailed").filter(|fetch| fetch.reason == ready.reason);
    if let Some(fetch) = fetch {
        return fetch.since.or(ready.since);
    }
    let recorded = facts.builds.first().is_some_and(|build| build.status == ready.reason);
    if recorded { newest_build(facts) } else { None }.or(ready.since)
}

/// When the newest entry of the history became the newest: an entry that comes back keeps the date of its first time,
/// so any other entry seen after that has the last word.
fn newest_build(facts: &Facts<'_>) -> Option<i64> {
    let (newest, others) = facts.builds.split_first()?;
    newest.first.max(others.iter().filter_map(|build| build.last).max())
}
