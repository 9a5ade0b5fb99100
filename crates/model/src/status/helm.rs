//! The words of helm-controller.

use super::{Condition, ConditionStatus, Facts, Release, words};
use crate::short_revision;

/// A chart with its version, as messages name it: `webapp@1.2.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chart<'a> {
    name: &'a str,
    pub(super) version: &'a str,
}

impl<'a> Chart<'a> {
    /// Reads `… with chart webapp@1.2.0: …`.
    pub(super) fn named_in(message: &'a str) -> Option<Self> {
        let (_, rest) = message.split_once(" with chart ")?;
        let (name, version) = rest.split([' ', ':']).next()?.split_once('@')?;
        Some(Self { name, version })
    }
}

impl std::fmt::Display for Chart<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let space = if self.name.is_empty() || self.version.is_empty() { "" } else { " " };
        write!(f, "{}{space}{}", self.name, short_revision(self.version))
    }
}

/// What is installed, as far as Helm considers it whole: the newest entry may be a failed attempt.
pub(super) fn deployed<'f, 'a>(facts: &'f Facts<'a>) -> Option<&'f Release<'a>> {
    facts.releases.iter().find(|release| release.status == "deployed")
}

fn installed<'a>(facts: &Facts<'a>) -> Option<Chart<'a>> {
    deployed(facts).map(|release| Chart { name: release.chart, version: release.version })
}

/// The installed chart under the version that is known to be in effect.
pub(super) fn installed_as(facts: &Facts<'_>, version: &str) -> String {
    Chart { name: installed(facts).map_or(facts.chart, |chart| chart.name), version }.to_string()
}

/// What a failure message says after naming the chart.
fn why(message: &str) -> String {
    let rest = message.split_once(" with chart ").map_or(message, |(_, rest)| rest);
    words::plain(rest.split_once(": ").map_or(message, |(_, why)| why))
}

/// Reads `Running 'upgrade' action with timeout of 5m0s`.
fn action(message: &str) -> Option<&str> {
    words::quoted(message.strip_prefix("Running ")?).map(|(action, _)| action)
}

/// The Helm action under way, with the condition that tells it.
///
/// The controller leaves `Reconciling` standing in the very write in which it tells the outcome by `Ready`, so what
/// `Reconciling` says counts only while it is the newer of the two, or while something is repaired after a failure.
pub(super) fn running<'f, 'a>(facts: &'f Facts<'a>) -> Option<(&'a str, &'f Condition<'a>)> {
    let busy = facts.busy()?;
    let ready = facts.ready()?;
    if ready.message == "correcting cluster drift" && ready.status == ConditionStatus::Unknown {
        return Some(("correct cluster drift", ready));
    }
    let action = action(busy.message)?;
    let under_way = match ready.status {
        ConditionStatus::Unknown => true,
        ConditionStatus::True => busy.since > ready.since,
        ConditionStatus::False => matches!(action, "rollback" | "uninstall") && ready.reason.ends_with("Failed"),
    };
    under_way.then_some((action, busy))
}

pub(super) fn ready(reason: &str, message: &str) -> Option<String> {
    let chart = Chart::named_in(message)?;
    Some(match reason {
        "InstallSucceeded" => format!("Installed {chart}"),
        "UpgradeSucceeded" => format!("Upgraded to {chart}"),
        "TestSucceeded" => format!("{chart} passed its tests"),
        "RollbackSucceeded" => format!("Rolled back to {chart}"),
        _ => return None,
    })
}

pub(super) fn progressing(facts: &Facts<'_>, action: &str) -> String {
    let installed = installed(facts);
    let next = Chart { name: installed.map_or(facts.chart, |chart| chart.name), version: facts.last_attempted };
    let sentence = match (action, installed) {
        ("install", _) => format!("Installing {next}"),
        // The attempted version is written a moment after the action began.
        ("upgrade", Some(chart)) if next.version.is_empty() || next.version == chart.version => {
            format!("Upgrading {chart}")
        }
        ("upgrade", Some(chart)) => format!("Upgrading {chart} to {}", short_revision(next.version)),
        ("upgrade", None) => format!("Upgrading {next}"),
        ("test", Some(chart)) => format!("Testing {chart}"),
        ("correct cluster drift", Some(chart)) => format!("Correcting drift of {chart}"),
        ("rollback" | "uninstall", _) => repairing(facts, action),
        (action, _) => format!("Running the Helm action “{action}”"),
    };
    let forced = if facts.request.forces() { ", forced" } else { "" };
    format!("{}{forced}", sentence.trim_end())
}

fn repairing(facts: &Facts<'_>, action: &str) -> String {
    let doing = if action == "rollback" { "Rolling back" } else { "Uninstalling" };
    match facts.ready().filter(|ready| ready.status == ConditionStatus::False) {
        Some(ready) => format!("{doing} after a failed {}: {}", verb(ready.reason), why(ready.message)),
        None => doing.to_owned(),
    }
}

/// `UpgradeFailed` is the reason of a failed *upgrade*.
fn verb(reason: &str) -> String {
    reason.trim_end_matches("Failed").to_lowercase()
}

pub(super) fn failed(facts: &Facts<'_>, ready: &Condition<'_>) -> Option<String> {
    let chart = Chart::named_in(ready.message)?;
    let reason = why(ready.message);
    Some(match ready.reason {
        "InstallFailed" => format!("Install of {chart} failed: {reason}"),
        "UpgradeFailed" => format!("Upgrade to {chart} failed: {reason}"),
        "RollbackFailed" => format!("Rollback to {chart} failed: {reason}"),
        "UninstallFailed" => format!("Uninstall of {chart} failed: {reason}"),
        "TestFailed" => format!("{chart} is installed, but its test failed: {reason}"),
        "RollbackSucceeded" => format!("Rolled back to {chart} after {}", cause(facts)),
        "UninstallSucceeded" => format!("Uninstalled after {}", cause(facts)),
        _ => return None,
    })
}

/// What a repair was for, which `Released` remembers while `Ready` tells of the repair.
fn cause(facts: &Facts<'_>) -> String {
    match facts.condition("Released").filter(|released| released.status == ConditionStatus::False) {
        Some(released) => format!("a failed {}: {}", verb(released.reason), why(released.message)),
        None => "a failure".to_owned(),
    }
}

pub(super) fn stalled(facts: &Facts<'_>, stalled: &Condition<'_>) -> Option<String> {
    let ready = facts.ready()?;
    let chart = Chart::named_in(ready.message)?;
    let tries = attempts(stalled.message)?;
    let released = facts.condition("Released").map_or("", |released| released.message);
    Some(match ready.reason {
        "RollbackSucceeded" => format!("Gave up after {tries}, rolled back to {chart}: {}", why(released)),
        "UninstallSucceeded" => format!("Gave up after {tries}, uninstalled: {}", why(released)),
        "TestFailed" => format!("Gave up: {chart} is installed, but its test failed: {}", why(ready.message)),
        _ => format!("Gave up after {tries} {chart}: {}", why(ready.message)),
    })
}

/// Reads `Failed to upgrade after 2 attempt(s)`.
fn attempts(message: &str) -> Option<String> {
    let (action, count) = message.strip_prefix("Failed to ")?.strip_suffix(" attempt(s)")?.split_once(" after ")?;
    Some(match count {
        "1" => format!("1 attempt to {action}"),
        count => format!("{count} attempts to {action}"),
    })
}
