//! What an object waits for, if it is held back by another one.

use super::{Condition, ConditionStatus, words};

/// The sentence for an object that waits, from its `Ready` condition; nothing if it does not wait.
///
/// A source that is missing altogether is a failure: nothing else in the cluster would show it.
pub(super) fn waiting(ready: &Condition<'_>) -> Option<String> {
    let message = ready.message;
    match (ready.status, ready.reason) {
        (ConditionStatus::False, "DependencyNotReady") => Some(dependency(message)),
        (ConditionStatus::False, "SourceNotReady") => Some(source(message)),
        (ConditionStatus::False, "NoSourceArtifact") => Some(artifact(message)),
        (ConditionStatus::False, "ArtifactFailed") if message.starts_with("Source artifact not found") => {
            Some("Waiting for its source, which has no artifact yet".to_owned())
        }
        (ConditionStatus::Unknown, "TerraformPlannedWithChanges") => {
            Some("Waiting for its plan to be approved".to_owned())
        }
        _ => None,
    }
}

/// Reads `dependency 'apps/db' is not ready`.
fn dependency(message: &str) -> String {
    let Some((name, rest)) = message.strip_prefix("dependency").and_then(words::quoted) else {
        return format!("Waiting for a dependency: {}", words::plain(message));
    };
    match rest.trim() {
        "revision is not up to date" => format!("Waiting for revision: {name} has not applied it yet"),
        "is not ready" => format!("Waiting for {name} to become ready"),
        rest => format!("Waiting for {name}: {}", words::plain(rest.trim_start_matches(':'))),
    }
}

/// Reads `HelmChart 'flux-system/apps-shop' is not ready: why`.
fn source(message: &str) -> String {
    let parts = message.split_once(" '").and_then(|(kind, rest)| Some((kind, rest.split_once("' is not ready: ")?)));
    match parts {
        Some((kind, (name, why))) => format!("Waiting for {kind} {name}: {}", words::plain(why)),
        None => format!("Waiting for its source: {}", words::plain(message)),
    }
}

/// Reads `no artifact available for HelmRepository source 'charts'`.
fn artifact(message: &str) -> String {
    let parts = message.strip_prefix("no artifact available for ").and_then(|rest| rest.split_once(" source '"));
    match parts.and_then(|(kind, rest)| Some((kind, rest.strip_suffix('\'')?))) {
        Some((kind, name)) => format!("Waiting for {kind} {name} to have an artifact"),
        None => format!("Waiting for its source: {}", words::plain(message)),
    }
}
