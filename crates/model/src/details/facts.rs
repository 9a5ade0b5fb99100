use serde_json::Value;

use super::reading::{each, seconds, text};
use crate::{Build, Condition, ConditionStatus, Facts, Kind, Release, Request, Suspension, go_duration};

/// The facts that an object states.
pub(super) fn facts(kind: Kind, object: &Value) -> Facts<'_> {
    let (metadata, spec, status) = (&object["metadata"], &object["spec"], &object["status"]);
    let annotations = &metadata["annotations"];
    let history = each(&status["history"]);
    let (builds, releases) = match kind {
        Kind::HELM_RELEASE => (Vec::new(), history.map(release).collect()),
        _ => (history.map(build).collect(), Vec::new()),
    };
    Facts {
        created: seconds(&metadata["creationTimestamp"]),
        deleting_since: seconds(&metadata["deletionTimestamp"]),
        suspension: Suspension::read(kind, spec["suspend"] == true, |name| text(&annotations[name])),
        passive: kind == Kind::HELM_REPOSITORY && spec["type"] == "oci",
        generation: metadata["generation"].as_i64().unwrap_or_default(),
        observed_generation: status["observedGeneration"].as_i64().unwrap_or_default(),
        conditions: each(&status["conditions"]).filter(|entry| entry.is_object()).map(condition).collect(),
        request: Request {
            requested: text(&annotations["reconcile.fluxcd.io/requestedAt"]),
            forced: text(&annotations["reconcile.fluxcd.io/forceAt"]),
            reset: text(&annotations["reconcile.fluxcd.io/resetAt"]),
            handled: text(&status["lastHandledReconcileAt"]),
        },
        retry: go_duration(text(&spec["retryInterval"])).or_else(|| go_duration(text(&spec["interval"]))),
        chart: spec["chart"].as_str().unwrap_or_else(|| text(&spec["chart"]["spec"]["chart"])),
        artifact: text(&status["artifact"]["revision"]),
        last_applied: text(&status["lastAppliedRevision"]),
        last_attempted: text(&status["lastAttemptedRevision"]),
        builds,
        releases,
        ..Facts::new(kind)
    }
}

fn condition(entry: &Value) -> Condition<'_> {
    Condition {
        kind: text(&entry["type"]),
        status: ConditionStatus::read(text(&entry["status"])),
        reason: text(&entry["reason"]),
        message: text(&entry["message"]),
        since: seconds(&entry["lastTransitionTime"]),
        generation: entry["observedGeneration"].as_i64().unwrap_or_default(),
    }
}

fn build(entry: &Value) -> Build<'_> {
    Build {
        status: text(&entry["lastReconciledStatus"]),
        revision: text(&entry["metadata"]["revision"]),
        first: seconds(&entry["firstReconciled"]),
        last: seconds(&entry["lastReconciled"]),
    }
}

fn release(entry: &Value) -> Release<'_> {
    Release { chart: text(&entry["chartName"]), version: text(&entry["chartVersion"]), status: text(&entry["status"]) }
}
